/** Real time that can be moved on: for the tests of those who wait for lifetimes to end. */
import type { Clock, Timer } from '../ports/clock.ts';

/** Promises may settle between two timers, as they do between the turns of an event loop. */
const turnsPerTimer = 30;

interface Pending {
  readonly dueMs: number;
  readonly onFire: () => void;
}

export class ShiftedClock implements Clock {
  #shiftMs = 0;
  readonly #pending = new Set<Pending>();
  #alarm: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  monotonicMs(): number {
    return performance.now() + this.#shiftMs;
  }

  wallMs(): number {
    return Date.now() + this.#shiftMs;
  }

  /** Unlike that of a server it keeps the process alive: somebody waits for what comes of it. */
  setTimer(delayMs: number, onFire: () => void): Timer {
    const pending = { dueMs: this.monotonicMs() + delayMs, onFire };
    if (!this.#isStopped) this.#pending.add(pending);
    this.#arm();
    return {
      cancel: () => {
        this.#pending.delete(pending);
        if (this.#pending.size === 0) clearTimeout(this.#alarm);
      },
    };
  }

  /** Lets `ms` pass: fires what is due in its order, each at its time. */
  async advance(ms: number): Promise<void> {
    const targetMs = this.monotonicMs() + ms;
    for (;;) {
      await settle();
      const first = this.#first();
      if (first === undefined || first.dueMs > targetMs) break;
      this.#moveTo(first.dueMs);
      this.#fire(first);
    }
    this.#moveTo(targetMs);
    await settle();
    this.#arm();
  }

  #moveTo(atMs: number): void {
    this.#shiftMs += Math.max(0, atMs - this.monotonicMs());
  }

  #first(): Pending | undefined {
    let first: Pending | undefined;
    for (const pending of this.#pending) {
      if (first === undefined || pending.dueMs < first.dueMs) first = pending;
    }
    return first;
  }

  #fire(pending: Pending): void {
    this.#pending.delete(pending);
    pending.onFire();
  }

  #arm(): void {
    clearTimeout(this.#alarm);
    const first = this.#first();
    if (first === undefined) return;
    this.#alarm = setTimeout(() => this.#onAlarm(), Math.max(0, first.dueMs - this.monotonicMs()));
  }

  #onAlarm(): void {
    const nowMs = this.monotonicMs();
    const due = [...this.#pending].filter(({ dueMs }) => dueMs <= nowMs);
    for (const pending of due.toSorted((a, b) => a.dueMs - b.dueMs)) {
      if (this.#pending.has(pending)) this.#fire(pending);
    }
    this.#arm();
  }

  /** No timer fires any more. */
  stop(): void {
    this.#isStopped = true;
    this.#pending.clear();
    clearTimeout(this.#alarm);
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < turnsPerTimer; turn += 1) await Promise.resolve();
}
