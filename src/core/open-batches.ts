/** The batches of an active master that are not committed yet, oldest first. */

interface OpenBatch {
  readonly lastLsn: number;
  readonly atMs: number;
  /** It went to everybody, not only to those that were chosen for it. */
  isHedged: boolean;
}

export class OpenBatches {
  readonly #batches: OpenBatch[] = [];

  add(lastLsn: number, atMs: number): void {
    this.#batches.push({ lastLsn, atMs, isHedged: false });
  }

  /** When the newest one came; -Infinity where there is none. */
  get newestMs(): number {
    return this.#batches.at(-1)?.atMs ?? -Infinity;
  }

  /** Those as old as `afterMs` go to everybody: the last lsn of them, 0 where there is no new one. */
  hedge(nowMs: number, afterMs: number): number {
    let lastLsn = 0;
    for (const batch of this.#batches) {
      if (nowMs - batch.atMs < afterMs) break;
      if (batch.isHedged) continue;
      batch.isHedged = true;
      lastLsn = batch.lastLsn;
    }
    return lastLsn;
  }

  /** When the first came that has not gone to everybody; Infinity where there is none. */
  get unhedgedMs(): number {
    return this.#batches.find(({ isHedged }) => !isHedged)?.atMs ?? Infinity;
  }

  /** When the first came that is not synced here; Infinity where there is none. */
  unsyncedMs(durableLsn: number): number {
    return this.#batches.find(({ lastLsn }) => lastLsn > durableLsn)?.atMs ?? Infinity;
  }

  /** Calls `onCommitted` for each that is committed now, with when it came. */
  settle(committedLsn: number, onCommitted: (atMs: number) => void): void {
    for (;;) {
      const [batch] = this.#batches;
      if (batch === undefined || batch.lastLsn > committedLsn) return;
      this.#batches.shift();
      onCommitted(batch.atMs);
    }
  }
}
