/**
 * What a history is: the calls that clients made of a cluster, each with the time it was called, the
 * time it returned and what it answered. The checkers of this folder decide whether some order of
 * the calls explains all answers (Herlihy and Wing, "Linearizability", 1990). They are pure: no
 * clock, no I/O, the same on every runtime.
 */
import type { Condition } from '../core/record.ts';
import type { Consistency } from '../node/api.ts';

/** `unknown` (a budget ran out, or a checker does not apply) never counts as passed. */
export type Verdict = 'linearizable' | 'not-linearizable' | 'unknown';

/**
 * How a call ended. `not-applied` certainly had no effect; with a `currentRevision` it is a refusal
 * that was decided by the key's state, which is an observation like a read. `unknown` may have
 * happened, once, at any time after its call, or never.
 */
export type CallOutcome = 'ok' | 'not-applied' | 'unknown';

export type OperationName = 'get' | 'put' | 'delete' | 'increment' | 'get-and-delete';

/**
 * One call of one client on one key. The store is empty when the history begins, and no key has a
 * lifetime. Two calls whose times touch (one returns at the tick at which the other is called) are
 * concurrent: a clock tick proves no order.
 */
export interface HistoryOperation {
  /** Who called; a process makes one call at a time. */
  readonly process: number | string;
  readonly op: OperationName;
  readonly key: string;
  /** µs on one monotonic clock. */
  readonly callUs: number;
  /** µs on the same clock, ≥ `callUs`; Infinity where no answer came. */
  readonly returnUs: number;
  readonly outcome: CallOutcome;
  /**
   * put: what was to be written. get, get-and-delete: what was read, null where the key was absent.
   * increment: the result, as a decimal integer. Undefined where the answer is not known.
   */
  readonly value?: string | null;
  /** increment: what was to be added. */
  readonly by?: number;
  /** put, delete: what had to be true of the key; `none` where it is not given. */
  readonly condition?: Condition;
  /** get: `linearizable` where it is not given. */
  readonly consistency?: Consistency;
  /** get: the answer had to be of a state that holds this lsn; 0 where it is not given. */
  readonly minRevision?: number;
  /** lsn of the write, or for a get the revision of what was read. */
  readonly revision?: number;
  /** The revision that a refusal revealed; 0 where the key was absent. */
  readonly currentRevision?: number;
  /** The answering node's appliedLsn, read when the key was looked at or later. */
  readonly nodeRevision?: number;
}

/** A rule that a history breaks, in words for people, and the operations that contradict. */
export interface Violation {
  /** A stable word for programs, such as `stale-read`. */
  readonly rule: string;
  readonly key: string;
  readonly message: string;
  /** Their places in the history, in the order in which `message` names them. */
  readonly operations: readonly number[];
}

export interface CheckResult {
  readonly verdict: Verdict;
  readonly violations: readonly Violation[];
}

/** For sorting; infinite times are in order and equal to themselves. */
export const ascending = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);

export const isWrite = (operation: HistoryOperation): boolean => operation.op !== 'get';

/** True of an acknowledged write, an answered read, and a refusal that reveals a state. */
export const isAnswered = (operation: HistoryOperation): boolean =>
  operation.outcome === 'ok' || operation.currentRevision !== undefined;

/**
 * When a call could first have taken effect. A `stale` read may show any state up to its return, so
 * it is a read that was called before everything: that alone says all that it promises, and still
 * forbids that it shows what nobody has asked to be written yet.
 */
export const earliestUs = (operation: HistoryOperation): number =>
  operation.consistency === 'stale' ? Number.NEGATIVE_INFINITY : operation.callUs;

/** When a call must have taken effect, if it did: Infinity for a call of unknown outcome. */
export const latestUs = (operation: HistoryOperation): number =>
  isAnswered(operation) ? operation.returnUs : Number.POSITIVE_INFINITY;

const shownChars = 40;

/** A value as people see it: quoted, cut after 40 characters. */
export function showValue(value: string | null | undefined): string {
  if (value === undefined) return '?';
  if (value === null) return 'absent';
  if (value.length <= shownChars) return JSON.stringify(value);
  return `${JSON.stringify(value.slice(0, shownChars))}… (${value.length} characters)`;
}

/** `put x="1" @5 by 3 [100, 180]`: one line for messages. */
export function describeOperation(operation: HistoryOperation): string {
  const { op, key, value, by, condition, consistency, revision, currentRevision } = operation;
  const { minRevision = 0 } = operation;
  const parts: string[] = [consistency === 'stale' ? 'stale get' : op, key];
  if (by !== undefined) parts.push(`by ${by}`);
  if (op !== 'delete') parts[parts.length - 1] += `=${showValue(value)}`;
  if (condition !== undefined && condition !== 'none') {
    parts.push(typeof condition === 'number' ? `if @${condition}` : `if ${condition}`);
  }
  if (minRevision > 0) parts.push(`from @${minRevision} on`);
  if (revision !== undefined) parts.push(`@${revision}`);
  if (operation.outcome === 'unknown') parts.push('(unknown)');
  if (operation.outcome === 'not-applied') {
    parts.push(
      currentRevision === undefined ? '(not applied)' : `(refused, at @${currentRevision})`,
    );
  }
  const end = operation.returnUs === Number.POSITIVE_INFINITY ? '…' : operation.returnUs;
  return `${parts.join(' ')} by ${operation.process} [${operation.callUs}, ${end}]`;
}
