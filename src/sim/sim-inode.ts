/**
 * One file of the simulated disk: what programs see, what would survive a power cut, and what was
 * written in between.
 *
 * A power cut keeps any part of what is not synced: whole writes out of order, single sectors of
 * one write, the beginning of a sector; where a later sector is kept and an earlier one is not, the
 * gap is zeros. A sync that fails leaves the file as Linux does: programs still see the bytes, the
 * kernel believes them written, and no later sync will write them (reliability.md §5).
 */
import type { Random } from '../ports/random.ts';

export const sectorBytes = 512;

/** Of the sectors that survive, those of which only the beginning does. */
const tornShare = 0.15;

type Change =
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly sizeBytes: number };

/** Bytes that grow; cut and written anywhere. */
class Content {
  #bytes = new Uint8Array(1024);
  length = 0;

  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.view());
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, offset);
    this.length = Math.max(this.length, end);
  }

  /** Cuts, or extends with zeros. */
  resize(sizeBytes: number): void {
    if (sizeBytes > this.length) this.write(sizeBytes, new Uint8Array(0));
    this.#bytes.fill(0, sizeBytes);
    this.length = sizeBytes;
  }

  apply(change: Change): void {
    if (change.kind === 'write') this.write(change.offset, change.bytes);
    else this.resize(change.sizeBytes);
  }

  view(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }
}

export class SimInode {
  readonly #seen = new Content();
  readonly #durable = new Content();
  #changes: { readonly change: Change; readonly number: number }[] = [];
  #changeCount = 0;

  get sizeBytes(): number {
    return this.#seen.length;
  }

  /** A copy of what programs see. */
  read(): Uint8Array {
    return this.#seen.view().slice();
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#change({ kind: 'write', offset, bytes: bytes.slice() });
  }

  truncate(sizeBytes: number): void {
    this.#change({ kind: 'truncate', sizeBytes });
  }

  /** A sync covers what was changed before it began: hand this to `syncUpTo` when it ends. */
  get changeCount(): number {
    return this.#changeCount;
  }

  syncUpTo(changeCount: number): void {
    for (const change of this.#take(changeCount)) this.#durable.apply(change);
  }

  /** A sync that fails: of what it covers, some sectors are on the disk, the rest never will be. */
  loseUpTo(changeCount: number, random: Random): void {
    for (const change of this.#take(changeCount)) this.#applyPart(change, random.next(), random);
  }

  /** A power cut. Each sector that is not synced survives with the chance `keptShare`. */
  cutPower(keptShare: number, random: Random): void {
    const seenBytes = this.#seen.length;
    for (const change of this.#take(this.#changeCount)) this.#applyPart(change, keptShare, random);
    // The new size may be on the disk before the bytes are.
    if (this.#durable.length < seenBytes && keptShare > 0 && random.next() < 0.2) {
      this.#durable.resize(seenBytes);
    }
    this.#seen.resize(0);
    this.#seen.write(0, this.#durable.view());
  }

  /** Damage: changes bytes on the disk behind everybody's back. */
  overwrite(bytes: Uint8Array): void {
    this.#changes = [];
    for (const content of [this.#seen, this.#durable]) {
      content.resize(0);
      content.write(0, bytes);
    }
  }

  #change(change: Change): void {
    this.#changeCount += 1;
    this.#changes.push({ change, number: this.#changeCount });
    this.#seen.apply(change);
  }

  #take(changeCount: number): Change[] {
    const taken = this.#changes.filter(({ number }) => number <= changeCount);
    this.#changes = this.#changes.filter(({ number }) => number > changeCount);
    return taken.map(({ change }) => change);
  }

  #applyPart(change: Change, keptShare: number, random: Random): void {
    const isKept = () => keptShare > 0 && random.next() < keptShare;
    if (change.kind === 'truncate') {
      if (isKept()) this.#durable.apply(change);
      return;
    }
    const { offset, bytes } = change;
    for (let start = 0; start < bytes.length; ) {
      const end = Math.min(bytes.length, start + sectorBytes - ((offset + start) % sectorBytes));
      const isTorn = keptShare < 1 && random.next() < tornShare;
      const keptEnd = isTorn ? start + Math.floor(random.next() * (end - start)) : end;
      if (isKept()) this.#durable.write(offset + start, bytes.subarray(start, keptEnd));
      start = end;
    }
  }
}
