/**
 * Makes keys with a lifetime, lengthens some, and looks at them at any node: none is gone before its
 * time, none is shown after it. Time is the log's: it goes on while there is a master, by the
 * master's clock, and never faster than that.
 */

import type { EntryView, NodeApi } from '../../node/api.ts';
import { clientUrl } from '../nemesis.ts';
import { SimClock } from '../sim-clock.ts';
import { Caller } from './caller.ts';
import { type ClientsContext, TurnClient } from './context.ts';

/** The clocks of nodes are up to 4 % fast: log time, too. */
const surestShare = 0.95;
const looksMax = 8;

interface Key {
  readonly key: string;
  /** Until then, by the clock of the world, it cannot have ended. */
  liveUntilMs: number;
  /** Its end in log time, where it is known. */
  endsAtMs: number | null;
}

export class Lodger extends TurnClient {
  readonly #caller: Caller;
  readonly #name: string;
  readonly #clock: SimClock;
  #keys = 0;
  /** What was looked at, for a test that it is. */
  readonly looks = { live: 0, over: 0, touched: 0 };

  constructor(context: ClientsContext, name: string) {
    super(context);
    this.#name = name;
    this.#caller = new Caller(context, name);
    this.#clock = new SimClock(context.world.queue);
  }

  protected turn(): void {
    const { random, tempo } = this.context;
    this.#keys += 1;
    const key = `${this.#name} ${this.#keys}`;
    const ttlMs = random.integer(100, 4000) * tempo;
    const lodging: Key = { key, liveUntilMs: this.#surelyMs(ttlMs), endsAtMs: null };
    const value = new TextEncoder().encode(key);
    const put = { kind: 'put', key, value, contentType: 'text/plain', ttlMs, session: 0 } as const;
    this.#caller.transact({ operations: [put] }, (answer) => {
      // Many of its keys live at a time.
      this.next();
      if (answer === null) return;
      lodging.endsAtMs = this.#endOf(answer.revision, ttlMs);
      if (random.chance(0.4)) this.#touch(lodging);
      else this.#look(lodging, looksMax);
    });
  }

  /** What is set now cannot have ended before this. */
  #surelyMs(ttlMs: number): number {
    return this.#caller.nowMs + ttlMs * surestShare;
  }

  /** Of a lifetime that the committed record `lsn` set. */
  #endOf(lsn: number | null, ttlMs: number): number | null {
    const record = this.context.invariants.committedAt(lsn ?? 0);
    return record === undefined ? null : record.logTimeMs + ttlMs;
  }

  #touch(lodging: Key): void {
    const { random, tempo } = this.context;
    const ttlMs = random.integer(1000, 6000) * tempo;
    const surelyMs = this.#surelyMs(ttlMs);
    // Until it is known to be done, either lifetime may be in force.
    const before = { ...lodging };
    lodging.endsAtMs = null;
    lodging.liveUntilMs = Math.min(before.liveUntilMs, surelyMs);
    const operations = [{ kind: 'touch', key: lodging.key, ttlMs }] as const;
    this.#caller.transact({ operations }, (answer) => {
      if (answer === null) return;
      if (answer.results[0]?.startsWith('updated')) {
        this.looks.touched += 1;
        lodging.liveUntilMs = surelyMs;
        lodging.endsAtMs = this.#endOf(answer.revision, ttlMs);
      } else lodging.endsAtMs = before.endsAtMs;
      this.#look(lodging, looksMax);
    });
  }

  /** Some looks until it is over, and one after that. */
  #look(lodging: Key, left: number): void {
    const { random, invariants, tempo, world } = this.context;
    const calledMs = this.#caller.nowMs;
    const logTimeMs = invariants.committedLogTimeMs;
    const isOver = lodging.endsAtMs !== null && logTimeMs >= lodging.endsAtMs;
    if (left === 0 || this.isStopped) return;
    this.#read(lodging.key, (isThere) => {
      if (isThere !== null) this.#judge(lodging, isThere, isOver);
      if (isOver && isThere === false) return;
      const restMs = Math.max(0, lodging.liveUntilMs - calledMs);
      const laterMs = (50 + random.next() * 400) * tempo;
      const delayMs = restMs > 0 ? restMs * (0.4 + random.next() * 0.7) : laterMs;
      world.queue.after(delayMs, () => this.#look(lodging, left - 1));
    });
  }

  #judge({ key, liveUntilMs }: Key, isThere: boolean, isOver: boolean): void {
    const { nowMs } = this.#caller;
    if (isThere && isOver) this.#caller.violate(`${key} is shown after its lifetime in log time`);
    if (!isThere && nowMs < liveUntilMs) {
      this.#caller.violate(`${key} is gone ${liveUntilMs - nowMs} ms too early`);
    }
    if (isOver) this.looks.over += 1;
    else if (nowMs < liveUntilMs) this.looks.live += 1;
  }

  /** Null where nobody answered. A linearizable read, of any node. */
  #read(key: string, done: (isThere: boolean | null) => void): void {
    const { world, random } = this.context;
    const { url } = random.pick([...world.seats.values()]);
    world.network.exchange<boolean | null>({
      from: clientUrl,
      to: url,
      clock: this.#clock,
      timeoutMs: 1500 * this.context.tempo,
      repeats: 'never',
      deliver: ({ node }, answer) => {
        const entry = node.readNow(key);
        if (entry !== undefined) return answer(this.#isShown(key, node, entry));
        const options = { consistency: 'linearizable', minRevision: 0 } as const;
        node.read(key, options, (error, found) => answer(error === null ? found !== null : null));
      },
      finish: (_failure, isThere) => done(isThere),
    });
  }

  /** An active master with a lease knows the log's time, also what no record says yet. */
  #isShown(key: string, node: NodeApi, entry: EntryView | null): boolean {
    const lateMs = node.logTimeMs() - (entry?.expiresAtMs ?? 0);
    if (entry !== null && entry.expiresAtMs > 0 && lateMs >= 0) {
      this.#caller.violate(`${key} is shown ${lateMs} ms after its lifetime`);
    }
    return entry !== null;
  }

  /** When all is healed, what has ended in log time is cleared away. */
  check(name: string): void {
    const node = this.context.world.node(name);
    const lateMs = node.logTimeMs() - node.inspect().store.nextExpiryMs();
    if (lateMs > 1000 * this.context.tempo) {
      this.#caller.violate(`a key is not removed ${lateMs} ms after its lifetime`);
    }
  }
}
