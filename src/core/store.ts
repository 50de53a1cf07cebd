/**
 * The state machine: a deterministic function of the log (DESIGN.md §3). Conditions, idempotency and
 * expiry are evaluated here, in log order, from the record alone: no clock, no randomness, no option
 * that could differ between nodes. Equal appliedLsn means equal state (I9), which `hash` shows.
 */
import type { Deadline } from './deadlines.ts';
import { Entries, type Entry, type EntryContent, entryOf } from './entries.ts';
import { assert } from './errors.ts';
import { History } from './history.ts';
import type { KeyRange } from './key-range.ts';
import { type DedupeWindow, dedupeWindow } from './limits.ts';
import type { TxnCommand } from './operations.ts';
import type { DeleteCommand, Mutation, PutCommand, Record } from './record.ts';
import { type Remembered, Requests } from './requests.ts';
import type { Result } from './result.ts';
import type { SessionCommand } from './session-command.ts';
import { type FrozenSessions, type Lock, type Session, Sessions } from './sessions.ts';
import { hashOfState } from './state-hash.ts';
import { conditionHolds, evaluateTxn } from './transaction.ts';

export type { Entry, EntryContent } from './entries.ts';
export type { Remembered } from './requests.ts';
export type { Result } from './result.ts';

/** Everything that a snapshot holds of a store. */
export interface FrozenStore {
  readonly appliedLsn: number;
  readonly logTimeMs: number;
  readonly forgottenLsn: number;
  readonly hash: number;
  readonly entries: ReadonlyMap<string, Entry>;
  readonly requests: ReadonlyMap<string, Remembered>;
  readonly sessions: FrozenSessions;
}

export class Store {
  appliedLsn = 0;
  /** The log's time at `appliedLsn`. */
  logTimeMs = 0;
  /** What the applied records changed, for watches. No part of the state: it begins at a snapshot. */
  readonly history: History;
  readonly #entries = new Entries();
  readonly #requests: Requests;
  readonly #sessions = new Sessions();

  constructor(window: DedupeWindow = dedupeWindow, history = new History()) {
    this.#requests = new Requests(window);
    this.history = history;
  }

  /** A key whose lifetime has ended in log time is absent, though its `expire` record is to come. */
  get(key: string): Entry | undefined {
    return this.#live(this.#entries.get(key));
  }

  /** What is there of a key, though its lifetime may have ended. */
  held(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  #live(entry: Entry | undefined): Entry | undefined {
    if (entry === undefined || entry.expiresAtMs === 0) return entry;
    return entry.expiresAtMs > this.logTimeMs ? entry : undefined;
  }

  get keyCount(): number {
    return this.#entries.size;
  }

  /** Size of keys, values and overhead, bytes. */
  get memoryBytes(): number {
    return this.#entries.memoryBytes + this.#sessions.memoryBytes;
  }

  /** Of all that a snapshot holds. */
  get hash(): number {
    const pieces = (this.#entries.hash + this.#requests.hash + this.#sessions.hash) >>> 0;
    return hashOfState(pieces, this);
  }

  get sessions(): Omit<Sessions, 'apply' | 'attach'> {
    return this.#sessions;
  }

  /** Requests at or below this lsn may have been forgotten. */
  get forgottenLsn(): number {
    return this.#requests.forgottenLsn;
  }

  /** The first result of a request that is still remembered. */
  remembered(requestId: string): Remembered | undefined {
    return this.#requests.get(requestId);
  }

  /** Keys in the order of their bytes. Nothing may be applied while they are read. */
  keysIn(range: KeyRange, isReverse = false): Generator<string, void, void> {
    return this.#entries.keysIn(range, isReverse);
  }

  /** When the first of all lifetimes ends, in log time; Infinity where no key has one. */
  nextExpiryMs(): number {
    return this.#entries.nextExpiryMs();
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
    return this.#entries.expired(logTimeMs, countMax);
  }

  /** See `Entries`. */
  ownValues(trimmedLsn: number, count: number): void {
    this.#entries.ownValues(trimmedLsn, count);
  }

  /**
   * Applies the next record. The result is null for records that no client waits for. A value is
   * kept as it is, often a view of its batch, which the log holds anyway: see `ownValues`.
   */
  apply(record: Record): Result | null {
    assert(
      record.lsn === this.appliedLsn + 1,
      () => `applied ${record.lsn} after ${this.appliedLsn}`,
    );
    this.appliedLsn = record.lsn;
    this.logTimeMs = Math.max(this.logTimeMs, record.logTimeMs);
    const { command } = record;
    switch (command.kind) {
      case 'put':
      case 'delete':
      case 'txn':
      case 'session': {
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
    const answer = this.#requests.answerTo(request);
    if (answer !== null) return answer;
    const result = this.#change(record, command);
    const { payloadHash } = request;
    this.#requests.remember(request.id, { lsn: record.lsn, payloadHash, result });
    return result;
  }

  #change(record: Record, command: Mutation): Result {
    if (command.kind === 'txn') return this.#transact(record, command);
    if (command.kind === 'session') return this.#hold(record, command);
    const held = this.#entries.get(command.key);
    const entry = this.#live(held);
    if (!conditionHolds(command.condition, entry)) {
      return { status: 'precondition-failed', revision: entry?.revision ?? 0 };
    }
    if (command.kind === 'delete') return this.#delete(record, command, entry);
    this.#put(record, command, held);
    if (held !== undefined && entry === undefined) this.#tellEndBefore(record, command);
    return { status: entry === undefined ? 'created' : 'updated', revision: record.lsn };
  }

  #put(record: Record, command: PutCommand, held: Entry | undefined): void {
    const { key, value, contentType, ttlMs } = command;
    const entry = entryOf(key, {
      value,
      contentType,
      revision: record.lsn,
      expiresAtMs: ttlMs > 0 ? this.logTimeMs + ttlMs : 0,
      ttlLsn: ttlMs > 0 ? record.lsn : 0,
      session: 0,
    });
    this.#set(key, entry, held);
  }

  /** Its lifetime had ended, and the record that would have said so finds another value. */
  #tellEndBefore({ lsn: revision }: Record, { key, value, contentType }: PutCommand): void {
    this.history.except(revision, [
      { kind: 'expire', key, revision },
      { kind: 'put', key, revision, value, contentType },
    ]);
  }

  #set(key: string, entry: Entry, held: Entry | undefined): void {
    this.#entries.set(key, entry, held);
    this.#sessions.attach(key, held?.session ?? 0, entry.session);
  }

  #remove(key: string, entry: Entry): void {
    this.#entries.remove(key, entry);
    this.#sessions.attach(key, entry.session, 0);
  }

  #delete(record: Record, command: DeleteCommand, entry: Entry | undefined): Result {
    if (entry === undefined) return { status: 'not-found', revision: 0 };
    this.#remove(command.key, entry);
    return { status: 'deleted', revision: record.lsn };
  }

  #transact(record: Record, command: TxnCommand): Result {
    const { result, writes, changes } = evaluateTxn(record, command, this);
    for (const [key, entry] of writes) {
      const held = this.#entries.get(key);
      if (entry !== null) this.#set(key, entry, held);
      else if (held !== undefined) this.#remove(key, held);
    }
    this.history.except(record.lsn, changes);
    return result;
  }

  /** Sessions and locks; what is attached to a session goes before it. */
  #hold(record: Record, command: SessionCommand): Result {
    if (this.#sessions.isEndedBy(command)) {
      const kind = command.act === 'expire' ? 'expire' : 'delete';
      const keys = [...this.#sessions.keysOf(command.session)];
      const revision = record.lsn;
      this.history.except(
        revision,
        keys.map((key) => ({ kind, key, revision })),
      );
      for (const key of keys) {
        const entry = this.#entries.get(key);
        if (entry !== undefined) this.#remove(key, entry);
      }
    }
    return this.#sessions.apply(record, command, this.logTimeMs);
  }

  /** A view that stays as it is while records go on being applied: copies the maps, not the values. */
  freeze(): FrozenStore {
    const { appliedLsn, logTimeMs, forgottenLsn, hash } = this;
    return {
      appliedLsn,
      logTimeMs,
      forgottenLsn,
      hash,
      entries: this.#entries.freeze(),
      requests: this.#requests.freeze(),
      sessions: this.#sessions.freeze(),
    };
  }

  // ── from a snapshot: piece by piece, as all at once would be a pause ──────────────────────────

  /** Before all else: where it stands. */
  restorePlace(place: Pick<FrozenStore, 'appliedLsn' | 'logTimeMs' | 'forgottenLsn'>): void {
    assert(this.appliedLsn === 0 && this.keyCount === 0, 'only an empty store is restored');
    this.appliedLsn = place.appliedLsn;
    this.logTimeMs = place.logTimeMs;
    this.#requests.forgottenLsn = place.forgottenLsn;
  }

  restoreSession(id: number, session: Session): void {
    this.#sessions.restore(id, session);
  }

  restoreLock(name: string, lock: Lock): void {
    this.#sessions.restoreLock(name, lock);
  }

  /** Behind the session that it ends with. */
  restoreEntry(key: string, content: EntryContent): void {
    this.#set(key, entryOf(key, content), this.#entries.get(key));
  }

  /** In the order of their lsns. */
  restoreRequest(id: string, remembered: Remembered): void {
    this.#requests.restore(id, remembered);
  }
}
