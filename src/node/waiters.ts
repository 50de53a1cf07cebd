/** Callbacks that wait for a number to be reached, bounded in count and in time. */
import { DsmError, type ErrorCode } from '../core/errors.ts';

export type Waited = (error: DsmError | null) => void;

interface Waiter {
  readonly target: number;
  readonly deadlineMs: number;
  readonly done: Waited;
}

export class Waiters {
  #waiters: Waiter[] = [];
  readonly #countMax: number;
  /** What those get that waited too long. */
  readonly #lateCode: ErrorCode;

  constructor(countMax: number, lateCode: ErrorCode) {
    this.#countMax = countMax;
    this.#lateCode = lateCode;
  }

  get size(): number {
    return this.#waiters.length;
  }

  add(target: number, deadlineMs: number, done: Waited): void {
    if (this.#waiters.length >= this.#countMax) {
      done(new DsmError('overloaded', 'Too many calls wait here; try again in a moment'));
    } else {
      this.#waiters.push({ target, deadlineMs, done });
    }
  }

  /** Lets go of all whose target is reached, and of those that are late. */
  settle(reached: number, nowMs: number): void {
    if (this.#waiters.length === 0) return;
    const due = this.#waiters.filter((w) => w.target <= reached || w.deadlineMs <= nowMs);
    if (due.length === 0) return;
    this.#waiters = this.#waiters.filter((w) => w.target > reached && w.deadlineMs > nowMs);
    for (const { target, done } of due) {
      done(target <= reached ? null : new DsmError(this.#lateCode));
    }
  }

  failAll(error: DsmError): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { done } of waiters) done(error);
  }

  nextDeadlineMs(): number {
    let deadlineMs = Infinity;
    for (const waiter of this.#waiters) deadlineMs = Math.min(deadlineMs, waiter.deadlineMs);
    return deadlineMs;
  }
}
