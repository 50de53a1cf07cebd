/** One pair of runs, and what they say of each other. */
import type { Operation, WrkRun } from './wrk.ts';

export interface Round {
  readonly number: number;
  readonly operation: Operation;
  readonly empty: WrkRun;
  readonly cluster: WrkRun;
}

/** Of the empty server's throughput; NaN where that had none. */
export function shareOf({ empty, cluster }: Round): number {
  return cluster.requestsPerSecond / empty.requestsPerSecond;
}

/** NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const high = sorted[Math.floor(middle)] ?? Number.NaN;
  return (low + high) / 2;
}
