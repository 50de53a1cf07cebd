/**
 * What a master keeps across its lives in the simulator. `FilePlatter` is the real file log on a
 * simulated disk; `SimPlatter` is a model of it, without files, with the same contract: for stories
 * that look at the protocol and want to say exactly how long a sync takes.
 */
import type { Clock } from '../ports/clock.ts';
import type { Storage } from '../ports/storage.ts';
import { KeptLog } from './kept-log.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { SimClock } from './sim-clock.ts';

export interface StorageFaults {
  /** How long a sync takes. */
  syncMs: readonly [number, number];
  /** Share of operations that fail, and poison the log. */
  failShare: number;
  /** Bytes that fit on the disk; the model of the log has room for everything. */
  capacityBytes?: number;
}

export const soundStorage: Readonly<StorageFaults> = Object.freeze({
  syncMs: [0.1, 0.5] as const,
  failShare: 0,
});

/** A disk: outlives the processes that open it, one after the other. */
export interface Platter {
  faults: Readonly<StorageFaults>;
  open(clock: SimClock): Storage;
  /** The process dies. */
  kill(): void;
  /** The machine dies: what is not synced survives in part or not at all. */
  cutPower(): void;
  /** The disk is replaced by an empty one. */
  wipe(): void;
}

export class SimPlatter implements Platter {
  faults: Readonly<StorageFaults> = soundStorage;
  readonly #log = new KeptLog();
  /** Begun and not synced, in order. */
  #open: (() => void)[] = [];
  #incarnation = 0;
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** What was not synced may or may not have reached the disk, in order. */
  cutPower(): void {
    this.#incarnation += 1;
    const reached = this.#random.integer(0, this.#open.length);
    for (const apply of this.#open.slice(0, reached)) apply();
    this.#open = [];
  }

  /** No gentler than a power cut: an operation that was begun may be whole or not there. */
  kill(): void {
    this.cutPower();
  }

  wipe(): void {
    this.#log.wipe();
  }

  open(clock: Clock): Storage {
    const incarnation = this.#incarnation;
    let poison: Error | null = null;
    let freeAtMs = 0;
    return this.#log.open((apply, done) => {
      const [lowMs, highMs] = this.faults.syncMs;
      const startMs = Math.max(freeAtMs, clock.monotonicMs());
      freeAtMs = startMs + lowMs + this.#random.next() * (highMs - lowMs);
      const willFail = this.#random.chance(this.faults.failShare);
      this.#open.push(apply);
      clock.setTimer(freeAtMs - clock.monotonicMs(), () => {
        if (incarnation !== this.#incarnation) return;
        if (willFail) poison ??= new Error('EIO: injected');
        if (poison !== null) return done(poison);
        this.#open.shift();
        apply();
        done();
      });
    });
  }
}
