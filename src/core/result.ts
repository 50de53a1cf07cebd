/** How applying a mutation ended, and how a snapshot keeps it with its idempotency key. */
import { readBytes, readList, writeBytes, writeList } from './command-fields.ts';
import { FrameError, type FrameReader, type FrameWriter } from './frame.ts';
import { mix, mixBytes, mixNumber, mixText } from './state-hash.ts';

/** Of a put, of a delete, of any request; then of a transaction. A snapshot holds the index. */
const statuses = [
  'created',
  'updated',
  'deleted',
  'not-found',
  'precondition-failed',
  'request-mismatch',
  'request-forgotten',
  /** The compares held. */
  'committed',
  /** They did not: the other operations ran. */
  'otherwise',
  /** None was done, because of the one at `failedAt`. */
  'not-a-number',
  'out-of-range',
  'too-many-keys',
  'results-too-large',
  /** An operation names a session that is not there, or that has too many keys. */
  'no-session',
  'session-full',
  /** Of a lock: its token is the revision; or a place in its queue, or none. */
  'acquired',
  'queued',
  'queue-full',
] as const;

export interface Result {
  readonly status: (typeof statuses)[number];
  /** lsn of the change; for a failed precondition the key's revision, 0 where it is absent. */
  readonly revision: number;
  /** Of a transaction that ran; null where they are no longer remembered. */
  readonly results?: readonly OperationResult[] | null;
  readonly failedAt?: FailedAt;
}

/** The operation because of which none was done. */
export interface FailedAt {
  readonly list: 'operations' | 'otherwise';
  readonly index: number;
}

const operationStatuses = ['created', 'updated', 'deleted', 'not-found', 'found'] as const;

export interface OperationResult {
  readonly status: (typeof operationStatuses)[number];
  /** The key's revision now; 0 where it is absent. */
  readonly revision: number;
  /** Of a get that found it, and the new number of an increment. */
  readonly value: Uint8Array | null;
  readonly contentType: string;
  /** End of the key's lifetime in log time; 0 for never, and where the key is absent. */
  readonly expiresAtMs: number;
  /** Keys that a `delete-range` removed; 0 of everything else. */
  readonly count: number;
  /** Where a `delete-range` stopped at its limit. */
  readonly hasMore: boolean;
}

/** Of an operation that found no key. */
export const noResult: OperationResult = Object.freeze({
  status: 'not-found',
  revision: 0,
  value: null,
  contentType: '',
  expiresAtMs: 0,
  count: 0,
  hasMore: false,
});

export function resultBytes({ results }: Result): number {
  let bytes = 0;
  for (const { value, contentType } of results ?? []) {
    bytes += 64 + contentType.length + (value?.length ?? 0);
  }
  return bytes;
}

/** Share of the state hash. */
export function hashOfResult({ status, revision, results, failedAt }: Result): number {
  let hash = mixNumber(mix(3, statuses.indexOf(status)), revision);
  if (failedAt !== undefined) hash = mix(mixText(hash, failedAt.list), failedAt.index);
  if (results === undefined) return hash;
  for (const one of results ?? []) hash = mix(hash, hashOfOperation(one));
  return mix(hash, results === null ? 0 : 1);
}

function hashOfOperation(one: OperationResult): number {
  const { status, revision, value, contentType, expiresAtMs, count, hasMore } = one;
  const flags = (value === null ? 0 : 1) + (hasMore ? 2 : 0);
  let hash = mixNumber(mix(flags, operationStatuses.indexOf(status)), revision);
  hash = mix(mixNumber(mixText(hash, contentType), expiresAtMs), count);
  return value === null ? hash : mixBytes(hash, value);
}

/** Without views of anything larger: for keeping it. */
export function ownResult(result: Result): Result {
  if (result.results === undefined || result.results === null) return result;
  const own = (value: Uint8Array | null) =>
    value === null || value.length === value.buffer.byteLength ? value : value.slice();
  return { ...result, results: result.results.map((one) => ({ ...one, value: own(one.value) })) };
}

export function writeStatus(writer: FrameWriter, { status, revision }: Result): void {
  writer.u8(statuses.indexOf(status));
  writer.f64(revision);
}

export function readStatus(reader: FrameReader): Result {
  const status = statuses[reader.u8()];
  if (status === undefined) throw new FrameError('damaged', reader.offset, 'an unknown result');
  return { status, revision: reader.f64() };
}

/** What a transaction adds to its status. */
export function writeDetails(writer: FrameWriter, { results, failedAt }: Result): void {
  writer.u8(failedAt === undefined ? 0 : failedAt.list === 'operations' ? 1 : 2);
  writer.u16(failedAt?.index ?? 0);
  writer.u8(results === undefined ? 0 : results === null ? 1 : 2);
  if (results !== undefined && results !== null) writeList(writer, results, writeOperationResult);
}

export function readDetails(reader: FrameReader, plain: Result): Result {
  const list = ([null, 'operations', 'otherwise'] as const)[reader.u8()] ?? null;
  const index = reader.u16();
  const tag = reader.u8();
  return {
    ...plain,
    ...(list === null ? {} : { failedAt: { list, index } }),
    ...(tag === 0 ? {} : { results: tag === 1 ? null : readList(reader, readOperationResult) }),
  };
}

function writeOperationResult(writer: FrameWriter, result: OperationResult): void {
  writer.u8(operationStatuses.indexOf(result.status));
  writer.f64(result.revision);
  writer.text(result.contentType);
  writer.f64(result.expiresAtMs);
  writer.u32(result.count);
  writer.u8((result.hasMore ? 1 : 0) + (result.value === null ? 0 : 2));
  if (result.value !== null) writeBytes(writer, result.value);
}

function readOperationResult(reader: FrameReader): OperationResult {
  const status = operationStatuses[reader.u8()];
  if (status === undefined) throw new FrameError('damaged', reader.offset, 'an unknown result');
  const [revision, contentType] = [reader.f64(), reader.text()];
  const [expiresAtMs, count, flags] = [reader.f64(), reader.u32(), reader.u8()];
  const value = (flags & 2) === 0 ? null : readBytes(reader).slice();
  const hasMore = (flags & 1) === 1;
  return { status, revision, contentType, expiresAtMs, count, hasMore, value };
}
