/**
 * The keys of a store in the order of their bytes: sorted blocks of a few hundred keys each, found by
 * bisection. A key that is written again does not touch it; a new one costs about a microsecond, of
 * which most is comparing. (The B+ trees of npm were measured: twice as slow here, and the default
 * import of the best kept one differs between runtimes.)
 *
 * Invariants: no block is empty; within and across blocks the keys ascend.
 */
import { compareKeys, hasHighUnit, type KeyRange } from './key-range.ts';

/** A block that grows beyond is halved. */
const blockKeysMax = 512;

export class KeyIndex {
  #blocks: string[][] = [];
  /** Some key needs `compareKeys`; until then `<` does, which is far cheaper. */
  #hasHighUnits = false;

  /** Adds a key that is not here yet. */
  add(key: string): void {
    this.#hasHighUnits ||= hasHighUnit(key);
    const at = this.#blockOf(key);
    const block = this.#blocks[at];
    if (block === undefined) {
      this.#blocks.push([key]);
      return;
    }
    block.splice(this.#placeIn(block, key), 0, key);
    if (block.length <= blockKeysMax) return;
    // Keys that come in ascending order leave full blocks behind them, not half-empty ones.
    const isAppended = at === this.#blocks.length - 1 && block.at(-1) === key;
    this.#blocks.splice(at + 1, 0, block.splice(isAppended ? blockKeysMax : blockKeysMax / 2));
  }

  /** Removes a key that is here. */
  delete(key: string): void {
    const at = this.#blockOf(key);
    const block = this.#blocks[at];
    if (block === undefined) return;
    const place = this.#placeIn(block, key);
    if (block[place] !== key) return;
    if (block.length === 1) this.#blocks.splice(at, 1);
    else block.splice(place, 1);
  }

  /** The keys of `range`, ascending; the index must not change meanwhile. */
  *ascending({ start, end }: KeyRange): Generator<string, void, void> {
    let at = this.#blockOf(start);
    let place = this.#placeIn(this.#blocks[at] ?? [], start);
    for (;;) {
      const block = this.#blocks[at];
      if (block === undefined) return;
      for (; place < block.length; place += 1) {
        const key = block[place] ?? '';
        if (end !== null && compareKeys(key, end) >= 0) return;
        yield key;
      }
      at += 1;
      place = 0;
    }
  }

  /** The same, descending. */
  *descending({ start, end }: KeyRange): Generator<string, void, void> {
    let at = end === null ? this.#blocks.length - 1 : this.#blockOf(end);
    const last = this.#blocks[at] ?? [];
    let place = (end === null ? last.length : this.#placeIn(last, end)) - 1;
    for (;;) {
      const block = this.#blocks[at];
      if (block === undefined) return;
      for (; place >= 0; place -= 1) {
        const key = block[place] ?? '';
        if (compareKeys(key, start) < 0) return;
        yield key;
      }
      at -= 1;
      place = (this.#blocks[at]?.length ?? 0) - 1;
    }
  }

  /** Index of the last block that begins at or before `key`; of the first one where none does. */
  #blockOf(key: string): number {
    const isBefore = this.#comparison(key);
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (isBefore(key, this.#blocks[middle]?.[0] ?? '')) high = middle - 1;
      else low = middle;
    }
    return low;
  }

  /** Index of the first key that is not before `key`. */
  #placeIn(block: readonly string[], key: string): number {
    const isBefore = this.#comparison(key);
    let low = 0;
    let high = block.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(block[middle] ?? '', key)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #comparison(key: string): (a: string, b: string) => boolean {
    return this.#hasHighUnits || hasHighUnit(key) ? isBeforeByBytes : isBeforeByUnits;
  }
}

const isBeforeByUnits = (a: string, b: string): boolean => a < b;
const isBeforeByBytes = (a: string, b: string): boolean => compareKeys(a, b) < 0;
