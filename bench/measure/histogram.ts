/**
 * Latencies in whole microseconds, three significant digits, 1 µs to 60 s. Percentiles are never
 * averaged: histograms are merged, and the encoded form in the results can be merged again.
 * The mean is exact: it comes from a sum, not from the buckets.
 */
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js';
import type { LatencySummary } from '../results/schema.ts';

export const latencyUsMax = 60_000_000;

const nothing: LatencySummary = Object.freeze({
  count: 0,
  avgUs: null,
  stddevUs: null,
  minUs: null,
  p50Us: null,
  p90Us: null,
  p99Us: null,
  p999Us: null,
  maxUs: null,
});

function emptyHistogram(): Histogram {
  return build({
    bitBucketSize: 32,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: latencyUsMax,
    numberOfSignificantValueDigits: 3,
  });
}

export class Latencies {
  readonly #histogram = emptyHistogram();
  #sumUs = 0;
  #squaresUs = 0;
  #minUs = Infinity;
  #maxUs = 0;

  get count(): number {
    return this.#histogram.totalCount;
  }

  get sumUs(): number {
    return this.#sumUs;
  }

  /** A latency beyond 60 s counts as 60 s in the percentiles; sum and maximum keep the true one. */
  record(latencyUs: number): void {
    const whole = Math.max(0, Math.round(latencyUs));
    this.#histogram.recordValue(Math.min(whole, latencyUsMax));
    this.#sumUs += latencyUs;
    this.#squaresUs += latencyUs * latencyUs;
    if (whole < this.#minUs) this.#minUs = whole;
    if (whole > this.#maxUs) this.#maxUs = whole;
  }

  reset(): void {
    this.#histogram.reset();
    this.#sumUs = 0;
    this.#squaresUs = 0;
    this.#minUs = Infinity;
    this.#maxUs = 0;
  }

  summary(): LatencySummary {
    const count = this.count;
    if (count === 0) return nothing;
    const mean = this.#sumUs / count;
    const variance = Math.max(0, this.#squaresUs / count - mean * mean);
    // A bucket's upper end may lie above the largest latency that was really seen.
    const at = (percentile: number) =>
      Math.max(
        this.#minUs,
        Math.min(this.#maxUs, this.#histogram.getValueAtPercentile(percentile)),
      );
    return {
      count,
      avgUs: Math.round(mean),
      stddevUs: Math.round(Math.sqrt(variance)),
      minUs: this.#minUs,
      p50Us: at(50),
      p90Us: at(90),
      p99Us: at(99),
      p999Us: at(99.9),
      maxUs: this.#maxUs,
    };
  }

  /** HdrHistogram V2, compressed, base64. */
  encode(): string {
    return encodeIntoCompressedBase64(this.#histogram);
  }
}

/** Merges encoded histograms and reads percentiles (0…100) of the whole, in µs. */
export function mergedPercentiles(
  encoded: readonly string[],
  percentiles: readonly number[],
): number[] {
  const merged = emptyHistogram();
  for (const text of encoded) merged.add(decodeFromCompressedBase64(text, 32));
  return percentiles.map((percentile) => merged.getValueAtPercentile(percentile));
}
