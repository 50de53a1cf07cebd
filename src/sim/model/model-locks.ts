/**
 * Sessions and locks once more, written as plainly as they can be told (DESIGN.md §6, sessions and
 * locks): what `core/sessions.ts` is compared with. No index, no hash, no bound.
 */
import type { Result } from '../../core/result.ts';
import type { SessionCommand } from '../../core/session-command.ts';

export interface ModelSession {
  readonly ttlMs: number;
  readonly expiresAtMs: number;
  readonly ttlLsn: number;
  readonly madeFor: string;
}

export interface ModelLock {
  readonly token: number;
  readonly queue: readonly number[];
}

export class ModelLocks {
  readonly sessions = new Map<number, ModelSession>();
  readonly locks = new Map<string, ModelLock>();
  /** Of all locks that there ever were. */
  readonly names = new Set<string>();
  /** Sessions that the last command ended. */
  ended: number[] = [];

  apply(lsn: number, logTimeMs: number, command: SessionCommand): Result {
    this.ended = [];
    const { act, lock: name, ttlMs } = command;
    const makes = act === 'create' || (act === 'acquire' && command.session === 0);
    const id = makes ? lsn : command.session;
    if (makes) {
      const expiresAtMs = logTimeMs + ttlMs;
      this.sessions.set(id, { ttlMs, expiresAtMs, ttlLsn: lsn, madeFor: name });
    }
    const session = this.sessions.get(id);
    if (session === undefined) return { status: 'no-session', revision: 0 };
    switch (act) {
      case 'create':
        return { status: 'created', revision: lsn };
      case 'keep-alive':
        this.#renew(id, lsn, logTimeMs);
        return { status: 'updated', revision: lsn };
      case 'revoke':
        return this.#end(id, lsn, logTimeMs);
      case 'expire':
        if (session.ttlLsn !== command.ttlLsn) return { status: 'not-found', revision: 0 };
        return this.#end(id, lsn, logTimeMs);
      case 'acquire':
        return this.#acquire(name, id, lsn);
      case 'leave':
      case 'release':
        return this.#giveUp(act, name, id, lsn, logTimeMs);
    }
  }

  #renew(id: number, lsn: number, logTimeMs: number): void {
    const session = this.sessions.get(id);
    if (session === undefined) return;
    const expiresAtMs = logTimeMs + session.ttlMs;
    this.sessions.set(id, { ...session, expiresAtMs, ttlLsn: lsn });
  }

  #end(id: number, lsn: number, logTimeMs: number): Result {
    this.sessions.delete(id);
    this.ended.push(id);
    for (const [name, { queue }] of [...this.locks]) {
      if (queue.includes(id)) this.#leave(name, id, lsn, logTimeMs);
    }
    return { status: 'deleted', revision: lsn };
  }

  #acquire(name: string, id: number, lsn: number): Result {
    this.names.add(name);
    const lock = this.locks.get(name);
    if (lock === undefined) {
      this.locks.set(name, { token: lsn, queue: [id] });
      return { status: 'acquired', revision: lsn };
    }
    if (lock.queue[0] === id) return { status: 'acquired', revision: lock.token };
    const queue = lock.queue.includes(id) ? lock.queue : [...lock.queue, id];
    this.locks.set(name, { ...lock, queue });
    return { status: 'queued', revision: lsn };
  }

  #giveUp(act: string, name: string, id: number, lsn: number, logTimeMs: number): Result {
    const lock = this.locks.get(name);
    if (!lock?.queue.includes(id)) return { status: 'not-found', revision: 0 };
    const isOwner = lock.queue[0] === id;
    if (act === 'leave' && isOwner) return { status: 'acquired', revision: lock.token };
    if (this.sessions.get(id)?.madeFor === name) return this.#end(id, lsn, logTimeMs);
    this.#leave(name, id, lsn, logTimeMs);
    return { status: 'deleted', revision: lsn };
  }

  /** Whoever is the first now owns the lock, with a new token and its whole lifetime. */
  #leave(name: string, id: number, lsn: number, logTimeMs: number): void {
    const { token, queue } = this.locks.get(name) ?? { token: 0, queue: [] };
    const left = queue.filter((other) => other !== id);
    const [owner] = left;
    if (owner === undefined) {
      this.locks.delete(name);
      return;
    }
    const isNew = owner !== queue[0];
    this.locks.set(name, { token: isNew ? lsn : token, queue: left });
    if (isNew) this.#renew(owner, lsn, logTimeMs);
  }
}
