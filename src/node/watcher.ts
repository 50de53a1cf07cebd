/**
 * One watch: a place in the log. It holds no events: the log's tail is the buffer of all watches
 * together, and what a watch is told is read from there when its client takes it. So a slow client
 * costs nothing but its place, and one that falls behind the tail is cut off, to begin anew.
 *
 * A watch that begins with a snapshot tells what is there in pages, in the order of the keys, while
 * records go on being applied: a key that changes meanwhile is left out, because the changes since
 * the snapshot's revision are told next. With `synced` the client holds exactly what was there at
 * that revision, and from then on every change, once, in order.
 */
import type { Change } from '../core/history.ts';
import { type KeyRange, prefixRange } from '../core/key-range.ts';
import { listPage } from '../core/list-page.ts';
import type { Store } from '../core/store.ts';
import type { Voter } from '../core/voter.ts';

/** One key, or all that begin with a prefix. */
export type WatchScope =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'prefix'; readonly prefix: string };

export type WatchEvent =
  | {
      readonly kind: 'change';
      readonly change: Change;
      /**
       * A watch that goes on from this revision misses nothing and is told nothing twice; null
       * before `synced`, and between the changes of one transaction.
       */
      readonly resumeFrom: number | null;
    }
  /** All that is true at `revision` was told. */
  | { readonly kind: 'synced'; readonly revision: number }
  /** What was known is void: the changes since then are not here any more. A snapshot follows. */
  | { readonly kind: 'reset'; readonly revision: number };

export interface WatchBatch {
  readonly events: readonly WatchEvent[];
  /** More is to be told at once: nothing will announce it. */
  readonly hasMore: boolean;
}

export interface Watch {
  /** The watch asked to go on from a revision that is not here (any more): `reset` comes first. */
  readonly isReset: boolean;
  /** Nothing more will come: cut off, or the node is stopping. Resume at any node. */
  readonly isOver: boolean;
  /** All that lies in its scope up to here was told. */
  readonly revision: number;
  /** What there is to tell now, up to about `bytesMax`, never half a transaction. */
  take(bytesMax: number): WatchBatch;
  /** Calls back once, as soon as there may be something to take or all is over; only the last one. */
  onReady(ready: () => void): void;
  /** Idempotent. */
  close(): void;
}

export interface WatcherOptions {
  readonly voter: Voter;
  readonly scope: WatchScope;
  /** Tells what changes after this revision; null begins with a snapshot. */
  readonly from: number | null;
  readonly isReset: boolean;
  /** As `Voter.changesAt`. */
  readonly changesAt: (lsn: number) => readonly Change[] | undefined;
  readonly onClosed: (watcher: Watcher) => void;
}

/** Records looked at in one go, and entries of one page of a snapshot: a bound on time. */
const recordsMax = 1000;
/** What a change without a value counts, bytes. */
const changeBytes = 100;

export class Watcher implements Watch {
  readonly scope: WatchScope;
  readonly isReset: boolean;
  isOver = false;
  readonly #options: WatcherOptions;
  /** Another one in its place came with a snapshot: what lies between is not known here. */
  readonly #store: Store;
  /** Told up to here; where nothing waits, up to what is applied. */
  #toldLsn: number;
  /** Something in scope was applied behind `#toldLsn`. */
  #isBehind = true;
  #isSynced: boolean;
  #saidReset = false;
  /** The next page of the snapshot; null when there is none (left). */
  #snapshot: { readonly after: string | null } | null;
  #ready: (() => void) | null = null;

  constructor(options: WatcherOptions) {
    const { voter, scope, from, isReset } = options;
    this.#options = options;
    this.#store = voter.store;
    this.scope = scope;
    this.isReset = isReset;
    const needsSnapshot = from === null || isReset;
    this.#toldLsn = needsSnapshot ? voter.store.appliedLsn : from;
    this.#snapshot = needsSnapshot ? { after: null } : null;
    this.#isSynced = false;
  }

  get revision(): number {
    return this.#isBehind ? this.#toldLsn : this.#store.appliedLsn;
  }

  /** Record `lsn`, which was just applied, changed something in scope. */
  mark(lsn: number): void {
    if (this.#isBehind) return;
    this.#isBehind = true;
    this.#toldLsn = lsn - 1;
  }

  wake(): void {
    const ready = this.#ready;
    this.#ready = null;
    ready?.();
  }

  onReady(ready: () => void): void {
    this.#ready = ready;
    if (this.#isBehind || this.isOver) this.wake();
  }

  close(): void {
    if (this.isOver) return;
    // Nobody marks it any more: what is applied from now on is behind it.
    this.#toldLsn = this.revision;
    this.#isBehind = true;
    this.isOver = true;
    this.#options.onClosed(this);
    this.wake();
  }

  take(bytesMax: number): WatchBatch {
    const events: WatchEvent[] = [];
    if (this.#options.voter.store !== this.#store) this.close();
    if (this.isOver) return { events, hasMore: false };
    if (this.isReset && !this.#saidReset) {
      this.#saidReset = true;
      events.push({ kind: 'reset', revision: this.#toldLsn });
    }
    if (this.#snapshot === null) this.#takeChanges(events, bytesMax);
    else this.#takePage(events, this.#snapshot.after, bytesMax);
    return { events, hasMore: this.#isBehind && !this.isOver };
  }

  #takePage(events: WatchEvent[], after: string | null, bytesMax: number): void {
    const range = rangeOf(this.scope);
    const shape = { isReverse: false, limit: recordsMax, hasValues: true };
    const { entries, next } = listPage(this.#store, { range, after, bytesMax, ...shape });
    for (const { key, value, contentType, revision } of entries) {
      if (revision > this.#toldLsn) continue;
      const change = { kind: 'put', key, revision, value, contentType } as const;
      events.push({ kind: 'change', change, resumeFrom: null });
    }
    this.#snapshot = next === null ? null : { after: next };
    if (next === null) this.#takeChanges(events, bytesMax);
  }

  #takeChanges(events: WatchEvent[], bytesMax: number): void {
    const { appliedLsn } = this.#store;
    // Nothing in scope was applied since: those records need not be looked at.
    if (!this.#isBehind) this.#toldLsn = appliedLsn;
    const stopLsn = Math.min(appliedLsn, this.#toldLsn + recordsMax);
    let bytes = 0;
    while (this.#toldLsn < stopLsn && bytes < bytesMax) {
      const changes = this.#options.changesAt(this.#toldLsn + 1);
      if (changes === undefined) return this.close();
      this.#toldLsn += 1;
      bytes += this.#tell(events, changes);
    }
    this.#isBehind = this.#toldLsn < appliedLsn;
    if (this.#isBehind || this.#isSynced) return;
    this.#isSynced = true;
    events.push({ kind: 'synced', revision: appliedLsn });
  }

  /** The changes of one record that are in scope; returns their size, bytes. */
  #tell(events: WatchEvent[], changes: readonly Change[]): number {
    const told = changes.filter(({ key }) => isInScope(this.scope, key));
    const mayResume = this.#isSynced || this.#isResumed;
    let bytes = 0;
    for (const [index, change] of told.entries()) {
      const isLast = index === told.length - 1;
      const resumeFrom = isLast && mayResume ? change.revision : null;
      events.push({ kind: 'change', change, resumeFrom });
      bytes += changeBytes + change.key.length + (change.kind === 'put' ? change.value.length : 0);
    }
    return bytes;
  }

  /** It began with changes: its client has what was there before. */
  get #isResumed(): boolean {
    return this.#options.from !== null && !this.isReset;
  }
}

function isInScope(scope: WatchScope, key: string): boolean {
  return scope.kind === 'key' ? key === scope.key : key.startsWith(scope.prefix);
}

function rangeOf(scope: WatchScope): KeyRange {
  if (scope.kind === 'prefix') return prefixRange(scope.prefix);
  // There is no key between one and itself with a zero byte behind.
  return { start: scope.key, end: `${scope.key}\0` };
}
