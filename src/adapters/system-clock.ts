/** The real clock: monotonic time from `performance.now`, timers from the runtime. */
import type { Clock, Timer } from '../ports/clock.ts';

/** Longest delay that `setTimeout` takes; a longer one would fire at once. */
const delayMsMax = 2 ** 31 - 1;

type Handle = ReturnType<typeof setTimeout>;

interface DenoTimers {
  unrefTimer(handle: unknown): void;
}

/** Node and Bun give timers with `unref`; Deno may give a number and has a function for it. */
function unref(handle: Handle): void {
  const timer: unknown = handle;
  if (typeof timer === 'object' && timer !== null && 'unref' in timer) {
    handle.unref();
    return;
  }
  (globalThis as { readonly Deno?: DenoTimers }).Deno?.unrefTimer(timer);
}

/** Runtimes round delays down to whole milliseconds: a timer that fires early is set again. */
class SystemTimer implements Timer {
  readonly #dueMs: number;
  readonly #onFire: () => void;
  #handle: Handle;

  constructor(delayMs: number, onFire: () => void) {
    this.#dueMs = performance.now() + delayMs;
    this.#onFire = onFire;
    this.#handle = this.#arm(delayMs);
  }

  #arm(delayMs: number): Handle {
    const wholeMs = Math.min(delayMsMax, Math.max(0, Math.ceil(delayMs)));
    const handle = setTimeout(() => this.#wake(), wholeMs);
    unref(handle);
    return handle;
  }

  #wake(): void {
    const remainingMs = this.#dueMs - performance.now();
    if (remainingMs > 0) this.#handle = this.#arm(remainingMs);
    else this.#onFire();
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }
}

export function createSystemClock(): Clock {
  return {
    monotonicMs: () => performance.now(),
    wallMs: () => Date.now(),
    setTimer: (delayMs, onFire) => new SystemTimer(delayMs, onFire),
  };
}
