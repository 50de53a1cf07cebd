/**
 * Which key an operation touches. The probabilities are exact (a table, not an approximation), so
 * that the gates can hold the keys that were really used against them.
 */
import { createRandom, type Random, shuffled } from './random.ts';

/**
 * `uniform`: every key alike. `zipfian`: YCSB's skew with constant `theta`, its ranks scattered
 * over the key space. `hotspot`: 80 % of the operations on 20 % of the keys. `latest`: writes walk
 * through the keys, reads prefer what this client wrote last.
 */
export type KeyDistribution =
  | { readonly kind: 'uniform' }
  | { readonly kind: 'zipfian'; readonly theta: number }
  | { readonly kind: 'hotspot' }
  | { readonly kind: 'latest' };

/** The scattering is the same in every run: a hot key is hot in all of them. */
const scatterSeed = 20_260_101;
const hotShare = 0.8;
const hotKeys = 0.2;
const latestTheta = 0.99;

export function keyName(index: number): string {
  return `key${index}`;
}

/** Probability of each rank, the most popular first; they sum to 1. */
function zipfianShares(keyCount: number, theta: number): number[] {
  const weights = Array.from({ length: keyCount }, (_, rank) => 1 / (rank + 1) ** theta);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** How often each key is expected, or null where the distribution fixes no such shares. */
export function keyShares(distribution: KeyDistribution, keyCount: number): number[] | null {
  switch (distribution.kind) {
    case 'uniform':
      return new Array<number>(keyCount).fill(1 / keyCount);
    case 'zipfian': {
      const shares = new Array<number>(keyCount).fill(0);
      const places = shuffled([...shares.keys()], createRandom(scatterSeed));
      for (const [rank, share] of zipfianShares(keyCount, distribution.theta).entries()) {
        shares[places[rank]!] = share;
      }
      return shares;
    }
    case 'hotspot': {
      const hot = Math.max(1, Math.round(keyCount * hotKeys));
      const cold = keyCount - hot;
      if (cold === 0) return new Array<number>(keyCount).fill(1 / keyCount);
      return Array.from({ length: keyCount }, (_, index) =>
        index < hot ? hotShare / hot : (1 - hotShare) / cold,
      );
    }
    case 'latest':
      return null;
  }
}

/** Draws an index with the given probabilities by bisection of their running sum. */
export function createTableChooser(shares: readonly number[], random: Random): () => number {
  const bounds = new Float64Array(shares.length);
  let sum = 0;
  for (const [index, share] of shares.entries()) {
    sum += share;
    bounds[index] = sum;
  }
  return () => {
    const point = random() * sum;
    let low = 0;
    let high = bounds.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (bounds[middle]! > point) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** The keys of one client. `write` and `read` return an index in [0, keyCount). */
export interface KeyChooser {
  read(): number;
  write(): number;
}

/** `offset` spreads the walks of the clients over the key space (`latest` only). */
export function createKeyChooser(
  distribution: KeyDistribution,
  keyCount: number,
  offset: number,
  random: Random,
): KeyChooser {
  const shares = keyShares(distribution, keyCount);
  if (distribution.kind === 'uniform') {
    const any = () => Math.floor(random() * keyCount);
    return { read: any, write: any };
  }
  if (shares !== null) {
    const any = createTableChooser(shares, random);
    return { read: any, write: any };
  }
  let newest = offset % keyCount;
  const age = createTableChooser(zipfianShares(keyCount, latestTheta), random);
  return {
    read: () => (newest - age() + keyCount) % keyCount,
    write: () => {
      newest = (newest + 1) % keyCount;
      return newest;
    },
  };
}
