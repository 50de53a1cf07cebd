/** An app over a fake node, a transport that a test answers, and time that a test moves. */
import type { Hono } from 'hono';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type {
  InboundReply,
  OutboundRequest,
  Transport,
  TransportDone,
  TransportFailure,
} from '../../ports/transport.ts';
import { type AppOptions, createApp } from '../app.ts';
import { FakeNode } from './fake-node.ts';

/** Time stands still until `advance`. */
export class HandClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<{ readonly dueMs: number; readonly onFire: () => void }>();

  get timers(): number {
    return this.#timers.size;
  }
  monotonicMs(): number {
    return this.#nowMs;
  }
  wallMs(): number {
    return this.#nowMs;
  }
  setTimer(delayMs: number, onFire: () => void): Timer {
    const timer = { dueMs: this.#nowMs + delayMs, onFire };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** Something takes so long, and no timer fires meanwhile. */
  pass(ms: number): void {
    this.#nowMs += ms;
  }

  /** Lets promises run between timers, as they do between turns of an event loop. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await settled();
      const [next] = [...this.#timers].toSorted((a, b) => a.dueMs - b.dueMs);
      if (next === undefined || next.dueMs > endMs) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.onFire();
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
    await settled();
  }
}

/** All promises that can settle have. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

export interface Sent {
  readonly url: string;
  readonly request: OutboundRequest;
  readonly done: TransportDone;
}

/** Keeps what is sent; `onSend` answers it. */
export class FakeTransport implements Transport {
  readonly sent: Sent[] = [];
  onSend: (sent: Sent) => void = () => {};

  send(url: string, request: OutboundRequest, done: TransportDone): void {
    const sent = { url, request, done };
    this.sent.push(sent);
    queueMicrotask(() => this.onSend(sent));
  }
  close(): void {}

  alwaysFail(failure: TransportFailure): void {
    this.onSend = ({ done }) => done(failure, null);
  }
  alwaysAnswer(reply: InboundReply): void {
    this.onSend = ({ done }) => done(null, reply);
  }
}

export function replyOf(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  text = '',
): InboundReply {
  const all = { 'dsm-node': 'node-m', ...headers };
  return {
    status,
    header: (name) => new Map(Object.entries(all)).get(name),
    headers: () => ({ ...all }),
    body: new TextEncoder().encode(text),
  };
}

export interface Setup {
  readonly app: Hono;
  readonly node: FakeNode;
  readonly transport: FakeTransport;
  readonly clock: HandClock;
  readonly errors: string[];
}

export function setUp(options: Partial<AppOptions> = {}): Setup {
  const node = new FakeNode();
  const transport = new FakeTransport();
  const clock = new HandClock();
  const errors: string[] = [];
  let ids = 0;
  const random = {
    next: () => 0.5,
    id: () => {
      ids += 1;
      return `id-${ids}`;
    },
  };
  const ignore = () => {};
  const error: Logger['error'] = (message) => void errors.push(message);
  const logger: Logger = { debug: ignore, info: ignore, warn: ignore, error };
  const ports = { node, transport, clock, random, logger };
  const app = createApp({ ...ports, secret: null, isLoopback: false, ...options });
  return { app, node, transport, clock, errors };
}

/** The JSON of an answer, as an object. */
export async function jsonOf(response: Response): Promise<Readonly<Record<string, unknown>>> {
  return (await response.json()) as Readonly<Record<string, unknown>>;
}

/** What every answer of the fake node says. */
export const facts = Object.freeze({
  'dsm-node': 'node-a',
  'dsm-role': 'active',
  'dsm-epoch': '3',
});

export function factsOf({ headers }: Response): Readonly<Record<string, string | null>> {
  return Object.fromEntries(Object.keys(facts).map((name) => [name, headers.get(name)]));
}
