/**
 * Clients that count up one number together. Each count is told to one client only, a later one is
 * higher, and the sum at the end is that of all counts: a lost one, a doubled one and a stale one show.
 */
export interface Count {
  /** When it was asked for and told, on any one clock, ms. */
  readonly startMs: number;
  readonly endMs: number;
  /** What the number came to. */
  readonly number: number;
}

export class Tally {
  readonly counts: Count[] = [];
  /** Counts of which nobody knows whether they were done. */
  unknown = 0;

  /** What contradicts these counts with this sum at the end, in words; null where nothing does. */
  fault(sum: number): string | null {
    const done = this.counts.length;
    if (sum < done || sum > done + this.unknown) {
      return `the sum is ${sum} after ${done} counts that were done and ${this.unknown} unknown`;
    }
    let latestStartMs = Number.NEGATIVE_INFINITY;
    let last = 0;
    for (const { startMs, endMs, number } of this.counts.toSorted((a, b) => a.number - b.number)) {
      if (number === last) return `two clients were told ${number}`;
      if (number > sum) return `a client was told ${number}, and the sum is ${sum}`;
      if (endMs < latestStartMs) return `${number} was told before a lower number was asked for`;
      latestStartMs = Math.max(latestStartMs, startMs);
      last = number;
    }
    return null;
  }
}
