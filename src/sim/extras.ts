/**
 * Clients of everything that is not a plain read or write: transactions, lifetimes, sessions, locks.
 * What they leave behind is compared between the nodes by I9; here is looked at what clients see:
 * increments are counted exactly, no lifetime is shortened, a token of a lock has one owner.
 */
import type { Mutation, RequestTag } from '../core/record.ts';
import type { Result } from '../core/store.ts';
import type { Cluster } from './cluster.ts';
import { InvariantError } from './invariants.ts';
import type { SeededRandom } from './seeded-random.ts';

const clients = 4;
const attemptMs = 1500;
const patienceMs = 6000;
/** The clocks of nodes drift by 4 %, so log time may be so much faster than ours. */
const ttlShare = 0.95;

export class Extras {
  readonly #world: Cluster;
  readonly #random: SeededRandom;
  readonly #thinkMs: number;
  /** Everything takes so many times as long. */
  readonly #tempo: number;
  #count = 0;
  #isStopped = false;
  /** Increments that were done, and those of which nobody knows. */
  #done = 0;
  #unknown = 0;
  /** Ids of sessions that were made, the newest ones. */
  readonly #sessions: number[] = [];
  /** Lock and token → the session that was told that it has it. */
  readonly #owners = new Map<string, number>();
  /** What was looked at, for a test that these checks are made at all. */
  readonly looks = { lifetimes: 0, tokens: 0 };
  /** The first rule that was broken; nodes call back here, and must not be thrown at. */
  #violation: InvariantError | null = null;

  constructor(world: Cluster, random: SeededRandom, thinkMs: number, tempo: number) {
    this.#world = world;
    this.#random = random;
    this.#thinkMs = thinkMs;
    this.#tempo = tempo;
  }

  start(): void {
    for (let i = 0; i < clients; i += 1) this.#next();
  }

  /** No new operations. */
  stop(): void {
    this.#isStopped = true;
  }

  /** At the end, of a healed cluster: throws what clients saw that cannot be. */
  check(name: string): void {
    const text = this.#world.node(name).inspect().store.get('sum')?.value;
    const sum = text === undefined ? 0 : Number(new TextDecoder().decode(text));
    const told = `after ${this.#done} increments that were done and ${this.#unknown} unknown ones`;
    const isSum = sum >= this.#done && sum <= this.#done + this.#unknown;
    if (!isSum) this.#violate(`the sum is ${sum} ${told}`);
    if (this.#violation !== null) throw this.#violation;
  }

  #violate(message: string): void {
    this.#violation ??= new InvariantError('I7', message);
  }

  #next(): void {
    if (this.#isStopped) return;
    const delayMs = this.#random.next() * this.#thinkMs * this.#tempo;
    this.#world.queue.after(delayMs, () => this.#begin());
  }

  #begin(): void {
    if (this.#isStopped) return;
    this.#count += 1;
    const roll = this.#random.next();
    if (roll < 0.4) this.#increment();
    else if (roll < 0.6) this.#live();
    else this.#hold();
  }

  #tag(): RequestTag {
    return { id: `extra ${this.#count}`, payloadHash: 1, keyRevision: 0 };
  }

  /** Again with the same key until it is answered; null where patience ended first. */
  #send(command: Mutation, done: (result: Result | null) => void): void {
    const { queue } = this.#world;
    const lateMs = queue.nowMs + patienceMs * this.#tempo;
    const attempt = () => {
      if (queue.nowMs > lateMs) return done(null);
      let isOver = false;
      const once = (act: () => void) => {
        if (isOver) return;
        isOver = true;
        act();
      };
      const again = () => once(() => queue.after(50, attempt));
      queue.after(attemptMs * this.#tempo, again);
      const names = this.#world.activeNames();
      const name = names[this.#random.integer(0, Math.max(0, names.length - 1))];
      if (name === undefined) return again();
      this.#world.node(name).write(command, (error, result) => {
        if (error !== null || result === null) again();
        else once(() => done(result));
      });
    };
    attempt();
  }

  #increment(): void {
    const operations = [{ kind: 'increment', key: 'sum', by: 1, ttlMs: 0 }] as const;
    const request = this.#tag();
    this.#send({ kind: 'txn', compares: [], operations, otherwise: [], request }, (result) => {
      if (result?.status === 'committed') this.#done += 1;
      else this.#unknown += 1;
      this.#next();
    });
  }

  /** A key with a lifetime, perhaps of a session, and a look at it before it may end. */
  #live(): void {
    const ttlMs = this.#random.integer(50, 4000) * this.#tempo;
    const key = `live ${this.#count}`;
    const value = new TextEncoder().encode(key);
    const put = { kind: 'put', key, value, contentType: '', ttlMs } as const;
    const endsMs = this.#world.queue.nowMs + ttlMs * ttlShare;
    this.#send({ ...put, condition: 'none', request: this.#tag() }, (result) => {
      if (result?.status === 'created') this.#lookAt(key, endsMs);
      this.#next();
    });
  }

  #lookAt(key: string, endsMs: number): void {
    const { queue, seats } = this.#world;
    const running = [...seats.values()].filter(({ node }) => node !== null);
    const node = this.#random.pick(running)?.node ?? null;
    if (node === null || queue.nowMs >= endsMs) return;
    node.read(key, { consistency: 'linearizable', minRevision: 0 }, (error, entry) => {
      if (error !== null || queue.nowMs >= endsMs) return;
      this.looks.lifetimes += 1;
      if (entry === null) this.#violate(`${key} is gone ${endsMs - queue.nowMs} ms too early`);
    });
  }

  /** Something about a session or a lock. */
  #hold(): void {
    const random = this.#random;
    const acts = [
      'create',
      'keep-alive',
      'acquire',
      'acquire',
      'leave',
      'release',
      'revoke',
    ] as const;
    const act = this.#sessions.length === 0 ? 'create' : random.pick(acts);
    const lock = random.pick(['l', 'm']);
    const isNew = act === 'create' || (act === 'acquire' && random.chance(0.2));
    const session = isNew ? 0 : (random.pick(this.#sessions) ?? 0);
    const ttlMs = isNew ? random.integer(500, 5000) : 0;
    const common = { kind: 'session', act, lock, ttlLsn: 0, request: this.#tag() } as const;
    this.#send({ ...common, session, ttlMs }, (result) => {
      if (result !== null) this.#onHeld(act, lock, session, result);
      this.#next();
    });
    if (session !== 0 && random.chance(0.3)) this.#attach(session);
  }

  /** `session` is 0 where one was made: its id is the revision. */
  #onHeld(act: string, lock: string, session: number, { status, revision }: Result): void {
    const isMade = session === 0 && revision > 0;
    if (isMade) this.#sessions.push(revision);
    if (this.#sessions.length > 8) this.#sessions.shift();
    if (act !== 'acquire' || status !== 'acquired') return;
    this.looks.tokens += 1;
    const place = `${lock} ${revision}`;
    const owner = session === 0 ? revision : session;
    const other = this.#owners.get(place) ?? owner;
    this.#owners.set(place, owner);
    if (other !== owner) this.#violate(`${other} and ${owner} both have the lock ${place}`);
  }

  #attach(session: number): void {
    const key = `tied ${session % 5}`;
    const value = new Uint8Array(3);
    const put = { kind: 'put', key, value, contentType: '', ttlMs: 0, session } as const;
    const touch = { kind: 'touch', key, ttlMs: this.#random.integer(0, 3000) } as const;
    const common = { kind: 'txn', compares: [], otherwise: [], request: null } as const;
    this.#send({ ...common, operations: [put, touch] }, () => {});
  }
}
