/**
 * Rests that are never too short. A timer of Node counts from the time that its event loop last
 * looked at the clock, so in a busy process it can fire milliseconds early.
 */
export interface Rest {
  cancel(): void;
}

/** Calls once, at or after `dueMs` of `performance.now()`, never synchronously. */
export function restUntil(dueMs: number, onRested: () => void): Rest {
  let timer: NodeJS.Timeout;
  const arm = () => {
    timer = setTimeout(
      () => {
        if (performance.now() < dueMs) arm();
        else onRested();
      },
      Math.max(0, dueMs - performance.now()),
    );
  };
  arm();
  return { cancel: () => clearTimeout(timer) };
}

/** The same as a promise. */
export function rested(dueMs: number): Promise<void> {
  return new Promise((resolve) => restUntil(dueMs, resolve));
}
