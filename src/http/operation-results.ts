/** How operations ended, within JSON, and as failures of the catalogue. */
import { DsmError, type ErrorCode } from '../core/errors.ts';
import { txnResultBytesMax } from '../core/limits.ts';
import type { Operation, TxnCommand } from '../core/operations.ts';
import type { OperationResult, Result } from '../core/result.ts';
import { sessionKeysMax } from '../core/sessions.ts';
import { jsonValueOf } from './json-values.ts';

/** Keys that one `DELETE /v1/kv?prefix=` may remove. */
export const deleteMax = 10_000;

const decoder = new TextDecoder();

/** `logTimeMs` is the log's time now. */
export function jsonResultOf(operation: Operation, result: OperationResult, logTimeMs: number) {
  const { status, revision, expiresAtMs, count, hasMore } = result;
  if (operation.kind === 'delete-range') return { op: 'delete-range', deleted: count, hasMore };
  const { key } = operation;
  const expiresIn = expiresInOf(expiresAtMs, logTimeMs);
  const common = { op: operation.kind, key, status, revision };
  return {
    ...common,
    ...valueFields(operation, result),
    ...(expiresIn === null ? {} : { expiresIn }),
  };
}

/** Seconds until then, to the millisecond; null where it is never. */
export function expiresInOf(expiresAtMs: number, logTimeMs: number): number | null {
  return expiresAtMs === 0 ? null : Math.max(0, expiresAtMs - logTimeMs) / 1000;
}

function valueFields({ kind }: Operation, { value, contentType }: OperationResult) {
  if (value === null) return {};
  if (kind === 'increment') return { number: Number(decoder.decode(value)) };
  return { ...jsonValueOf(value, 'auto'), contentType };
}

/** `current`: what was read there, where that was asked for. */
export function preconditionFailed(currentRevision: number, current?: OperationResult): DsmError {
  const now = currentRevision === 0 ? 'the key is absent' : `it is "${currentRevision}"`;
  const text = `The precondition does not hold: ${now}`;
  if (current === undefined) return new DsmError('precondition_failed', text, { currentRevision });
  const { value, contentType } = current;
  const json = value === null ? undefined : jsonValueOf(value, 'auto');
  return new DsmError('precondition_failed', text, {
    currentRevision,
    current: json === undefined ? null : { ...json, contentType },
  });
}

/** Why nothing of a transaction was done; null where it was. */
export function refusalOf(
  { status, failedAt }: Result,
  command: Pick<TxnCommand, 'operations' | 'otherwise'>,
): DsmError | null {
  if (failedAt === undefined) return null;
  const { list, index } = failedAt;
  const operation = command[list][index];
  const key = operation !== undefined && 'key' in operation ? operation.key : '';
  // Only who sent a list needs to hear of places in it.
  const path = `${list === 'operations' ? 'then' : 'else'}[${index}]: `;
  const isOne = command.operations.length === 1;
  const say = (code: ErrorCode, text: string) =>
    new DsmError(code, isOne ? text : `${path}${text}; nothing was done`);
  switch (status) {
    case 'not-a-number':
      return say(
        'not_a_number',
        `The value of ${shown(key)} is not a whole number of at most 16 digits`,
      );
    case 'out-of-range':
      return say(
        'out_of_range',
        `The value of ${shown(key)} would leave ±${Number.MAX_SAFE_INTEGER}, where numbers are exact`,
      );
    case 'too-many-keys':
      return say(
        'too_many_keys',
        `There are more than ${deleteMax} such keys; give limit and delete them page by page`,
      );
    case 'results-too-large':
      return say(
        'too_large',
        `The values to be returned have more than ${txnResultBytesMax} bytes; get fewer at a time`,
      );
    case 'no-session':
      return say('session_not_found', 'The session has ended, or never was');
    case 'session-full':
      return say('session_full', `A session has at most ${sessionKeysMax} keys`);
    default:
      return null;
  }
}

function shown(key: string): string {
  return JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}…` : key);
}
