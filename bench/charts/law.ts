/**
 * Gunther's universal scalability law, X(N) = λN / (1 + α(N−1) + βN(N−1)), fitted by linear least
 * squares on N/X = a + b(N−1) + cN(N−1), with λ = 1/a, α = b/a, β = c/a. A negative coefficient has
 * no meaning (contention and coherence only cost), so it is set to 0 and the others fitted again.
 */
import { createRandom, type Random } from '../workload/random.ts';

export interface Point {
  readonly n: number;
  /** Operations per second. */
  readonly x: number;
}

export interface Fit {
  /** Throughput of one. */
  readonly lambda: number;
  /** Share that is serialized. */
  readonly alpha: number;
  /** Cost of each pair that must agree. */
  readonly beta: number;
  /** Of the throughput, not of the linearized form. */
  readonly rSquared: number;
  /** √(mean of the squared residuals), operations per second. */
  readonly residual: number;
  /** Where throughput is greatest; null where it never falls. */
  readonly peak: number | null;
}

/** Fewer distinct N say nothing about three parameters. */
export const pointsMin = 6;

export function predict(fit: Pick<Fit, 'lambda' | 'alpha' | 'beta'>, n: number): number {
  return (fit.lambda * n) / (1 + fit.alpha * (n - 1) + fit.beta * n * (n - 1));
}

/** Solves a small symmetric system by elimination with pivoting; null where it is singular. */
function solve(matrix: number[][], right: number[]): number[] | null {
  const size = right.length;
  const rows = matrix.map((row, index) => [...row, right[index]!]);
  for (let column = 0; column < size; column += 1) {
    let pivot = column;
    for (let row = column; row < size; row += 1) {
      if (Math.abs(rows[row]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = row;
    }
    if (Math.abs(rows[pivot]![column]!) < 1e-12) return null;
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    for (let row = 0; row < size; row += 1) {
      if (row === column) continue;
      const factor = rows[row]![column]! / rows[column]![column]!;
      for (let k = column; k <= size; k += 1) rows[row]![k]! -= factor * rows[column]![k]!;
    }
  }
  return rows.map((row, index) => row[size]! / row[index]!);
}

/** Each point weighs by its throughput, or the slow ones (large N/X) would rule the fit. */
function leastSquares(points: readonly Point[], terms: readonly ((n: number) => number)[]) {
  const matrix = terms.map((f) =>
    terms.map((g) => points.reduce((sum, { n, x }) => sum + x * x * f(n) * g(n), 0)),
  );
  const right = terms.map((f) => points.reduce((sum, { n, x }) => sum + x * f(n) * n, 0));
  return solve(matrix, right);
}

const one = () => 1;
const contention = (n: number) => n - 1;
const coherence = (n: number) => n * (n - 1);

function coefficients(points: readonly Point[]): { a: number; b: number; c: number } | null {
  const full = leastSquares(points, [one, contention, coherence]);
  if (full !== null && full[0]! > 0 && full[1]! >= 0 && full[2]! >= 0) {
    return { a: full[0]!, b: full[1]!, c: full[2]! };
  }
  const reduced = [
    { fit: leastSquares(points, [one, contention]), of: 'b' as const },
    { fit: leastSquares(points, [one, coherence]), of: 'c' as const },
  ]
    .filter(({ fit }) => fit !== null && fit[0]! > 0 && fit[1]! >= 0)
    .map(({ fit, of }) => ({ a: fit![0]!, b: 0, c: 0, [of]: fit![1]! }));
  const error = (k: { a: number; b: number; c: number }) =>
    points.reduce((sum, { n, x }) => {
      const predicted = n / (k.a + k.b * contention(n) + k.c * coherence(n));
      return sum + (predicted - x) ** 2;
    }, 0);
  const linear = leastSquares(points, [one]);
  if (linear !== null && linear[0]! > 0) reduced.push({ a: linear[0]!, b: 0, c: 0 });
  return reduced.sort((p, q) => error(p) - error(q))[0] ?? null;
}

/** null where there are fewer than six distinct N, or the points fit no such law. */
export function fitLaw(points: readonly Point[]): Fit | null {
  if (new Set(points.map(({ n }) => n)).size < pointsMin) return null;
  const found = coefficients(points);
  if (found === null) return null;
  const law = { lambda: 1 / found.a, alpha: found.b / found.a, beta: found.c / found.a };
  const mean = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const squares = points.reduce((sum, { n, x }) => sum + (x - predict(law, n)) ** 2, 0);
  const spread = points.reduce((sum, { x }) => sum + (x - mean) ** 2, 0);
  return {
    ...law,
    rSquared: spread === 0 ? 1 : 1 - squares / spread,
    residual: Math.sqrt(squares / points.length),
    peak: law.beta > 0 && law.alpha < 1 ? Math.sqrt((1 - law.alpha) / law.beta) : null,
  };
}

export interface BandPoint {
  readonly n: number;
  readonly fitted: number;
  readonly low: number;
  readonly high: number;
}

const resamples = 200;
const seed = 1;

function resample(points: readonly Point[], random: Random): Point[] {
  return points.map(() => points[Math.floor(random() * points.length)]!);
}

/** The fit with its 95 % band from 200 resamples, up to twice the largest N and no further. */
export function bandOf(points: readonly Point[], fit: Fit): BandPoint[] {
  const random = createRandom(seed);
  const fits = Array.from({ length: resamples }, () => fitLaw(resample(points, random)));
  const known = fits.filter((other) => other !== null);
  const most = 2 * Math.max(...points.map(({ n }) => n));
  const steps = 60;
  return Array.from({ length: steps + 1 }, (_, step) => {
    const n = 1 + ((most - 1) * step) / steps;
    const values = known.map((other) => predict(other, n)).sort((a, b) => a - b);
    const fitted = predict(fit, n);
    return {
      n,
      fitted,
      low: values[Math.floor(values.length * 0.025)] ?? fitted,
      high: values[Math.floor(values.length * 0.975)] ?? fitted,
    };
  });
}
