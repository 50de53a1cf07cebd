/** A running timer. `cancel` is idempotent; a cancelled timer never fires. */
export interface Timer {
  cancel(): void;
}

/**
 * Time, as one node sees it.
 *
 * Contract: `monotonicMs` never goes backwards and may have a fraction; every protocol decision uses
 * it. `wallMs` may jump and is used only to notice that the machine slept (DESIGN.md §5 rule 7) and
 * to show times to people. Timers fire at or after their delay, never synchronously inside
 * `setTimer`, and do not keep a process alive that has nothing else to do.
 */
export interface Clock {
  monotonicMs(): number;
  wallMs(): number;
  setTimer(delayMs: number, onFire: () => void): Timer;
}
