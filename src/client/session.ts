/**
 * Sessions and locks. A session is kept alive by itself; where that fails for as long as the session
 * lives without, it counts as lost, by the own clock and a little before the nodes end it: whoever
 * holds a lock must have stopped when the next owner begins. Nothing on this side can be sure of
 * that (a process may stand still at any line), so what the lock protects should check `token`.
 */
import { DsmError } from '../core/errors.ts';
import { follow, orAborted, pause } from './abort.ts';
import type { Environment } from './environment.ts';
import { strange } from './json-values.ts';
import { expectKey } from './keys.ts';
import type { Mutator } from './mutator.ts';
import { queryOf, rounded } from './query.ts';
import { parseObject, type Reply } from './reply.ts';
import type { LockOptions, SessionOptions } from './types.ts';

const defaultTtl = 15;
/** Of the lifetime: keep-alives in it, and what is left for clocks that differ. */
const keepAlivesPerTtl = 3;
const safeShare = 0.9;
/** One call waits so long for its turn, the longest that nodes allow; then it asks again. */
const waitSecondsMax = 10;
/** An answer that comes before this share of its wait is over is a refusal: too many wait. */
const waitedShare = 0.25;
/** Pause after refusals: random between half of this and all, doubled from one to the next. */
const pauseMsMin = 500;
const pauseMsMax = 8000;
/** For the way there and back, beside that wait. */
const travelMs = 5000;

export interface SessionPorts {
  readonly mutator: Mutator;
  readonly environment: Environment;
}

/** Begins a session, and keeps it alive until it is closed. Throws a DsmError. */
export async function openSession(
  ports: SessionPorts,
  options: SessionOptions = {},
): Promise<Session> {
  const { ttl = defaultTtl, signal } = options;
  const startMs = ports.environment.monotonicMs();
  const path = `/v1/sessions${queryOf({ ttl: rounded(ttl) })}`;
  const reply = await ports.mutator.run({ title: 'SESSION', method: 'POST', path }, { signal });
  const { session } = parseObject(reply.body);
  if (typeof session !== 'string') throw strange(reply.url);
  return new Session(ports, session, ttl, startMs, signal);
}

export class Session implements AsyncDisposable {
  /** For `put(key, value, { session: id })`: the key ends with the session. */
  readonly id: string;
  readonly #ports: SessionPorts;
  readonly #ttlMs: number;
  readonly #lost = new AbortController();
  readonly #unfollow: () => void;
  #aliveUntilMs: number;
  #cancelTimer = () => {};
  #isClosed = false;

  constructor(
    ports: SessionPorts,
    id: string,
    ttl: number,
    startMs: number,
    signal: AbortSignal | undefined,
  ) {
    this.id = id;
    this.#ports = ports;
    this.#ttlMs = ttl * 1000;
    this.#aliveUntilMs = startMs + this.#ttlMs * safeShare;
    const stopped = new AbortController();
    this.#unfollow = follow([signal], stopped);
    stopped.signal.addEventListener('abort', () => void this.#end(stopped.signal.reason), {
      once: true,
    });
    this.#keepAliveLater();
  }

  /** Aborts when the session is lost, or closed: what rests on it must stop. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  #keepAliveLater(): void {
    if (this.#isClosed) return;
    const nowMs = this.#ports.environment.monotonicMs();
    const dueMs = Math.min(this.#ttlMs / keepAlivesPerTtl, this.#aliveUntilMs - nowMs);
    this.#cancelTimer = this.#ports.environment.setTimer(Math.max(0, dueMs), () => {
      void this.#keepAlive();
    });
  }

  async #keepAlive(): Promise<void> {
    const { mutator, environment } = this.#ports;
    const startMs = environment.monotonicMs();
    const timeoutMs = this.#aliveUntilMs - startMs;
    if (timeoutMs <= 0) return this.#lose(new DsmError('session_not_found', lostText));
    const path = `/v1/sessions/${this.id}?op=keep-alive`;
    try {
      await mutator.run({ title: 'KEEP ALIVE', method: 'POST', path }, { timeoutMs });
      this.#aliveUntilMs = startMs + this.#ttlMs * safeShare;
    } catch (error) {
      const isOver = error instanceof DsmError && error.code === 'session_not_found';
      if (isOver) return this.#lose(error);
    }
    this.#keepAliveLater();
  }

  #lose(reason: unknown): void {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#unfollow();
    this.#lost.abort(reason);
  }

  /** Ends the session with its keys and locks. Idempotent; never throws: it ends by itself anyway. */
  close(): Promise<void> {
    return this.#end(new DOMException('The session was closed', 'AbortError'));
  }

  async #end(reason: unknown): Promise<void> {
    if (this.#isClosed) return;
    this.#lose(reason);
    const path = `/v1/sessions/${this.id}`;
    try {
      await this.#ports.mutator.run({ title: 'END SESSION', method: 'DELETE', path }, {});
    } catch {
      // Nobody could be reached, or it is over: then it ends when its time is up.
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const lostText = 'The session could not be kept alive in time';

/** A lock that is held. `await using` releases it. */
export class Lock implements AsyncDisposable {
  readonly name: string;
  /** Grows with every owner: what the lock protects refuses a lower one than it has seen. */
  readonly token: number;
  readonly #session: Session;

  constructor(name: string, token: number, session: Session) {
    this.name = name;
    this.token = token;
    this.#session = session;
  }

  /** Aborts when the lock is lost, or released. */
  get signal(): AbortSignal {
    return this.#session.signal;
  }

  /** Idempotent; never throws: see `Session.close`. */
  release(): Promise<void> {
    return this.#session.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

/** Waits for its turn; null where that did not come in time. Throws the reason of the signal. */
export async function acquireLock(
  ports: SessionPorts,
  name: string,
  options: LockOptions,
): Promise<Lock | null> {
  expectKey(name);
  const { waitMs = Infinity, signal } = options;
  const { environment } = ports;
  const deadlineMs = environment.monotonicMs() + waitMs;
  const session = await openSession(ports, options);
  try {
    for (let refusals = 0; ; ) {
      const startMs = environment.monotonicMs();
      const waitSeconds = Math.min(
        waitSecondsMax,
        Math.ceil(Math.max(0, deadlineMs - startMs)) / 1000,
      );
      const token = await orAborted(ask(ports, name, session, waitSeconds), session.signal);
      if (token !== null) return new Lock(name, token, session);
      const nowMs = environment.monotonicMs();
      if (nowMs >= deadlineMs) break;
      refusals = nowMs - startMs < waitSeconds * 1000 * waitedShare ? refusals + 1 : 0;
      const pauseMs = Math.min(deadlineMs - nowMs, pauseMsAfter(refusals, environment.random()));
      await pause(environment, pauseMs, session.signal);
    }
  } catch (error) {
    void session.close();
    signal?.throwIfAborted();
    throw error;
  }
  await session.close();
  return null;
}

function pauseMsAfter(refusals: number, random: number): number {
  if (refusals === 0) return 0;
  const ceilingMs = Math.min(pauseMsMax, pauseMsMin * 2 ** Math.min(refusals, 10));
  return ceilingMs * (0.5 + random / 2);
}

/** One call: the token, or null where the lock was held all the time, or too many wait for it. */
async function ask(
  { mutator }: SessionPorts,
  name: string,
  session: Session,
  waitSeconds: number,
): Promise<number | null> {
  const patienceMs = waitSeconds * 1000 + travelMs;
  // Its place in the queue is kept from one call to the next, and ends with the session.
  const query = queryOf({ session: session.id, stay: true, wait: waitSeconds });
  const path = `/v1/locks/${encodeURIComponent(name)}${query}`;
  const title = `LOCK ${JSON.stringify(name)}`;
  const call = { title, method: 'POST', path, isExpected: isNotYet, patienceMs } as const;
  const options = { signal: session.signal, timeoutMs: patienceMs * 2 };
  const reply = await mutator.run(call, options);
  if (isNotYet(reply)) return null;
  const { token } = parseObject(reply.body);
  if (typeof token !== 'number') throw strange(reply.url);
  return token;
}

const notYet: ReadonlySet<unknown> = new Set(['lock_held', 'overloaded']);

/** Asked again under the same key, an answer would be the same; so it is asked for anew. */
function isNotYet(reply: Reply): boolean {
  return reply.status >= 400 && notYet.has(parseObject(reply.body).code);
}
