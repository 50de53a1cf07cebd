/** A clock and a disk that stand still until they are told to go on. */
import type { Record } from '../../core/record.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { DiskDone } from '../../ports/disk.ts';
import type { Meta, Recovered, Storage } from '../../ports/storage.ts';

interface Alarm {
  readonly atMs: number;
  fire: (() => void) | null;
}

/** Timers fired by one advance: more would be a node that keeps itself busy. */
const alarmsMax = 10_000;

export class HandClock implements Clock {
  #nowMs = 0;
  #alarms: Alarm[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  setTimer(delayMs: number, onFire: () => void): Timer {
    const alarm: Alarm = { atMs: this.#nowMs + Math.max(delayMs, 0.1), fire: onFire };
    this.#alarms.push(alarm);
    return {
      cancel() {
        alarm.fire = null;
      },
    };
  }

  /** As after a pause: all at once is late. */
  leap(byMs: number): void {
    this.#nowMs += byMs;
    this.advance(0);
  }

  /** Fires what is due on the way, in order. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (let fired = 0; fired < alarmsMax; fired += 1) {
      this.#alarms = this.#alarms.filter(({ fire }) => fire !== null);
      const due = this.#alarms.filter(({ atMs }) => atMs <= untilMs);
      const [first] = due.sort((a, b) => a.atMs - b.atMs);
      if (first === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, first.atMs);
      const { fire } = first;
      first.fire = null;
      fire?.();
    }
    this.#nowMs = untilMs;
  }

  /** Nothing fires any more. */
  die(): void {
    this.#alarms = [];
  }
}

interface Kept {
  meta: Meta | null;
  snapshot: { lsn: number; bytes: Uint8Array } | null;
  records: Record[];
}

interface Operation {
  readonly apply: (kept: Kept) => void;
  readonly done: DiskDone;
}

/** What outlives the process; each operation is synced when the walk says so. */
export class HandDisk {
  kept: Kept = { meta: null, snapshot: null, records: [] };
  #operations: Operation[] = [];

  get isIdle(): boolean {
    return this.#operations.length === 0;
  }

  /** Syncs what was begun first. */
  finishNext(): void {
    const operation = this.#operations.shift();
    operation?.apply(this.kept);
    operation?.done();
  }

  /** The power fails: the first `reached` of what was begun is there, the rest is not. */
  crash(reached: number): void {
    for (const { apply } of this.#operations.slice(0, reached)) apply(this.kept);
    this.#operations = [];
  }

  get openCount(): number {
    return this.#operations.length;
  }

  wipe(): void {
    this.kept = { meta: null, snapshot: null, records: [] };
  }

  open(): Storage {
    let logBytes = this.kept.records.reduce((sum, { frame }) => sum + frame.length, 0);
    const begin = (apply: Operation['apply'], done: DiskDone) =>
      this.#operations.push({ apply, done });
    return {
      recover: (): Recovered => ({ ...this.kept, records: [...this.kept.records], repairs: [] }),
      // Its operations do not fail.
      onFailure: () => {},
      append: (records, done) => {
        for (const { frame } of records) logBytes += frame.length;
        begin((kept) => kept.records.push(...records), done);
      },
      cut: (lsn, done) =>
        begin((kept) => {
          kept.records = kept.records.filter((record) => record.lsn < lsn);
        }, done),
      saveMeta: (meta, done) =>
        begin((kept) => {
          kept.meta = meta;
        }, done),
      saveSnapshot: (lsn, chunks, { replaceLog }, done) => {
        const bytes = Buffer.concat([...chunks]);
        begin((kept) => {
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
