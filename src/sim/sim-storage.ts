/**
 * What a master keeps across its lives in the simulator. `FilePlatter` is the real file log on a
 * simulated disk; `SimPlatter` is a model of it, without files, with the same contract: for stories
 * that look at the protocol and want to say exactly how long a sync takes.
 */
import type { Record } from '../core/record.ts';
import type { Clock } from '../ports/clock.ts';
import type { DiskDone } from '../ports/disk.ts';
import type { Meta, Recovered, Storage } from '../ports/storage.ts';
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

interface Kept {
  meta: Meta | null;
  snapshot: { lsn: number; bytes: Uint8Array } | null;
  records: Record[];
}

export class SimPlatter implements Platter {
  kept: Kept = { meta: null, snapshot: null, records: [] };
  faults: Readonly<StorageFaults> = soundStorage;
  /** Begun and not synced, in order. */
  #open: ((kept: Kept) => void)[] = [];
  #incarnation = 0;
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** What was not synced may or may not have reached the disk, in order. */
  cutPower(): void {
    this.#incarnation += 1;
    const reached = this.#random.integer(0, this.#open.length);
    for (const apply of this.#open.slice(0, reached)) apply(this.kept);
    this.#open = [];
  }

  /** No gentler than a power cut: an operation that was begun may be whole or not there. */
  kill(): void {
    this.cutPower();
  }

  wipe(): void {
    this.kept = { meta: null, snapshot: null, records: [] };
  }

  open(clock: Clock): Storage {
    const incarnation = this.#incarnation;
    let poison: Error | null = null;
    let logBytes = this.kept.records.reduce((sum, { frame }) => sum + frame.length, 0);
    let freeAtMs = 0;
    const run = (apply: (kept: Kept) => void, done: DiskDone) => {
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
        apply(this.kept);
        done();
      });
    };
    return {
      recover: (): Recovered => ({ ...this.kept, records: [...this.kept.records], repairs: [] }),
      // All that it does is an answer to a call, which gets the failure.
      onFailure: () => {},
      append: (records, done) => {
        for (const { frame } of records) logBytes += frame.length;
        run((kept) => kept.records.push(...records), done);
      },
      cut: (lsn, done) =>
        run((kept) => {
          kept.records = kept.records.filter((record) => record.lsn < lsn);
        }, done),
      saveMeta: (meta, done) =>
        run((kept) => {
          kept.meta = meta;
        }, done),
      saveSnapshot: (lsn, chunks, { replaceLog }, done) => {
        const parts = [...chunks];
        const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
        let offset = 0;
        for (const part of parts) {
          bytes.set(part, offset);
          offset += part.length;
        }
        run((kept) => {
          kept.snapshot = { lsn, bytes };
          kept.records = replaceLog ? [] : kept.records.filter((record) => record.lsn > lsn);
          logBytes = kept.records.reduce((sum, { frame }) => sum + frame.length, 0);
        }, done);
      },
      segmentCount: 0,
      get logBytes() {
        return logBytes;
      },
      close() {},
    };
  }
}
