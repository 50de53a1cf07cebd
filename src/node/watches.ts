/**
 * All watches of a node. A record that is applied is held against the keys and prefixes that are
 * watched (watch-index.ts), not against each watch, and costs one comparison where nobody watches.
 * Watches are served by any node from its own applied state, so only what is committed is told, and
 * a watch can go on at another node where it ended at this one.
 */
import { DsmError } from '../core/errors.ts';
import type { Change } from '../core/history.ts';
import type { Record } from '../core/record.ts';
import type { Store } from '../core/store.ts';
import type { NodeContext } from './context.ts';
import { WatchIndex } from './watch-index.ts';
import { type Watch, Watcher, type WatchScope } from './watcher.ts';

/**
 * Changes of so many of the newest records are kept, so that many watches need not decode the same
 * ones; never longer than the log keeps the records, whose bytes they are views of, and the history
 * the exceptions, which may be large.
 */
const recentRecords = 1024;

interface Recent {
  readonly lsn: number;
  readonly changes: readonly Change[];
}

export type WatchesContext = Pick<NodeContext, 'voter' | 'limits' | 'counters'>;

export class Watches {
  readonly #context: WatchesContext;
  readonly #index = new WatchIndex<Watcher>();
  readonly #all = new Set<Watcher>();
  /** To be woken when the step is over: a client must not run within it. */
  readonly #due = new Set<Watcher>();
  readonly #recent: (Recent | undefined)[] = Array(recentRecords).fill(undefined);
  #store: Store;
  #floorLsn = 0;

  constructor(context: WatchesContext) {
    this.#context = context;
    this.#store = context.voter.store;
  }

  get size(): number {
    return this.#all.size;
  }

  /**
   * Begins a watch of what changes after `from`, or of what is there and then changes where `from`
   * is null. The node has confirmed that its state is new enough, so a later `from` names a
   * revision that was never committed. Throws `overloaded`.
   */
  open(scope: WatchScope, from: number | null): Watch {
    const { voter, limits, counters } = this.#context;
    this.#followStore();
    if (this.#all.size >= limits.watchesMax) {
      const text = `${limits.watchesMax} watches are open at this node, which is as many as it serves`;
      throw new DsmError('overloaded', `${text}; watch at another node, or raise watchesMax`);
    }
    const isHere =
      from === null || (from >= voter.changesFloorLsn && from <= voter.store.appliedLsn);
    const watcher = new Watcher({
      voter,
      scope,
      from,
      isReset: !isHere,
      changesAt: (lsn) => this.#changesAt(lsn),
      onClosed: (closed) => this.#remove(closed),
    });
    this.#all.add(watcher);
    this.#index.add(watcher);
    counters.watches += 1;
    return watcher;
  }

  #remove(watcher: Watcher): void {
    this.#context.counters.watchesClosed += 1;
    this.#all.delete(watcher);
    this.#due.delete(watcher);
    this.#index.remove(watcher);
  }

  #changesAt(lsn: number): readonly Change[] | undefined {
    const recent = this.#recent[lsn % recentRecords];
    return recent?.lsn === lsn ? recent.changes : this.#context.voter.changesAt(lsn);
  }

  /** Called for each record as it is applied. */
  onApplied(record: Record): void {
    if (this.#all.size === 0) return;
    const { lsn } = record;
    const changes = this.#context.voter.store.history.changesOf(record);
    this.#recent[lsn % recentRecords] = { lsn, changes };
    const mark = (watcher: Watcher) => {
      watcher.mark(lsn);
      this.#due.add(watcher);
    };
    for (const { key } of changes) this.#index.visit(key, mark);
  }

  /** Wakes whom something was applied for. */
  step(): void {
    const { changesFloorLsn } = this.#context.voter;
    if (changesFloorLsn !== this.#floorLsn) this.#forgetUpTo(changesFloorLsn);
    this.#followStore();
    if (this.#due.size === 0) return;
    const due = [...this.#due];
    this.#due.clear();
    for (const watcher of due) watcher.wake();
    if (this.#all.size === 0) this.#forgetUpTo(Infinity);
  }

  /** A snapshot took the place of the log: what lies between is not known to who watched before. */
  #followStore(): void {
    const { store } = this.#context.voter;
    if (store === this.#store) return;
    this.#store = store;
    this.endAll();
  }

  #forgetUpTo(lsn: number): void {
    this.#floorLsn = this.#context.voter.changesFloorLsn;
    for (const [index, recent] of this.#recent.entries()) {
      if (recent !== undefined && recent.lsn <= lsn) this.#recent[index] = undefined;
    }
  }

  /** Clients go on at other nodes. */
  endAll(): void {
    for (const watcher of [...this.#all]) watcher.close();
  }
}
