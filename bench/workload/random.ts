/**
 * Seeded randomness for the workload. Every choice of a run follows from one seed, so that a run
 * can be repeated and two drivers can be given the same operations. Plain TypeScript: k6 imports
 * it too.
 */

/** Uniform in [0, 1). */
export type Random = () => number;

/** mulberry32: 32 bits of state, passes the usual small tests, and is fast in every engine. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** One seed for each (seed, stream): neighbouring streams share no visible pattern. */
export function streamSeed(seed: number, stream: number): number {
  let mixed = (seed >>> 0) ^ Math.imul(stream + 1, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Fisher–Yates: a new array, the same items, in an order that follows from `random`. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    const kept = result[last] as T;
    result[last] = result[other] as T;
    result[other] = kept;
  }
  return result;
}
