/** A clock and a disk that stand still until they are told to go on. */
import type { Clock, Timer } from '../../ports/clock.ts';
import type { DiskDone } from '../../ports/disk.ts';
import type { Storage } from '../../ports/storage.ts';
import { KeptLog } from '../kept-log.ts';

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

interface Operation {
  readonly apply: () => void;
  readonly done: DiskDone;
}

/** What outlives the process; each operation is synced when the walk says so. */
export class HandDisk {
  readonly #log = new KeptLog();
  #operations: Operation[] = [];

  get isIdle(): boolean {
    return this.#operations.length === 0;
  }

  /** Syncs what was begun first. */
  finishNext(): void {
    const operation = this.#operations.shift();
    operation?.apply();
    operation?.done();
  }

  /** The power fails: the first `reached` of what was begun is there, the rest is not. */
  crash(reached: number): void {
    for (const { apply } of this.#operations.slice(0, reached)) apply();
    this.#operations = [];
  }

  get openCount(): number {
    return this.#operations.length;
  }

  wipe(): void {
    this.#log.wipe();
  }

  open(): Storage {
    return this.#log.open((apply, done) => this.#operations.push({ apply, done }));
  }
}
