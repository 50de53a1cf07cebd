/** The few statistics that the gates need, each by its textbook formula. */

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Sample standard deviation over the mean. */
export function variation(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1)) / centre;
}

/**
 * How many standard deviations χ² lies above its expectation, by the cube-root approximation of
 * Wilson and Hilferty. Bins that expect fewer than five are pooled, as the test demands.
 */
export function chiSquareScore(counts: readonly number[], shares: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let bins = 0;
  let square = 0;
  let pooledCount = 0;
  let pooledExpected = 0;
  const add = (count: number, expected: number) => {
    bins += 1;
    square += (count - expected) ** 2 / expected;
  };
  for (const [index, share] of shares.entries()) {
    const expected = share * total;
    if (expected >= 5) {
      add(counts[index] ?? 0, expected);
      continue;
    }
    pooledCount += counts[index] ?? 0;
    pooledExpected += expected;
  }
  if (pooledExpected >= 5) add(pooledCount, pooledExpected);
  const freedom = bins - 1;
  if (freedom < 1) return 0;
  const spread = 2 / (9 * freedom);
  return (Math.cbrt(square / freedom) - (1 - spread)) / Math.sqrt(spread);
}

/** Slope of the least-squares line through (0, y0), (1, y1), … . */
export function slope(values: readonly number[]): number {
  const centre = (values.length - 1) / 2;
  const average = mean(values);
  let covariance = 0;
  let variance = 0;
  for (const [index, value] of values.entries()) {
    covariance += (index - centre) * (value - average);
    variance += (index - centre) ** 2;
  }
  return variance === 0 ? 0 : covariance / variance;
}
