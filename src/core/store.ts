/**
 * The state machine: a deterministic function of the log (DESIGN.md §3). Conditions, idempotency and
 * expiry are evaluated here, in log order, from the record alone: no clock, no randomness, no option
 * that could differ between nodes. Equal appliedLsn means equal state (I9), which `hash` shows.
 */
import { type Deadline, DeadlineQueue } from './deadlines.ts';
import { assert } from './errors.ts';
import { History } from './history.ts';
import { KeyIndex } from './key-index.ts';
import type { KeyRange } from './key-range.ts';
import { type DedupeWindow, dedupeWindow } from './limits.ts';
import type {
  Condition,
  DeleteCommand,
  Mutation,
  PutCommand,
  Record,
  RequestTag,
} from './record.ts';

export interface Entry {
  readonly value: Uint8Array;
  readonly contentType: string;
  /** lsn of the key's last change. */
  readonly revision: number;
  /** Log time at which it may be expired; 0 for never. */
  readonly expiresAtMs: number;
  /** lsn of the record that set the lifetime; 0 where there is none. */
  readonly ttlLsn: number;
  /** Share of the state hash. */
  readonly hash: number;
}

/** How applying a mutation ended; remembered with its idempotency key. */
export interface Result {
  readonly status:
    | 'created'
    | 'updated'
    | 'deleted'
    | 'not-found'
    | 'precondition-failed'
    | 'request-mismatch'
    | 'request-forgotten';
  /** lsn of the change; for a failed precondition the key's revision, 0 where it is absent. */
  readonly revision: number;
}

/** A remembered idempotency key. */
export interface Remembered {
  readonly lsn: number;
  readonly payloadHash: number;
  readonly result: Result;
}

/** Everything that a snapshot holds of a store. */
export interface FrozenStore {
  readonly appliedLsn: number;
  readonly logTimeMs: number;
  readonly forgottenLsn: number;
  readonly hash: number;
  readonly entries: ReadonlyMap<string, Entry>;
  readonly requests: ReadonlyMap<string, Remembered>;
}

/** Rough cost of an entry in memory beside its key and value, bytes. */
const entryOverheadBytes = 160;

export class Store {
  appliedLsn = 0;
  /** The log's time at `appliedLsn`. */
  logTimeMs = 0;
  /** Size of keys, values and overhead, bytes. */
  memoryBytes = 0;
  /** Sum of the hashes of all entries and remembered requests, modulo 2^32. */
  hash = 0;
  /** Requests at or below this lsn may have been forgotten. */
  forgottenLsn = 0;
  /** What the applied records changed, for watches. No part of the state: it begins at a snapshot. */
  readonly history = new History();
  #entries = new Map<string, Entry>();
  /** Where `ownValues` is on its way through the entries. */
  #sweep = this.#entries.entries();
  /** The keys of `#entries`, in order. */
  #index = new KeyIndex();
  /** In the order of their lsns, so the first is the oldest. */
  #requests = new Map<string, Remembered>();
  #requestBytes = 0;
  readonly #lifetimes = new DeadlineQueue(({ key, ttlLsn, atMs }) => {
    const entry = this.#entries.get(key);
    return entry?.ttlLsn === ttlLsn && entry.expiresAtMs === atMs;
  });
  readonly #window: DedupeWindow;

  constructor(window: DedupeWindow = dedupeWindow) {
    this.#window = window;
  }

  /** A key whose lifetime has ended in log time is absent, though its `expire` record is to come. */
  get(key: string): Entry | undefined {
    return this.#live(this.#entries.get(key));
  }

  #live(entry: Entry | undefined): Entry | undefined {
    if (entry === undefined || entry.expiresAtMs === 0) return entry;
    return entry.expiresAtMs > this.logTimeMs ? entry : undefined;
  }

  /** When the first of all lifetimes ends, in log time; Infinity where no key has one. */
  nextExpiryMs(): number {
    return this.#lifetimes.nextMs();
  }

  /**
   * Up to this log time no key is shown after its lifetime. A read that must not show one at a later
   * time waits for a record that carries it.
   */
  get timelyUntilMs(): number {
    return Math.max(this.logTimeMs, this.nextExpiryMs() - 1);
  }

  /** Lifetimes that have ended at `logTimeMs`: the first `countMax` of those to be expired. */
  expired(logTimeMs: number, countMax: number): Deadline[] {
    return this.#lifetimes.due(logTimeMs, countMax);
  }

  get keyCount(): number {
    return this.#entries.size;
  }

  /** Keys in the order of their bytes. Nothing may be applied while they are read. */
  keysIn(range: KeyRange, isReverse: boolean): Generator<string, void, void> {
    return isReverse ? this.#index.descending(range) : this.#index.ascending(range);
  }

  /** The first result of a request that is still remembered. */
  remembered(requestId: string): Remembered | undefined {
    return this.#requests.get(requestId);
  }

  /**
   * Applies the next record. The result is null for records that no client waits for. A value is
   * kept as it is, often a view of its batch, which the log holds anyway: see `ownValues`.
   */
  apply(record: Record): Result | null {
    assert(record.lsn === this.appliedLsn + 1, `applied ${record.lsn} after ${this.appliedLsn}`);
    this.appliedLsn = record.lsn;
    this.logTimeMs = Math.max(this.logTimeMs, record.logTimeMs);
    const { command } = record;
    switch (command.kind) {
      case 'put':
      case 'delete': {
        const result = this.#mutate(record, command);
        if (result.revision !== record.lsn) this.history.except(record.lsn);
        return result;
      }
      case 'expire': {
        const entry = this.#entries.get(command.key);
        if (entry?.ttlLsn === command.ttlLsn) this.#remove(command.key, entry);
        else this.history.except(record.lsn);
        return null;
      }
      case 'config':
      case 'epoch-start':
      case 'tick':
        return null;
    }
  }

  #mutate(record: Record, command: Mutation): Result {
    const { request } = command;
    if (request === null) return this.#change(record, command);
    const known = this.#requests.get(request.id);
    if (known !== undefined) {
      return known.payloadHash === request.payloadHash
        ? known.result
        : { status: 'request-mismatch', revision: known.lsn };
    }
    // A key made before the window begins may have run and been forgotten: never run it again.
    if (request.keyRevision > 0 && request.keyRevision < this.forgottenLsn) {
      return { status: 'request-forgotten', revision: this.forgottenLsn };
    }
    const result = this.#change(record, command);
    this.#remember(record, request, result);
    return result;
  }

  #change(record: Record, command: Mutation): Result {
    const held = this.#entries.get(command.key);
    const entry = this.#live(held);
    if (!conditionHolds(command.condition, entry)) {
      return { status: 'precondition-failed', revision: entry?.revision ?? 0 };
    }
    if (command.kind === 'delete') return this.#delete(record, command, entry);
    this.#put(record, command, held);
    return { status: entry === undefined ? 'created' : 'updated', revision: record.lsn };
  }

  #put(record: Record, command: PutCommand, old: Entry | undefined): void {
    const { key, value, contentType, ttlMs } = command;
    if (old === undefined) this.#index.add(key);
    else this.#forgetEntry(key, old);
    const entry: Entry = {
      value,
      contentType,
      revision: record.lsn,
      expiresAtMs: ttlMs > 0 ? this.logTimeMs + ttlMs : 0,
      ttlLsn: ttlMs > 0 ? record.lsn : 0,
      hash: record.crc,
    };
    this.#entries.set(key, entry);
    this.memoryBytes += entryBytes(key, entry);
    this.hash = (this.hash + entry.hash) >>> 0;
    if (ttlMs > 0) this.#lifetimes.push({ atMs: entry.expiresAtMs, key, ttlLsn: entry.ttlLsn });
  }

  /**
   * Gives values a buffer of their own where the log has forgotten the batch that they are a view of,
   * which they would keep alive: those at or below `trimmedLsn`. Looks at `count` entries, going on
   * where it stopped: a look at all of them at once would be a pause. Most values are replaced
   * before, so most are never copied.
   */
  ownValues(trimmedLsn: number, count: number): void {
    for (let seen = 0; seen < count; seen += 1) {
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = this.#entries.entries();
        return;
      }
      const [key, entry] = next.value;
      const isView = entry.value.byteLength < entry.value.buffer.byteLength;
      if (entry.revision <= trimmedLsn && isView) {
        this.#entries.set(key, { ...entry, value: entry.value.slice() });
      }
    }
  }

  #delete(record: Record, command: DeleteCommand, old: Entry | undefined): Result {
    if (old === undefined) return { status: 'not-found', revision: 0 };
    this.#remove(command.key, old);
    return { status: 'deleted', revision: record.lsn };
  }

  #remove(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#index.delete(key);
    this.#forgetEntry(key, entry);
  }

  #forgetEntry(key: string, entry: Entry): void {
    this.memoryBytes -= entryBytes(key, entry);
    this.hash = (this.hash - entry.hash) >>> 0;
  }

  #remember(record: Record, request: RequestTag, result: Result): void {
    const { payloadHash } = request;
    this.#requests.set(request.id, { lsn: record.lsn, payloadHash, result });
    this.#requestBytes += requestBytes(request.id);
    this.hash = (this.hash + requestHash(record.lsn, payloadHash)) >>> 0;
    for (const [id, oldest] of this.#requests) {
      const full =
        this.#requests.size > this.#window.recordsMax || this.#requestBytes > this.#window.bytesMax;
      if (!full) break;
      this.#requests.delete(id);
      this.#requestBytes -= requestBytes(id);
      this.hash = (this.hash - requestHash(oldest.lsn, oldest.payloadHash)) >>> 0;
      this.forgottenLsn = oldest.lsn;
    }
  }

  /** A view that stays as it is while records go on being applied: copies the maps, not the values. */
  freeze(): FrozenStore {
    const { appliedLsn, logTimeMs, forgottenLsn, hash } = this;
    return {
      appliedLsn,
      logTimeMs,
      forgottenLsn,
      hash,
      entries: new Map(this.#entries),
      requests: new Map(this.#requests),
    };
  }

  /** A store with the contents of a snapshot, which it takes over; `index` holds its keys. */
  static thaw(
    frozen: FrozenStore,
    window: DedupeWindow = dedupeWindow,
    index: KeyIndex = KeyIndex.of(frozen.entries.keys()),
  ): Store {
    const store = new Store(window);
    store.#index = index;
    store.appliedLsn = frozen.appliedLsn;
    store.logTimeMs = frozen.logTimeMs;
    store.forgottenLsn = frozen.forgottenLsn;
    store.#entries = new Map(frozen.entries);
    store.#sweep = store.#entries.entries();
    store.#requests = new Map(frozen.requests);
    for (const [key, entry] of frozen.entries) {
      const { expiresAtMs: atMs, ttlLsn } = entry;
      if (atMs > 0) store.#lifetimes.push({ atMs, key, ttlLsn });
      store.memoryBytes += entryBytes(key, entry);
      store.hash = (store.hash + entry.hash) >>> 0;
    }
    for (const [id, { lsn, payloadHash }] of frozen.requests) {
      store.#requestBytes += requestBytes(id);
      store.hash = (store.hash + requestHash(lsn, payloadHash)) >>> 0;
    }
    assert(store.hash === frozen.hash, 'a snapshot does not have the hash that it names');
    return store;
  }
}

function conditionHolds(condition: Condition, entry: Entry | undefined): boolean {
  if (condition === 'none') return true;
  if (condition === 'absent') return entry === undefined;
  if (condition === 'present') return entry !== undefined;
  return entry?.revision === condition;
}

function entryBytes(key: string, entry: Entry): number {
  return key.length + entry.value.length + entry.contentType.length + entryOverheadBytes;
}

function requestBytes(id: string): number {
  return id.length + entryOverheadBytes;
}

function requestHash(lsn: number, payloadHash: number): number {
  return Math.imul(lsn ^ payloadHash, 0x9e3779b1) >>> 0;
}
