/**
 * Calls that wait for a lock at the active master. Whose turn it is stands in the state machine; here
 * is only who must be told. A change of locks wakes them, so nobody asks again and again.
 */
import { DsmError } from '../core/errors.ts';
import type { Store } from '../core/store.ts';

/**
 * `token` is null where the time was up first, or the session has ended: whoever waited gives up the
 * place in the queue. With an error it stays.
 */
export type LockDone = (error: DsmError | null, token: number | null) => void;

interface LockWait {
  readonly name: string;
  readonly session: number;
  readonly deadlineMs: number;
  readonly done: LockDone;
}

const noPlaces: ReadonlySet<string> = new Set();
const sharedText = 'Another session holds the lock; another call of this one waits on in the queue';

/** Calls of one session share its place in the queue: it is given up when the last one is over. */
function placeOf({ name, session }: LockWait): string {
  return `${session} ${name}`;
}

export class LockWaits {
  readonly #countMax: number;
  #waits: LockWait[] = [];
  /** As of the last look. */
  #seenLsn = -1;
  #firstDeadlineMs = Infinity;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  add(wait: LockWait): void {
    if (this.#waits.length >= this.#countMax) {
      wait.done(new DsmError('overloaded', 'Too many calls wait for locks; try again'), null);
      return;
    }
    this.#waits.push(wait);
    this.#firstDeadlineMs = Math.min(this.#firstDeadlineMs, wait.deadlineMs);
    this.#seenLsn = -1;
  }

  get size(): number {
    return this.#waits.length;
  }

  get nextDeadlineMs(): number {
    return this.#firstDeadlineMs;
  }

  /** `doneLsn`: up to there a client may be told of what has changed. */
  settle({ sessions }: Store, doneLsn: number, nowMs: number): void {
    if (this.#waits.length === 0) return;
    const { changedLsn } = sessions;
    const hasChanged = changedLsn !== this.#seenLsn && changedLsn <= doneLsn;
    if (!hasChanged && nowMs < this.#firstDeadlineMs) return;
    if (hasChanged) this.#seenLsn = changedLsn;
    const left: LockWait[] = [];
    const late: LockWait[] = [];
    const over: (() => void)[] = [];
    for (const wait of this.#waits) {
      const lock = sessions.lock(wait.name);
      const isOwner = lock?.queue[0] === wait.session && lock.token <= doneLsn;
      if (isOwner) over.push(() => wait.done(null, lock.token));
      else if (sessions.get(wait.session) === undefined) over.push(() => wait.done(null, null));
      else if (wait.deadlineMs <= nowMs) late.push(wait);
      else left.push(wait);
    }
    this.#waits = left;
    this.#firstDeadlineMs = left.reduce((ms, { deadlineMs }) => Math.min(ms, deadlineMs), Infinity);
    const kept = late.length === 0 ? noPlaces : new Set(left.map(placeOf));
    for (const tell of over) tell();
    for (const wait of late) {
      if (kept.has(placeOf(wait))) wait.done(new DsmError('lock_held', sharedText), null);
      else wait.done(null, null);
    }
  }

  failAll(error: DsmError): void {
    const waits = this.#waits;
    this.#waits = [];
    for (const { done } of waits) done(error, null);
  }
}
