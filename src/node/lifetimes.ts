/**
 * What an active master writes because time goes on (DESIGN.md §3): an end for keys and sessions whose
 * lifetime has ended, and a `tick` where nobody else writes, so that the log's time does not stand still over
 * a restart. One batch at a time: the next one when it is applied.
 */
import type { Limits } from '../core/limits.ts';
import type { ActiveMaster } from '../core/master.ts';
import type { Command } from '../core/record.ts';

/** Ended keys, and sessions, in one batch: so much of a backlog may stand before the writes of clients. */
const expireMax = 512;

export class Lifetimes {
  readonly #master: ActiveMaster;
  readonly #limits: Limits;
  /** The last record of the batch under way. */
  #openLsn = 0;

  constructor(master: ActiveMaster, limits: Limits) {
    this.#master = master;
    this.#limits = limits;
  }

  /** What is due now; whoever takes it proposes it, and says so to `onProposed`. */
  take(nowMs: number): Command[] {
    const { store } = this.#master.voter;
    const nextMs = this.#nextMs();
    if (nextMs === Infinity || store.appliedLsn < this.#openLsn) return [];
    const logTimeMs = this.#master.logTimeMs(nowMs);
    if (nextMs <= logTimeMs) {
      const keys = store.expired(logTimeMs, expireMax);
      const sessions = store.sessions.expired(logTimeMs, expireMax);
      return [
        ...keys.map(({ key, ttlLsn }) => ({ kind: 'expire', key, ttlLsn }) as const),
        ...sessions.map(({ key, ttlLsn }) => endOf(Number(key), ttlLsn)),
      ];
    }
    const isTickDue = logTimeMs - store.logTimeMs >= this.#limits.tickMs;
    return isTickDue ? [{ kind: 'tick' }] : [];
  }

  #nextMs(): number {
    const { store } = this.#master.voter;
    return Math.min(store.nextExpiryMs(), store.sessions.nextExpiryMs());
  }

  onProposed(lastLsn: number): void {
    this.#openLsn = lastLsn;
  }

  /** What is late already comes with the next batch, which needs no timer. */
  nextWakeMs(nowMs: number): number {
    const { store } = this.#master.voter;
    const nextMs = this.#nextMs();
    if (nextMs === Infinity) return Infinity;
    const dueMs = Math.min(nextMs, store.logTimeMs + this.#limits.tickMs);
    const waitMs = dueMs - this.#master.logTimeMs(nowMs);
    return waitMs > 0 ? nowMs + waitMs : Infinity;
  }
}

function endOf(session: number, ttlLsn: number): Command {
  return { kind: 'session', act: 'expire', session, lock: '', ttlMs: 0, ttlLsn, request: null };
}
