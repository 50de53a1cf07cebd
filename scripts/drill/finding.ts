/** What a drill has found: a figure, and whether it is as good as was promised. */
import { percentile } from '../../src/contract/percentile.ts';

export interface Finding {
  /** Which promise this is about, in a few words. */
  readonly title: string;
  readonly figure: string;
  readonly goal: string;
  readonly isMet: boolean;
}

/** `p50 1.2 ms, p99 3.4 ms, max 9 ms of 120`. */
export function describeTimes(timesMs: readonly number[]): string {
  const ms = (share: number) => `${percentile(timesMs, share).toFixed(1)} ms`;
  return `p50 ${ms(0.5)}, p99 ${ms(0.99)}, max ${ms(1)} of ${timesMs.length}`;
}
