/**
 * Whether the next sync may be waited for on the event loop. Many disks (those with a write cache
 * that survives a power cut) sync in a tenth of a millisecond, and the way through the thread pool
 * and back then takes several times longer, above all on a machine whose cores are busy. On any
 * other disk the event loop must not wait.
 */

/** Waiting less than this on the event loop is nothing, ms. */
const quickMs = 0.5;
/** A busy machine makes a quick disk look slow again and again: so many times in a row it is slow. */
const slowInARow = 8;
/**
 * But it does not for so long, ms: that is a disk that hangs. A busy machine holds a sync back for 5 to
 * 20 ms now and then, on either way. While that was enough, one such sync sent those of the next second
 * and more through the pool, at four fifths of the writes.
 */
const surelySlowMs = 50;
/** On a slow disk, waiting takes no more than one part in so many of the time. */
const pauseFactor = 100;

export class SyncPace {
  #pooledUntilMs = -Infinity;
  /** Syncs since the last quick one. */
  #slowCount = 0;

  /** False: through the thread pool. `nowMs` of a monotonic clock, as below. */
  mayBlock(nowMs: number): boolean {
    return nowMs >= this.#pooledUntilMs;
  }

  /** A sync on the event loop has ended. */
  onBlocked(tookMs: number, nowMs: number): void {
    this.#slowCount = tookMs > quickMs ? this.#slowCount + 1 : 0;
    if (this.#slowCount >= slowInARow || tookMs > surelySlowMs) {
      this.#pooledUntilMs = nowMs + tookMs * pauseFactor;
    }
  }

  /** A sync through the thread pool has ended: a disk that still hangs keeps its pause. */
  onPooled(tookMs: number, nowMs: number): void {
    if (tookMs <= surelySlowMs) return;
    this.#pooledUntilMs = Math.max(this.#pooledUntilMs, nowMs + tookMs * pauseFactor);
  }
}
