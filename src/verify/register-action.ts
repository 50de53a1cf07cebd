/**
 * What an operation of a history says of its key, as a guard and an effect. This is the one place
 * that knows what the answers of dsm mean.
 */
import type { HistoryOperation } from './history.ts';
import type { Effect, Guard, RegisterAction, RegisterValue } from './register.ts';

/** The value that a revision is known to have. */
export type ValueAt = (revision: number) => RegisterValue | undefined;

const nothingKnown: ValueAt = () => undefined;

function atRevision(revision: number, valueAt: ValueAt): Guard {
  if (revision === 0) return { equals: null };
  const equals = valueAt(revision);
  return equals === undefined ? { revision } : { revision, equals };
}

/** What was true of the key if the operation's condition held. */
function conditionGuard({ condition }: HistoryOperation, valueAt: ValueAt): Guard {
  switch (condition) {
    case undefined:
    case 'none':
      return {};
    case 'absent':
      return { equals: null };
    case 'present':
      return { differsFrom: null };
    default:
      return atRevision(condition, valueAt);
  }
}

/** True of a refusal that names a state in which the operation is not refused. */
function isContradiction({ op, condition = 'none' }: HistoryOperation, current: number): boolean {
  if (op === 'get' || op === 'increment') return false;
  if (typeof condition === 'number') return current === condition;
  // A delete needs a key that is there, whatever its condition.
  const isMet = { none: true, absent: current === 0, present: current > 0 }[condition];
  return isMet && (op === 'put' || current > 0);
}

/** What a get-and-delete or a get says of the value that it found. */
function foundGuard({ op, value, revision }: HistoryOperation): Guard {
  if (value === undefined) return { differsFrom: null };
  // The revision of a get-and-delete is that of the delete, not of what it found.
  const isOfValue = op === 'get' && value !== null && revision !== undefined;
  return isOfValue ? { equals: value, revision } : { equals: value };
}

function effectOf(operation: HistoryOperation, revision: number | undefined): Effect {
  const { op, value, by = 0, outcome } = operation;
  const place = revision === undefined ? {} : { revision };
  switch (op) {
    case 'get':
      return { kind: 'none' };
    case 'delete':
    case 'get-and-delete':
      return { kind: 'set', value: null };
    case 'put':
      return { kind: 'set', value: value ?? '', ...place };
    case 'increment': {
      const isKnown = outcome === 'ok' && typeof value === 'string';
      return { kind: 'add', by, ...(isKnown ? { result: value } : {}), ...place };
    }
  }
}

function guardOf(operation: HistoryOperation, valueAt: ValueAt): Guard {
  const guard = conditionGuard(operation, valueAt);
  if (operation.outcome !== 'ok') return guard;
  switch (operation.op) {
    case 'get':
    case 'get-and-delete':
      return foundGuard(operation);
    case 'delete':
      return { differsFrom: null, ...guard };
    default:
      return guard;
  }
}

/**
 * Null where the operation says nothing: it had no effect, or it is a read without an answer.
 * `revision` is that of the write, where it is known.
 */
export function registerAction(
  operation: HistoryOperation,
  revision: number | undefined = operation.revision,
  valueAt: ValueAt = nothingKnown,
): RegisterAction | null {
  const { key, op, outcome, currentRevision } = operation;
  if (outcome === 'not-applied') {
    if (currentRevision === undefined) return null;
    const guard = atRevision(currentRevision, valueAt);
    const isFalse = isContradiction(operation, currentRevision);
    return { key, guard: isFalse ? { ...guard, never: true } : guard, effect: { kind: 'none' } };
  }
  if (op === 'get' && outcome === 'unknown') return null;
  return { key, guard: guardOf(operation, valueAt), effect: effectOf(operation, revision) };
}
