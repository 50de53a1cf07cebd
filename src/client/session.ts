/**
 * A session is kept alive by itself. Where that fails for as long as the session lives without, it
 * counts as lost, by the own clock and a little before the nodes end it: whoever holds a lock must
 * have stopped when the next owner begins.
 */
import { DsmError } from '../core/errors.ts';
import { follow } from './abort.ts';
import type { Environment } from './environment.ts';
import { strange } from './json-values.ts';
import type { Mutator } from './mutator.ts';
import { queryOf, rounded } from './query.ts';
import { parseObject } from './reply.ts';
import type { SessionOptions } from './types.ts';

const defaultTtl = 15;
/** Of the lifetime: keep-alives in it, and what is left for clocks that differ. */
const keepAlivesPerTtl = 3;
const safeShare = 0.9;

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
