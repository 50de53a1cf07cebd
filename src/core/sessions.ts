/**
 * Sessions and locks: part of the state machine, so they survive a failover as keys do, and a repeated
 * request changes nothing. A session is named by the lsn that made it, lives for `ttlMs` of log time
 * after each keep-alive, and ends with a record of its own; then the keys attached to it are removed
 * and its places in the queues of locks are given up.
 *
 * A lock is a queue of sessions in the order in which they came; the first one owns it. Its fencing
 * token is the lsn of the record by which it became the first, so a later owner's is higher. What a
 * lock protects must refuse tokens lower than one that it has seen: no lock service can know that an
 * owner which is paused has stopped (M. Kleppmann, "How to do distributed locking", 2016).
 */
import { type Deadline, DeadlineQueue } from './deadlines.ts';
import type { Record } from './record.ts';
import type { Result } from './result.ts';
import type { SessionCommand } from './session-command.ts';
import { mixNumber, mixText } from './state-hash.ts';

export interface Session {
  readonly ttlMs: number;
  readonly expiresAtMs: number;
  /** lsn of the record that set the lifetime. */
  readonly ttlLsn: number;
  /** The lock that it was made for and ends with; '' for one that was made on its own. */
  readonly madeFor: string;
}

export interface Lock {
  /** lsn by which the first of the queue became the first. */
  readonly token: number;
  /** Never empty. */
  readonly queue: readonly number[];
}

export interface FrozenSessions {
  readonly sessions: ReadonlyMap<number, Session>;
  readonly locks: ReadonlyMap<string, Lock>;
}

/** Bounds of the format, the same on all nodes. */
export const sessionKeysMax = 10_000;
export const lockQueueMax = 1000;

/** Rough cost in memory, bytes: measured on the heap, and no part of the state. */
const sessionBytes = 512;
const lockBytes = 128;
const placeBytes = 64;

export class Sessions {
  /** Sum of the hashes of all sessions and locks, modulo 2^32. */
  hash = 0;
  memoryBytes = 0;
  /** lsn of the last record that changed a lock or ended a session. */
  changedLsn = 0;
  readonly #sessions = new Map<number, Session>();
  readonly #locks = new Map<string, Lock>();
  readonly #keys = new Map<number, Set<string>>();
  readonly #places = new Map<number, Set<string>>();
  readonly #lifetimes = new DeadlineQueue(
    ({ key, ttlLsn }) => this.#sessions.get(Number(key))?.ttlLsn === ttlLsn,
  );

  get(id: number): Session | undefined {
    return this.#sessions.get(id);
  }
  lock(name: string): Lock | undefined {
    return this.#locks.get(name);
  }
  get size(): number {
    return this.#sessions.size;
  }
  get lockCount(): number {
    return this.#locks.size;
  }
  /** Keys that end with the session. */
  keysOf(id: number): ReadonlySet<string> {
    return this.#keys.get(id) ?? none;
  }
  /** Locks that it owns or waits for. */
  locksOf(id: number): ReadonlySet<string> {
    return this.#places.get(id) ?? none;
  }
  nextExpiryMs(): number {
    return this.#lifetimes.nextMs();
  }
  /** `key` is the session. */
  expired(logTimeMs: number, countMax: number): Deadline[] {
    return this.#lifetimes.due(logTimeMs, countMax);
  }

  /** `old` and `now` are the sessions of the key before and after a change of it; 0 for none. */
  attach(key: string, old: number, now: number): void {
    if (old === now) return;
    this.#keys.get(old)?.delete(key);
    if (now !== 0) this.#keys.get(now)?.add(key);
  }

  /** Whoever applies it removes `keysOf` an ended session before. */
  apply({ lsn }: Record, command: SessionCommand, logTimeMs: number): Result {
    const { act, lock, ttlMs } = command;
    if (act === 'create' || (act === 'acquire' && command.session === 0)) {
      this.#set(lsn, { ttlMs, expiresAtMs: logTimeMs + ttlMs, ttlLsn: lsn, madeFor: lock });
      if (act === 'create') return { status: 'created', revision: lsn };
      return this.#acquire(lsn, lock, lsn, logTimeMs);
    }
    const session = this.#sessions.get(command.session);
    if (session === undefined) return { status: 'no-session', revision: 0 };
    switch (act) {
      case 'keep-alive':
        this.#renew(command.session, session, lsn, logTimeMs);
        return { status: 'updated', revision: lsn };
      case 'revoke':
      case 'expire':
        if (!this.isEndedBy(command)) return { status: 'not-found', revision: 0 };
        this.#end(lsn, command.session, logTimeMs);
        return { status: 'deleted', revision: lsn };
      case 'acquire':
        return this.#acquire(lsn, lock, command.session, logTimeMs);
      case 'leave':
      case 'release':
        return this.#giveUp(lsn, command, logTimeMs);
    }
  }

  /** True for one that ends its session, which is there. */
  isEndedBy({ act, session, lock, ttlLsn }: SessionCommand): boolean {
    const known = this.#sessions.get(session);
    if (known === undefined) return false;
    if (act === 'expire') return known.ttlLsn === ttlLsn;
    const place = this.#locks.get(lock)?.queue.indexOf(session) ?? -1;
    const gives = act === 'release' ? place >= 0 : act === 'leave' && place > 0;
    return act === 'revoke' || (gives && known.madeFor === lock);
  }

  #renew(id: number, session: Session, lsn: number, logTimeMs: number): void {
    // Next in several locks of a session that ends, it is renewed for the first of them.
    if (session.ttlLsn === lsn) return;
    this.#set(id, { ...session, expiresAtMs: logTimeMs + session.ttlMs, ttlLsn: lsn });
  }

  #end(lsn: number, id: number, logTimeMs: number): void {
    for (const name of this.locksOf(id)) this.#remove(lsn, name, id, logTimeMs);
    this.#drop(id);
    this.changedLsn = lsn;
  }

  #acquire(lsn: number, name: string, id: number, logTimeMs: number): Result {
    const lock = this.#locks.get(name);
    if (lock === undefined) {
      this.#setLock(name, { token: lsn, queue: [id] });
      this.#placesOf(id).add(name);
      this.changedLsn = lsn;
      return { status: 'acquired', revision: lsn };
    }
    // Asked again, it has what it has: the lock, or its place.
    if (lock.queue[0] === id) return { status: 'acquired', revision: lock.token };
    if (lock.queue.includes(id)) return { status: 'queued', revision: lsn };
    if (lock.queue.length >= lockQueueMax) {
      if (id === lsn) this.#end(lsn, id, logTimeMs);
      return { status: 'queue-full', revision: 0 };
    }
    this.#setLock(name, { ...lock, queue: [...lock.queue, id] });
    this.#placesOf(id).add(name);
    return { status: 'queued', revision: lsn };
  }

  #giveUp(lsn: number, command: SessionCommand, logTimeMs: number): Result {
    const { act, lock: name, session: id } = command;
    const lock = this.#locks.get(name);
    if (lock === undefined || !lock.queue.includes(id)) return { status: 'not-found', revision: 0 };
    if (act === 'leave' && lock.queue[0] === id)
      return { status: 'acquired', revision: lock.token };
    if (this.isEndedBy(command)) this.#end(lsn, id, logTimeMs);
    else this.#remove(lsn, name, id, logTimeMs);
    return { status: 'deleted', revision: lsn };
  }

  #remove(lsn: number, name: string, id: number, logTimeMs: number): void {
    const lock = this.#locks.get(name);
    if (lock === undefined) return;
    const queue = lock.queue.filter((other) => other !== id);
    const [owner] = queue;
    this.#placesOf(id).delete(name);
    this.changedLsn = lsn;
    if (owner === undefined) return this.#setLock(name, null);
    const isNew = owner !== lock.queue[0];
    this.#setLock(name, { token: isNew ? lsn : lock.token, queue });
    // A new owner has its whole lifetime before it, however long it waited.
    const session = this.#sessions.get(owner);
    if (isNew && session !== undefined) this.#renew(owner, session, lsn, logTimeMs);
  }

  #placesOf(id: number): Set<string> {
    const places = this.#places.get(id) ?? new Set();
    this.#places.set(id, places);
    return places;
  }

  #set(id: number, session: Session): void {
    const old = this.#sessions.get(id);
    if (old === undefined) {
      this.memoryBytes += sessionBytes;
      this.#keys.set(id, new Set());
    } else this.#count(-hashOfSession(id, old));
    this.#sessions.set(id, session);
    this.#count(hashOfSession(id, session));
    const { expiresAtMs: atMs, ttlLsn } = session;
    this.#lifetimes.push({ atMs, key: String(id), ttlLsn });
  }

  #drop(id: number): void {
    const old = this.#sessions.get(id);
    if (old === undefined) return;
    this.#sessions.delete(id);
    this.#keys.delete(id);
    this.#places.delete(id);
    this.memoryBytes -= sessionBytes;
    this.#count(-hashOfSession(id, old));
  }

  #setLock(name: string, lock: Lock | null): void {
    const old = this.#locks.get(name);
    if (old !== undefined) {
      this.memoryBytes -= bytesOfLock(name, old);
      this.#count(-hashOfLock(name, old));
    }
    if (lock === null) {
      this.#locks.delete(name);
      return;
    }
    this.#locks.set(name, lock);
    this.memoryBytes += bytesOfLock(name, lock);
    this.#count(hashOfLock(name, lock));
  }

  #count(hash: number): void {
    this.hash = (this.hash + hash) >>> 0;
  }

  /** Copies that stay as they are. */
  freeze(): FrozenSessions {
    return { sessions: new Map(this.#sessions), locks: new Map(this.#locks) };
  }

  /** A session of a snapshot; the keys that end with it are attached later. */
  restore(id: number, session: Session): void {
    this.#set(id, session);
  }

  /** A lock of a snapshot, whose sessions are here. */
  restoreLock(name: string, lock: Lock): void {
    this.#setLock(name, lock);
    for (const id of lock.queue) this.#placesOf(id).add(name);
  }
}

const none: ReadonlySet<string> = new Set();

function bytesOfLock(name: string, { queue }: Lock): number {
  return lockBytes + name.length + queue.length * placeBytes;
}

/** Share of the state hash. */
export function hashOfSession(
  id: number,
  { ttlMs, expiresAtMs, ttlLsn, madeFor }: Session,
): number {
  const hash = mixNumber(mixNumber(mixNumber(mixNumber(1, id), ttlMs), expiresAtMs), ttlLsn);
  return mixText(hash, madeFor);
}

/** Share of the state hash. */
export function hashOfLock(name: string, { token, queue }: Lock): number {
  return queue.reduce(mixNumber, mixNumber(mixText(2, name), token));
}
