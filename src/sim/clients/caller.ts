/**
 * How a simulated client makes a call: at some node, again at another one where it failed, with the
 * same idempotency key, until it is answered or patience ends. What it is told of the end of a
 * request goes to the oracle.
 */
import { InvariantError } from '../invariant-error.ts';
import { clientUrl } from '../nemesis.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { SimClock } from '../sim-clock.ts';
import {
  type SessionCall,
  type StateCall,
  type StateReply,
  showResults,
  type Txn,
} from './calls.ts';
import type { ClientsContext } from './context.ts';
import { directCalls } from './direct-calls.ts';
import { httpCalls } from './http-calls.ts';

type Done = Extract<StateReply, { kind: 'done' }>;

const patienceMs = 6000;
const attemptMs = 1500;
/** A call that waits is given so much longer. */
const waitedMs = 1000;

export class Caller {
  readonly #context: ClientsContext;
  readonly #random: SeededRandom;
  readonly #clock: SimClock;
  readonly #name: string;
  #count = 0;

  constructor(context: ClientsContext, name: string) {
    this.#context = context;
    this.#random = context.random;
    this.#clock = new SimClock(context.world.queue);
    this.#name = name;
  }

  get nowMs(): number {
    return this.#context.world.queue.nowMs;
  }

  /** Times of a client are so many times as long. */
  get tempo(): number {
    return this.#context.tempo;
  }

  #newId(): string {
    this.#count += 1;
    return `${this.#name}-${this.#count}`;
  }

  /** Null where nobody knows how it ended. */
  transact(txn: Partial<Txn>, done: (answer: Done | null) => void): void {
    const whole = { compares: [], operations: [], otherwise: [], ...txn };
    this.#request({ kind: 'txn', txn: whole, requestId: this.#newId() }, 0, done);
  }

  /** Null where nobody knows how it ended. */
  hold(call: Partial<SessionCall> & Pick<SessionCall, 'act'>, done: (answer: Done | null) => void) {
    const whole = { session: 0, lock: '', ttlMs: 0, waitMs: 0, ...call };
    const request = { kind: 'session', call: whole, requestId: this.#newId() } as const;
    this.#request(request, whole.waitMs, done);
  }

  #request(
    call: Extract<StateCall, { readonly requestId: string }>,
    waitMs: number,
    done: (answer: Done | null) => void,
  ): void {
    this.ask(call, waitMs, (reply) => {
      if (reply?.kind !== 'done') return done(null);
      if (reply.isExact) this.#tellOracle(call.requestId, reply);
      done(reply);
    });
  }

  #tellOracle(requestId: string, { status, revision, results }: Done): void {
    this.#context.invariants.oracle.told.push({
      requestId,
      check: (result) => {
        const found = [result.status, revision === null ? '' : result.revision].join(' ');
        const told = [status, revision ?? ''].join(' ');
        if (told !== found) return `${told}, and it is ${found}`;
        const expected = showResults(result).join(' ');
        const shown = results.join(' ');
        return shown === expected ? null : `${shown}, and it is ${expected}`;
      },
    });
  }

  /** Any call; null where patience ended first. */
  ask(call: StateCall, waitMs: number, done: (reply: StateReply | null) => void): void {
    const lateMs = this.nowMs + (patienceMs + waitMs) * this.tempo;
    const again = () => {
      const delayMs = (20 + this.#random.next() * 80) * this.tempo;
      this.#context.world.queue.after(delayMs, attempt);
    };
    const attempt = () => {
      if (this.nowMs > lateMs) return done(null);
      this.#attempt(call, waitMs, (reply) => {
        if (reply === null || reply.kind === 'failed') again();
        else done(reply);
      });
    };
    attempt();
  }

  #attempt(call: StateCall, waitMs: number, done: (reply: StateReply | null) => void): void {
    const { world, isHttp } = this.#context;
    const { url, name } = this.#chooseSeat(call);
    const wire = isHttp ? httpCalls : directCalls;
    this.#tell(() => `client ${this.#name} → ${name} ${JSON.stringify(call)}`);
    world.network.exchange<StateReply>({
      from: clientUrl,
      to: url,
      clock: this.#clock,
      timeoutMs: (attemptMs + (waitMs > 0 ? waitedMs : 0)) * this.tempo + waitMs,
      repeats: 'any-time',
      deliver: (endpoint, answer) =>
        wire(endpoint, call, (reply) => {
          this.#tell(() => `client ${this.#name} ← ${name} ${JSON.stringify(reply)}`);
          answer(reply);
        }),
      finish: (_failure, reply) => done(reply),
    });
  }

  /** Nodes forward changes over HTTP; by their interface only the active master takes them. */
  #chooseSeat(call: StateCall) {
    const { world, isHttp } = this.#context;
    const seats = [...world.seats.values()];
    const isRead = call.kind === 'list' || call.kind === 'poll';
    if (isHttp || isRead) return this.#random.pick(seats);
    return this.#random.pick(seats.filter(({ role }) => role === 'master'));
  }

  #tell(line: () => string): void {
    const { trace } = this.#context.world;
    if (trace.isTold) trace.comment(line());
  }

  /** Something a client saw that cannot be. */
  violate(message: string): void {
    this.#context.violations.push(new InvariantError('I7', message));
  }
}
