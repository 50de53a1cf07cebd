/**
 * Time limits for many things at once. A timer for each request would cost more than the rest of
 * its bookkeeping, and nearly all are cancelled; here one timer sweeps a bag, and a limit is two
 * operations on it. The price is that it may be noticed late, by `resolutionMs` at most.
 */
import type { Clock, Timer } from '../ports/clock.ts';
import { Bag, type Bagged } from './bag.ts';

/** A running limit. `onExpire` is called once, unless the limit was lifted before. */
export interface Deadline extends Bagged {
  readonly dueMs: number;
  readonly onExpire: () => void;
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #resolutionMs: number;
  readonly #running = new Bag<Deadline>();
  #sweep: Timer | null = null;

  constructor(clock: Clock, resolutionMs: number) {
    this.#clock = clock;
    this.#resolutionMs = resolutionMs;
  }

  /** Limits that run. */
  get size(): number {
    return this.#running.size;
  }

  set(timeoutMs: number, onExpire: () => void): Deadline {
    const deadline = { dueMs: this.#clock.monotonicMs() + timeoutMs, onExpire, place: -1 };
    this.#running.add(deadline);
    this.#arm();
    return deadline;
  }

  /** Lifts a limit; false where it has expired or was lifted before. */
  lift(deadline: Deadline): boolean {
    return this.#running.delete(deadline);
  }

  readonly #onSweep = (): void => {
    const nowMs = this.#clock.monotonicMs();
    this.#sweep = null;
    try {
      for (const deadline of this.#running.all()) {
        if (deadline.dueMs <= nowMs && this.lift(deadline)) deadline.onExpire();
      }
    } finally {
      // An empty bag costs no timer; a busy node keeps one.
      if (this.#running.size > 0) this.#arm();
    }
  };

  #arm(): void {
    this.#sweep ??= this.#clock.setTimer(this.#resolutionMs, this.#onSweep);
  }
}
