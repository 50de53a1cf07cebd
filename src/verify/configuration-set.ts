/**
 * The memory of the search, which is Lowe's addition to Wing and Gong ("Testing for
 * Linearizability", 2017): a configuration is the set of invocations that are in the order and the
 * state that they led to. One that failed need not be tried again.
 *
 * Two things keep it small and sure. Entries are exact, never only a hash: a bit set in 32-bit
 * words, cut to the words between the part where all bits are set and the part where none is, which
 * is as long as the history is concurrent and not as long as the history. And an entry also answers
 * for every configuration that differs from it only in having used up *more* of the optional
 * invocations: what fails with more left to choose from fails with less.
 */

/** Index of the words: link to the next entry of the bucket, and so on. */
const linkAt = 0;
const hashAt = 1;
const firstWordAt = 2;
const lengthsAt = 3;
const headerWords = 4;

/** Entries of one bucket that are looked at; more make a miss, which costs time and no truth. */
const chainMax = 64;
const firstBuckets = 1 << 10;
const firstPoolWords = 1 << 12;

/** Odd, so that multiplying by it can be undone. */
export const stateFactor = 0x9e3779b1;

/** Spreads all bits of a 32-bit number, and can be undone (the finalizer of MurmurHash3). */
export function mix(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

export class ConfigurationSet {
  readonly #requiredCount: number;
  readonly #wordsMax: number;
  /** Bits of the invocations that are in the order. */
  readonly #required: Uint32Array;
  readonly #optional: Uint32Array;
  /** Words of `#required` before this are full; those from `#endWord` on are empty. */
  #firstWord = 0;
  #endWord = 0;
  #optionalEnd = 0;
  /** Exclusive or of a number for each required invocation in the order. */
  #hash = 0;

  #buckets = new Int32Array(firstBuckets).fill(-1);
  #pool = new Uint32Array(firstPoolWords);
  #poolEnd = 0;
  #entries = 0;

  /**
   * Invocations below `requiredCount` are required, numbered by the time of their return, which
   * keeps the bits between full and empty few; those from there to `count` are optional. Keeps at
   * most `wordsMax` words of 4 bytes.
   */
  constructor(requiredCount: number, count: number, wordsMax: number) {
    this.#requiredCount = requiredCount;
    this.#wordsMax = wordsMax;
    this.#required = new Uint32Array((requiredCount >>> 5) + 1);
    this.#optional = new Uint32Array(((count - requiredCount) >>> 5) + 1);
  }

  take(index: number): void {
    if (index >= this.#requiredCount) {
      const bit = index - this.#requiredCount;
      this.#optional[bit >>> 5]! |= 1 << (bit & 31);
      this.#optionalEnd = Math.max(this.#optionalEnd, (bit >>> 5) + 1);
      return;
    }
    this.#hash ^= mix(index + 1);
    this.#required[index >>> 5]! |= 1 << (index & 31);
    this.#endWord = Math.max(this.#endWord, (index >>> 5) + 1);
    while (this.#required[this.#firstWord] === 0xffffffff) this.#firstWord += 1;
  }

  restore(index: number): void {
    if (index >= this.#requiredCount) {
      const bit = index - this.#requiredCount;
      this.#optional[bit >>> 5]! &= ~(1 << (bit & 31));
      while (this.#optionalEnd > 0 && this.#optional[this.#optionalEnd - 1] === 0) {
        this.#optionalEnd -= 1;
      }
      return;
    }
    this.#hash ^= mix(index + 1);
    this.#required[index >>> 5]! &= ~(1 << (index & 31));
    this.#firstWord = Math.min(this.#firstWord, index >>> 5);
    while (this.#endWord > 0 && this.#required[this.#endWord - 1] === 0) this.#endWord -= 1;
  }

  /** False where there is no room for another entry. */
  get hasRoom(): boolean {
    return this.#poolEnd < this.#wordsMax;
  }

  /**
   * Whether the present configuration, with a state of this number (32 bits), or one that could do
   * at least as much, was added before. If not, it is added now.
   */
  seenOrAdd(state: number): boolean {
    const hash = mix(this.#hash ^ Math.imul(state + 1, stateFactor)) >>> 0;
    const bucket = hash & (this.#buckets.length - 1);
    let entry = this.#buckets[bucket]!;
    for (let looked = 0; entry !== -1 && looked < chainMax; looked += 1) {
      if (this.#covers(entry, hash)) return true;
      entry = this.#pool[entry + linkAt]! | 0;
    }
    this.#add(hash);
    return false;
  }

  /**
   * The state needs no place in an entry: for one set of required invocations, which is compared,
   * the hash can be undone to the state.
   */
  #covers(entry: number, hash: number): boolean {
    const pool = this.#pool;
    if (pool[entry + hashAt] !== hash) return false;
    const lengths = pool[entry + lengthsAt]!;
    const requiredWords = lengths >>> 16;
    const optionalWords = lengths & 0xffff;
    if (pool[entry + firstWordAt] !== this.#firstWord) return false;
    if (requiredWords !== this.#requiredWords || optionalWords > this.#optionalEnd) return false;
    let at = entry + headerWords;
    for (let word = 0; word < requiredWords; word += 1, at += 1) {
      if (pool[at] !== this.#required[this.#firstWord + word]) return false;
    }
    for (let word = 0; word < optionalWords; word += 1, at += 1) {
      if ((pool[at]! & ~this.#optional[word]!) !== 0) return false;
    }
    return true;
  }

  get #requiredWords(): number {
    return Math.max(0, this.#endWord - this.#firstWord);
  }

  #add(hash: number): void {
    const words = headerWords + this.#requiredWords + this.#optionalEnd;
    if (this.#poolEnd + words > this.#pool.length) this.#growPool(words);
    if (this.#entries >= this.#buckets.length) this.#growBuckets();
    const entry = this.#poolEnd;
    const bucket = hash & (this.#buckets.length - 1);
    const pool = this.#pool;
    pool[entry + linkAt] = this.#buckets[bucket]!;
    pool[entry + hashAt] = hash;
    pool[entry + firstWordAt] = this.#firstWord;
    pool[entry + lengthsAt] = (this.#requiredWords << 16) | this.#optionalEnd;
    let at = entry + headerWords;
    for (let word = this.#firstWord; word < this.#endWord; word += 1) {
      pool[at] = this.#required[word]!;
      at += 1;
    }
    pool.set(this.#optional.subarray(0, this.#optionalEnd), at);
    this.#buckets[bucket] = entry;
    this.#poolEnd += words;
    this.#entries += 1;
  }

  #growPool(words: number): void {
    const grown = new Uint32Array(Math.max(this.#pool.length * 2, this.#poolEnd + words));
    grown.set(this.#pool);
    this.#pool = grown;
  }

  #growBuckets(): void {
    const buckets = new Int32Array(this.#buckets.length * 2).fill(-1);
    const pool = this.#pool;
    for (let entry = 0; entry < this.#poolEnd; ) {
      const bucket = pool[entry + hashAt]! & (buckets.length - 1);
      pool[entry + linkAt] = buckets[bucket]!;
      buckets[bucket] = entry;
      const lengths = pool[entry + lengthsAt]!;
      entry += headerWords + (lengths >>> 16) + (lengths & 0xffff);
    }
    this.#buckets = buckets;
  }
}
