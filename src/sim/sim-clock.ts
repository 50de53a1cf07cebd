/**
 * Virtual time: one queue of events for the whole world, and a clock for each node that may run a
 * little fast or slow, leap on the wall, go on while the node is paused, or stop while its machine
 * is suspended.
 */
import type { Clock, Timer } from '../ports/clock.ts';

class Event implements Timer {
  readonly atMs: number;
  /** Ties are broken by the order of scheduling: the same seed gives the same run. */
  readonly order: number;
  run: (() => void) | null;

  constructor(atMs: number, order: number, run: () => void) {
    this.atMs = atMs;
    this.order = order;
    this.run = run;
  }

  cancel(): void {
    this.run = null;
  }
}

const eventsPerMsMax = 20_000;

/** A binary heap of events. */
export class EventQueue {
  nowMs = 0;
  #heap: Event[] = [];
  #order = 0;

  /** Events run so far. */
  count = 0;
  /** Told the time of each event before it runs. */
  onEvent: ((atMs: number) => void) | null = null;
  #spinFromMs = 0;
  #spinFromCount = 0;

  at(atMs: number, run: () => void): Timer {
    const event = new Event(Math.max(atMs, this.nowMs), this.#order++, run);
    this.#push(event);
    return event;
  }

  after(delayMs: number, run: () => void): Timer {
    return this.at(this.nowMs + delayMs, run);
  }

  /** Runs the next event. Returns false where there is none up to `untilMs`. */
  runNext(untilMs: number): boolean {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs) {
        this.nowMs = Math.max(this.nowMs, untilMs === Infinity ? this.nowMs : untilMs);
        return false;
      }
      this.#pop();
      const { run } = next;
      if (run === null) continue;
      this.#guard(next.atMs);
      this.nowMs = next.atMs;
      next.run = null;
      this.count += 1;
      this.onEvent?.(next.atMs);
      run();
      return true;
    }
  }

  /** A node that keeps itself busy without end would stop virtual time: an error, not a hang. */
  #guard(atMs: number): void {
    if (atMs - this.#spinFromMs >= 1) {
      this.#spinFromMs = atMs;
      this.#spinFromCount = this.count;
    }
    if (this.count - this.#spinFromCount > eventsPerMsMax) {
      throw new Error(`more than ${eventsPerMsMax} events in the ms after ${this.#spinFromMs}`);
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, event)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, left)) child += 1;
      const least = heap[child];
      if (least === undefined || isBefore(last, least)) break;
      heap[index] = least;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** Granularity of timers, as good as any runtime's. */
const timerMsMin = 0.1;

class SimTimer implements Timer {
  readonly #onFire: () => void;
  #isCancelled = false;
  event: Timer | null = null;

  constructor(onFire: () => void) {
    this.#onFire = onFire;
  }

  /** A timer may be cancelled after it was due, by something else that a pause held back. */
  readonly fire = (): void => {
    if (!this.#isCancelled) this.#onFire();
  };

  cancel(): void {
    this.#isCancelled = true;
    this.event?.cancel();
  }
}

/** The clock of one life of one node. */
export class SimClock implements Clock {
  readonly #queue: EventQueue;
  /** Own milliseconds for each one of the world. */
  readonly rate: number;
  readonly #bornMs: number;
  #wallLeapMs = 0;
  #resumeAtMs = 0;
  /** All in all, and until when. */
  #suspendedMs = 0;
  #suspendedUntilMs = 0;
  #isDead = false;

  constructor(queue: EventQueue, rate = 1) {
    this.#queue = queue;
    this.rate = rate;
    this.#bornMs = queue.nowMs;
  }

  monotonicMs(): number {
    return (this.#queue.nowMs - this.#bornMs - this.#suspendedMs) * this.rate;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#queue.nowMs * this.rate + this.#wallLeapMs;
  }

  setTimer(delayMs: number, onFire: () => void): Timer {
    // No real timer fires at once; without this a rounding error could stop virtual time.
    const delayOfWorldMs = Math.max(delayMs, timerMsMin) / this.rate;
    const timer = new SimTimer(onFire);
    this.#arm(timer, delayOfWorldMs);
    return timer;
  }

  #arm(timer: SimTimer, delayOfWorldMs: number): void {
    const suspendedMs = this.#suspendedMs;
    timer.event = this.#queue.after(delayOfWorldMs, () => {
      const stoppedMs = this.#suspendedMs - suspendedMs;
      if (stoppedMs > 0) this.#arm(timer, stoppedMs);
      else this.whenAwake(timer.fire);
    });
  }

  /** Runs now, or when the pause is over; never after the node's death. */
  whenAwake(run: () => void): void {
    if (this.#isDead) return;
    if (this.#queue.nowMs >= this.#resumeAtMs) run();
    else this.#queue.at(this.#resumeAtMs, () => this.whenAwake(run));
  }

  get isAwake(): boolean {
    return !this.#isDead && this.#queue.nowMs >= this.#resumeAtMs;
  }

  /** As SIGSTOP and SIGCONT: time goes on, nothing runs. */
  pause(durationMs: number): void {
    this.#resumeAtMs = Math.max(this.#resumeAtMs, this.#queue.nowMs + durationMs);
  }

  /** As a machine that sleeps: nothing runs, the monotonic clock stops, the wall clock goes on. */
  suspend(durationMs: number): void {
    const { nowMs } = this.#queue;
    const untilMs = nowMs + durationMs;
    if (untilMs <= this.#suspendedUntilMs) return;
    this.#suspendedMs += untilMs - Math.max(nowMs, this.#suspendedUntilMs);
    this.#suspendedUntilMs = untilMs;
    this.pause(durationMs);
  }

  leapWall(byMs: number): void {
    this.#wallLeapMs += byMs;
  }

  die(): void {
    this.#isDead = true;
  }
}
