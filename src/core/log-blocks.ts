/**
 * The applied part of the log: frames only. Decoded records would live long and be many, which is
 * what garbage collectors are worst at; hardly anybody asks for an applied record again, except to
 * send its bytes.
 */
import { assert } from './errors.ts';
import type { FrameRuns } from './frame.ts';
import { decodeRecord, type Record } from './record.ts';

/** Records whose frames lie side by side in one buffer. */
interface Block {
  readonly firstLsn: number;
  readonly bytes: Uint8Array;
  /** Where the frames begin, and at last where the last one ends. */
  readonly bounds: number[];
}

/** Places of trimmed blocks are dropped from the array many at a time: a shift for each would be quadratic. */
const dropBlocks = 1024;

export class LogBlocks {
  /** Where a trimmed block was there is nothing: its buffer is free at once. */
  #blocks: (Block | undefined)[] = [];
  /** Index of the first block that holds something. */
  #head = 0;
  /** lsn of the first record held, and of the one after the last. */
  #firstLsn: number;
  #endLsn: number;

  constructor(firstLsn: number) {
    this.#firstLsn = firstLsn;
    this.#endLsn = firstLsn;
  }

  get endLsn(): number {
    return this.#endLsn;
  }

  append({ lsn, bytes, start, end }: Record): void {
    assert(lsn === this.#endLsn, () => `record ${lsn} settled where ${this.#endLsn} was due`);
    const last = this.#blocks.at(-1);
    if (last?.bytes === bytes && last.bounds.at(-1) === start) last.bounds.push(end);
    else this.#blocks.push({ firstLsn: lsn, bytes, bounds: [start, end] });
    this.#endLsn += 1;
  }

  /** Decodes the record at `lsn`; undefined where it is not held. */
  at(lsn: number): Record | undefined {
    if (lsn < this.#firstLsn || lsn >= this.#endLsn) return undefined;
    const block = this.#block(this.#indexOf(lsn));
    return decodeRecord(block.bytes, startIn(block, lsn)).record;
  }

  /** Adds frames from `lsn` on to `runs`, up to `bytesMax` but at least one; returns their number. */
  collect(lsn: number, bytesMax: number, runs: FrameRuns): number {
    let next = lsn;
    let bytes = 0;
    for (let index = this.#indexOf(lsn); next < this.#endLsn; index += 1) {
      const block = this.#block(index);
      const from = startIn(block, next);
      const rest = startIn(block, endOf(block)) - from;
      // Nearly always: a batch is one block, sent whole, and its records need not be looked at.
      if (bytes + rest <= bytesMax) {
        runs.add(block.bytes, from, from + rest);
        bytes += rest;
        next = endOf(block);
        continue;
      }
      for (; next < endOf(block); next += 1) {
        const end = startIn(block, next + 1);
        bytes += end - startIn(block, next);
        if (bytes > bytesMax && next > lsn) {
          runs.add(block.bytes, from, startIn(block, next));
          return next - lsn;
        }
      }
      runs.add(block.bytes, from, startIn(block, next));
    }
    return next - lsn;
  }

  /** Forgets the records up to `lsn`; returns the size of their frames, bytes. */
  trim(lsn: number): number {
    let bytes = 0;
    while (this.#firstLsn <= lsn) {
      const block = this.#block(this.#head);
      const nextLsn = Math.min(lsn + 1, endOf(block));
      bytes += startIn(block, nextLsn) - startIn(block, this.#firstLsn);
      this.#firstLsn = nextLsn;
      if (nextLsn < endOf(block)) break;
      this.#blocks[this.#head] = undefined;
      this.#head += 1;
    }
    if (this.#head >= dropBlocks) {
      this.#blocks.splice(0, this.#head);
      this.#head = 0;
    }
    return bytes;
  }

  /** The lsn up to which to trim, so that at least `bytes` go; the last one where they are fewer. */
  lsnAfter(bytes: number): number {
    let rest = bytes;
    let lsn = this.#firstLsn - 1;
    for (let index = this.#head; index < this.#blocks.length && rest > 0; index += 1) {
      const block = this.#block(index);
      rest -= startIn(block, endOf(block)) - startIn(block, Math.max(block.firstLsn, lsn + 1));
      lsn = endOf(block) - 1;
    }
    return lsn;
  }

  /** Index of the block that holds `lsn`, by bisection. */
  #indexOf(lsn: number): number {
    let low = this.#head;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#block(middle).firstLsn <= lsn) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #block(index: number): Block {
    const block = this.#blocks[index];
    assert(block !== undefined, () => `there is no block ${index} in the log`);
    return block;
  }
}

/** Where the frame of `lsn` begins in the buffer of its block. */
function startIn(block: Block, lsn: number): number {
  const start = block.bounds[lsn - block.firstLsn];
  assert(start !== undefined, () => `record ${lsn} is not in the block of ${block.firstLsn}`);
  return start;
}

/** lsn after the last one of the block. */
function endOf({ firstLsn, bounds }: Block): number {
  return firstLsn + bounds.length - 1;
}
