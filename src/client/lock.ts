/**
 * Locks. A lock is held by a session of its own, and lost with it. Nothing on this side can be sure
 * that an owner which lost it has stopped (a process may stand still at any line), so what the lock
 * protects should check `token`.
 */
import { orAborted, pause } from './abort.ts';
import { strange } from './json-values.ts';
import { expectKey } from './keys.ts';
import { queryOf } from './query.ts';
import { parseObject, type Reply } from './reply.ts';
import { openSession, type Session, type SessionPorts } from './session.ts';
import type { LockOptions } from './types.ts';

/** One call waits so long for its turn, the longest that nodes allow; then it asks again. */
const waitSecondsMax = 10;
/** An answer that comes before this share of its wait is over is a refusal: too many wait. */
const waitedShare = 0.25;
/** Pause after refusals: random between half of this and all, doubled from one to the next. */
const pauseMsMin = 500;
const pauseMsMax = 8000;
/** For the way there and back, beside that wait. */
const travelMs = 5000;

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
