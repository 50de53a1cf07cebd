/** Shares of measured figures. */

/** `values` is not empty; `share` 0.5 is the median. The nearest rank, so always a measured one. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}
