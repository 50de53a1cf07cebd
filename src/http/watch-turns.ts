/**
 * What watches take is read from the log and encoded, a piece of about a millisecond at a time. One
 * watch that pauses between its pieces holds nothing up; hundreds that go on together, as after a
 * restart of a node, would: all that wait for a turn of the event loop get the same one, and between
 * timers that are due nothing else runs, no heartbeat and no vote. So a node's watches work together
 * for no longer than `workMs`, each in its turn, and then the event loop is left to everything else.
 */
import type { Clock } from '../ports/clock.ts';

/** A piece that was begun is finished: one more of them may come on top. */
const workMs = 2;
/** From the end of the work on: no runtime finds the next timer due before it looks for input. */
const restMs = 2;

export class Turns {
  readonly #clock: Clock;
  /** At most one of each watch, in the order in which they came. */
  readonly #waiting: (() => void)[] = [];
  #workedMs = 0;
  #isResting = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Does `job` at once while there is time, else when all that waited before are done. Rejects with
   * what it throws.
   */
  run<Result>(job: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      const run = () => {
        try {
          resolve(this.#timed(job));
        } catch (error) {
          reject(error);
        }
      };
      if (this.#waiting.length === 0 && this.#workedMs < workMs) run();
      else this.#waiting.push(run);
    });
  }

  #timed<Result>(job: () => Result): Result {
    const startMs = this.#clock.monotonicMs();
    try {
      return job();
    } finally {
      this.#workedMs += this.#clock.monotonicMs() - startMs;
      this.#rest();
    }
  }

  /** In virtual time no work takes any: nobody has to wait. */
  #rest(): void {
    if (this.#isResting || this.#workedMs === 0) return;
    this.#isResting = true;
    this.#clock.setTimer(restMs, this.#onRested);
  }

  readonly #onRested = (): void => {
    this.#workedMs = 0;
    while (this.#workedMs < workMs) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      next();
    }
    this.#isResting = false;
    this.#rest();
  };
}
