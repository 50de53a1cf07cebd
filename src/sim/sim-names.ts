/**
 * The directory of the simulated disk: which names programs see, which would survive a power cut,
 * and what was changed in between. A power cut keeps any of these changes and loses any; a rename
 * is kept as a whole or not at all.
 */
import type { Random } from '../ports/random.ts';
import type { SimInode } from './sim-inode.ts';

type NameChange =
  | { readonly kind: 'create'; readonly name: string; readonly inode: SimInode }
  | { readonly kind: 'remove'; readonly name: string }
  | {
      readonly kind: 'rename';
      readonly from: string;
      readonly to: string;
      readonly inode: SimInode;
    };

export class SimNames {
  #seen = new Map<string, SimInode>();
  #durable = new Map<string, SimInode>();
  #changes: { readonly change: NameChange; readonly number: number }[] = [];
  #changeCount = 0;

  get(name: string): SimInode | undefined {
    return this.#seen.get(name);
  }

  /** Sorted. */
  list(): string[] {
    return [...this.#seen.keys()].sort();
  }

  inodes(): Iterable<SimInode> {
    return new Set(this.#seen.values());
  }

  change(change: NameChange): void {
    this.#changeCount += 1;
    this.#changes.push({ change, number: this.#changeCount });
    apply(this.#seen, change);
  }

  /** A sync covers what was changed before it began: hand this to `syncUpTo` when it ends. */
  get changeCount(): number {
    return this.#changeCount;
  }

  syncUpTo(changeCount: number): void {
    for (const { change, number } of this.#changes) {
      if (number <= changeCount) apply(this.#durable, change);
    }
    this.#changes = this.#changes.filter(({ number }) => number > changeCount);
  }

  cutPower(keptShare: number, random: Random): void {
    for (const { change } of this.#changes) {
      if (random.next() < keptShare) apply(this.#durable, change);
    }
    this.#changes = [];
    this.#seen = new Map(this.#durable);
  }

  /** Damage: `name` is `inode`, durably. */
  force(name: string, inode: SimInode): void {
    this.#seen.set(name, inode);
    this.#durable.set(name, inode);
  }
}

function apply(names: Map<string, SimInode>, change: NameChange): void {
  if (change.kind === 'remove') {
    names.delete(change.name);
  } else if (change.kind === 'create') {
    names.set(change.name, change.inode);
  } else {
    if (names.get(change.from) === change.inode) names.delete(change.from);
    names.set(change.to, change.inode);
  }
}
