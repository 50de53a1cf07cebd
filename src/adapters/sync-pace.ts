/**
 * Whether the next sync may be waited for on the event loop. Many disks (those with a write cache
 * that survives a power cut) sync in a tenth of a millisecond, and the way through the thread pool
 * and back then takes several times longer, above all on a machine whose cores are busy. On any
 * other disk the event loop must not wait.
 */

/** Waiting less than this on the event loop is nothing, ms. */
const quickMs = 0.5;
/** A sync through the pool that took less, the way there included, may have been a quick one, ms. */
const pooledQuickMs = 5;
/** A busy machine now and then makes a quick disk look slow, but not for so long, ms. */
const surelySlowMs = 5;
/** On a slow disk, waiting takes no more than one part in so many of the time. */
const pauseFactor = 100;

export class SyncPace {
  #pooledUntilMs = -Infinity;
  /** The sync before was slow too. */
  #wasSlow = false;

  /** False: through the thread pool. `nowMs` of a monotonic clock, as below. */
  mayBlock(nowMs: number): boolean {
    return nowMs >= this.#pooledUntilMs;
  }

  /** A sync on the event loop has ended. */
  onBlocked(tookMs: number, nowMs: number): void {
    const isSlow = tookMs > quickMs;
    if (isSlow && (this.#wasSlow || tookMs > surelySlowMs)) {
      this.#pooledUntilMs = nowMs + tookMs * pauseFactor;
    }
    this.#wasSlow = isSlow;
  }

  /** A sync through the thread pool has ended: a disk that is still slow keeps its pause. */
  onPooled(tookMs: number, nowMs: number): void {
    if (tookMs <= pooledQuickMs) return;
    this.#pooledUntilMs = Math.max(this.#pooledUntilMs, nowMs + tookMs * pauseFactor);
  }
}
