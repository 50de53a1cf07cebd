/**
 * What an active master writes because time goes on (DESIGN.md §3): an end for keys and sessions
 * whose lifetime has ended, and a `tick` where nobody else writes, so that the log's time does not
 * stand still over a restart. One batch at a time: the next one when it is applied.
 *
 * Sessions are given the benefit of the doubt. Their ends come behind what clients ask in the same
 * batch: a keep-alive that lay in the queue while the disk was slow came in time, and makes the end
 * void. What came in time and does not fit into the batch holds them up until it is its turn. And
 * where this process itself stood still, they wait until it has heard what came meanwhile.
 */
import type { Limits } from '../core/limits.ts';
import type { ActiveMaster } from '../core/master.ts';
import type { Command } from '../core/record.ts';
import type { Store } from '../core/store.ts';

/** Keys and places in locks that end in one batch, by themselves or with a session. */
const expireMax = 512;

export interface Chores {
  /** To be proposed before the writes of clients. */
  readonly before: readonly Command[];
  /** Sessions are due: behind the writes of clients `takeEnds` is to be proposed. */
  readonly hasEnds: boolean;
}

const none: Chores = Object.freeze({ before: [], hasEnds: false });

export class Lifetimes {
  readonly #master: ActiveMaster;
  readonly #limits: Limits;
  /** The last record of the batch under way. */
  #openLsn = 0;
  /** Since when sessions are due, and until when they are left alone all the same. */
  #sessionsDue: { readonly leaveUntilMs: number } | null = null;

  constructor(master: ActiveMaster, limits: Limits) {
    this.#master = master;
    this.#limits = limits;
  }

  get #store(): Store {
    return this.#master.voter.store;
  }

  /** What is due now; whoever takes it proposes it, and says so to `onProposed`. */
  take(nowMs: number): Chores {
    const store = this.#store;
    const nextMs = this.#nextMs();
    if (store.appliedLsn < this.#openLsn) return none;
    if (nextMs === Infinity) {
      this.#sessionsDue = null;
      return none;
    }
    const logTimeMs = this.#master.logTimeMs(nowMs);
    if (store.sessions.nextExpiryMs() > logTimeMs) this.#sessionsDue = null;
    if (nextMs <= logTimeMs) {
      const before = store
        .expired(logTimeMs, expireMax)
        .map(({ key, ttlLsn }) => ({ kind: 'expire', key, ttlLsn }) as const);
      return { before, hasEnds: this.#mayEndSessions(nowMs, logTimeMs) };
    }
    const isTickDue = logTimeMs - store.logTimeMs >= this.#limits.tickMs;
    return isTickDue ? { before: [{ kind: 'tick' }], hasEnds: false } : none;
  }

  #mayEndSessions(nowMs: number, logTimeMs: number): boolean {
    const lateMs = logTimeMs - this.#store.sessions.nextExpiryMs();
    if (lateMs < 0) return false;
    const { heartbeatMs } = this.#limits;
    // Seen late: nobody was here to see it in time, nor to hear of the session.
    this.#sessionsDue ??= { leaveUntilMs: lateMs > heartbeatMs ? nowMs + heartbeatMs : nowMs };
    return nowMs >= this.#sessionsDue.leaveUntilMs;
  }

  /**
   * The ends of sessions where `take` said that there are some. `waitingSinceMs`: when the oldest
   * write came that is left for the next batch; Infinity where none is. It may be a keep-alive of
   * those that fell due after it, so they are left too. A queue that is never empty keeps nobody
   * alive: what waits is younger some day.
   */
  takeEnds(nowMs: number, waitingSinceMs: number): Command[] {
    if (waitingSinceMs < (this.#sessionsDue?.leaveUntilMs ?? 0)) return [];
    const { sessions } = this.#store;
    const heardMs = this.#master.logTimeMs(Math.min(nowMs, waitingSinceMs));
    const ends: Command[] = [];
    let count = 0;
    // A session ends whole, with all that it has: the last one may exceed the bound.
    for (const { key, ttlLsn } of sessions.expired(heardMs, expireMax)) {
      if (count >= expireMax) break;
      const session = Number(key);
      count += 1 + sessions.keysOf(session).size + sessions.locksOf(session).size;
      ends.push({
        kind: 'session',
        act: 'expire',
        session,
        lock: '',
        ttlMs: 0,
        ttlLsn,
        request: null,
      });
    }
    return ends;
  }

  #nextMs(): number {
    return Math.min(this.#store.nextExpiryMs(), this.#store.sessions.nextExpiryMs());
  }

  onProposed(lastLsn: number): void {
    this.#openLsn = lastLsn;
  }

  /** What is late already comes with the next batch, which needs no timer. */
  nextWakeMs(nowMs: number): number {
    const nextMs = this.#nextMs();
    if (nextMs === Infinity) return Infinity;
    const leaveUntilMs = this.#sessionsDue?.leaveUntilMs ?? 0;
    if (leaveUntilMs > nowMs) return leaveUntilMs;
    const dueMs = Math.min(nextMs, this.#store.logTimeMs + this.#limits.tickMs);
    const waitMs = dueMs - this.#master.logTimeMs(nowMs);
    return waitMs > 0 ? nowMs + waitMs : Infinity;
  }
}
