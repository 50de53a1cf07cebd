/**
 * Seeded randomness for the simulator: xoshiro128** (Blackman and Vigna, 2018), seeded by
 * splitmix32. One stream for each concern, so that one more draw for the network does not reshuffle
 * the workload.
 */
import type { Random } from '../ports/random.ts';

export class SeededRandom implements Random {
  readonly #state: Uint32Array;
  #ids = 0;
  readonly #name: string;

  /** Streams of one seed with different names are independent. */
  constructor(seed: number, name = '') {
    this.#name = name;
    let mixed = seed >>> 0;
    for (const character of name) mixed = Math.imul(mixed ^ character.charCodeAt(0), 0x01000193);
    this.#state = new Uint32Array(4);
    for (let i = 0; i < 4; i += 1) {
      mixed = (mixed + 0x9e3779b9) >>> 0;
      let word = mixed;
      word = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
      word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
      this.#state[i] = word ^ (word >>> 15);
    }
  }

  next(): number {
    const s = this.#state;
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = s;
    const scrambled = Math.imul(rotate(Math.imul(s1, 5), 7), 9) >>> 0;
    s[0] = s0 ^ s3 ^ s1;
    s[1] = s1 ^ s2 ^ s0;
    s[2] = s2 ^ s0 ^ (s1 << 9);
    s[3] = rotate(s3 ^ s1, 11);
    return scrambled / 0x1_0000_0000;
  }

  id(): string {
    this.#ids += 1;
    const word = Math.floor(this.next() * 0x1_0000_0000);
    return `${this.#name}-${this.#ids}-${word.toString(36)}`
      .toLowerCase()
      .replace(/[^0-9a-z-]/g, '');
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of `items`, which must not be empty. */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
