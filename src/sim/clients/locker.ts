/**
 * Takes a lock by a session of its own, holds it for a while, gives it back or lets the session end.
 * A holder counts on its lock only for as long as its session lives by the slowest reckoning: never
 * do two of them at once, and whoever has it later has the higher token (`LockBook`).
 */
import type { LockBook } from '../../verify/lock-book.ts';
import { InvariantError } from '../invariant-error.ts';
import { Caller } from './caller.ts';
import { type ClientsContext, TurnClient } from './context.ts';

/** The clocks of nodes are up to 4 % fast: log time, too. */
const surestShare = 0.95;
const waitMs = 1000;

export class Locker extends TurnClient {
  readonly #book: LockBook;
  readonly #caller: Caller;
  readonly #name: string;
  /** 0 where it has none. */
  #session = 0;
  #ttlMs = 0;
  /** Until then its session cannot have ended. */
  #surelyMs = 0;
  #keys = 0;

  constructor(context: ClientsContext, name: string, book: LockBook) {
    super(context);
    this.#name = name;
    this.#book = book;
    this.#caller = new Caller(context, name);
  }

  protected turn(): void {
    if (this.#session === 0) this.#open();
    else if (this.context.random.chance(0.2)) this.#keepAlive();
    else this.#acquire();
  }

  #open(): void {
    const { random, tempo } = this.context;
    this.#ttlMs = random.integer(1500, 6000) * tempo;
    const sentMs = this.#caller.nowMs;
    this.#caller.hold({ act: 'create', ttlMs: this.#ttlMs }, (answer) => {
      if (answer?.status === 'created') {
        this.#session = answer.revision ?? 0;
        this.#surelyMs = sentMs + this.#ttlMs * surestShare;
        this.#attach();
      }
      this.next();
    });
  }

  /** A key that must go when the session does: the model says when. */
  #attach(): void {
    this.#keys += 1;
    const key = `of ${this.#name} ${this.#keys % 3}`;
    const value = new TextEncoder().encode(`${this.#session}`);
    const ties = { ttlMs: 0, session: this.#session };
    const put = { kind: 'put', key, value, contentType: 'text/plain', ...ties } as const;
    this.#caller.transact({ operations: [put] }, () => {});
  }

  #keepAlive(): void {
    const sentMs = this.#caller.nowMs;
    this.#caller.hold({ act: 'keep-alive', session: this.#session }, (answer) => {
      if (answer?.status === 'updated') this.#surelyMs = sentMs + this.#ttlMs * surestShare;
      else this.#session = 0;
      this.next();
    });
  }

  #acquire(): void {
    const name = this.context.random.pick(['lock-1', 'lock-2']);
    const call = { act: 'acquire', session: this.#session, lock: name, waitMs } as const;
    this.#caller.hold(call, (answer) => {
      if (answer?.status === 'acquired') return this.#hold(name, answer.revision ?? 0);
      // Its place in the queue is kept while the session lives, and asked for again.
      if (answer?.status === 'no-session') this.#session = 0;
      this.next();
    });
  }

  #hold(name: string, token: number): void {
    const { random, tempo, world } = this.context;
    const fromMs = this.#caller.nowMs;
    const hold = { name, token, fromMs, untilMs: Math.max(fromMs, this.#surelyMs) };
    if (this.#surelyMs > fromMs) this.#book.holds.push(hold);
    const holdMs = random.next() * 1500 * tempo;
    world.queue.after(holdMs, () => {
      if (random.chance(0.2)) return this.#abandon();
      hold.untilMs = Math.min(hold.untilMs, this.#caller.nowMs);
      const act = random.chance(0.2) ? ('revoke' as const) : ('release' as const);
      this.#caller.hold({ act, session: this.#session, lock: name }, (answer) => {
        const isKept = act === 'release' && answer?.status === 'deleted';
        if (!isKept) this.#session = 0;
        this.next();
      });
    });
  }

  /** As a client that dies: the session ends by itself, with its lock and its keys. */
  #abandon(): void {
    this.#session = 0;
    this.next();
  }

  check(): void {
    const fault = this.#book.fault();
    if (fault !== null) throw new InvariantError('I7', fault);
  }
}
