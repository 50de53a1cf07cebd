/**
 * The transport of Node and Deno: undici's dispatcher, without the streams and promises of its higher
 * calls.
 *
 * What `refused` rests on: undici calls `onRequestStart` when it gives a request to a connected
 * socket, before it writes. A request that fails earlier was certainly not sent.
 */
import { Agent, type Dispatcher } from 'undici';
import type {
  InboundReply,
  OutboundRequest,
  Transport,
  TransportDone,
  TransportFailure,
} from '../ports/transport.ts';
import { BodyCollector } from './body-collector.ts';
import { Deadlines } from './deadlines.ts';
import {
  deadlineResolutionMs,
  defaultReplyBytesMax,
  idleConnectionMs,
  type TransportOptions,
} from './transport-options.ts';

/** Connections to one node: appends, polls, reads and forwarded calls must not wait for each other. */
const connectionsMax = 64;

/** A host that drops packets must not hold requests for longer than this. */
const connectTimeoutMs = 3000;

export function createUndiciTransport(options: TransportOptions): Transport {
  const replyBytesMax = options.replyBytesMax ?? defaultReplyBytesMax;
  const deadlines = new Deadlines(options.clock, deadlineResolutionMs);
  const agent = new Agent({
    connections: connectionsMax,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: idleConnectionMs,
    keepAliveMaxTimeout: idleConnectionMs,
    connect: { timeout: connectTimeoutMs },
    // The deadline of a request covers both.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  let isClosed = false;
  return {
    send(baseUrl, request, done) {
      const exchange = new Exchange(deadlines, request.timeoutMs, replyBytesMax, done);
      if (isClosed) return exchange.fail('broken');
      try {
        agent.dispatch(dispatchOptions(baseUrl, request), exchange);
      } catch {
        // Not a request at all (a header that HTTP cannot carry): nothing was sent.
        exchange.fail('refused');
      }
      exchange.isSent = true;
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      void agent.destroy();
    },
  };
}

function dispatchOptions(baseUrl: string, request: OutboundRequest): Dispatcher.DispatchOptions {
  const { method, path, headers, body } = request;
  return { origin: baseUrl, method, path, headers: { ...headers }, body: body ?? null };
}

/** One request and its answer. Whatever undici calls and in whatever order, `done` is called once. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #deadlines: Deadlines;
  readonly #deadline: ReturnType<Deadlines['set']>;
  readonly #body: BodyCollector;
  #done: TransportDone | null;
  #controller: Dispatcher.DispatchController | null = null;
  #status = 0;
  #headers: RawHeaders = {};
  /** False while `send` runs: `done` is never called inside it. */
  isSent = false;

  constructor(deadlines: Deadlines, timeoutMs: number, bytesMax: number, done: TransportDone) {
    this.#deadlines = deadlines;
    this.#deadline = deadlines.set(timeoutMs, () => this.fail('timeout'));
    this.#body = new BodyCollector(bytesMax);
    this.#done = done;
  }

  fail(failure: TransportFailure): void {
    this.#settle(failure, null);
    this.#controller?.abort(new Error(failure));
  }

  #settle(failure: TransportFailure | null, reply: InboundReply | null): void {
    const done = this.#done;
    if (done === null) return;
    this.#done = null;
    this.#deadlines.lift(this.#deadline);
    if (this.isSent) done(failure, reply);
    else queueMicrotask(() => done(failure, reply));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Its time ran out while it waited for a connection: it is not sent any more.
    if (this.#done === null) controller.abort(new Error('timeout'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: RawHeaders,
  ): void {
    this.#status = statusCode;
    this.#headers = headers;
    const announced = Number(headers['content-length']);
    if (announced > 0) this.#body.expect(announced);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (!this.#body.push(chunk)) this.fail('broken');
  }

  onResponseEnd(): void {
    this.#settle(null, new UndiciReply(this.#status, this.#headers, this.#body.take()));
  }

  onResponseError(): void {
    this.#settle(this.#controller === null ? 'refused' : 'broken', null);
  }
}

type RawHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Headers are put in order only when they are asked for: most answers are asked for one or none. */
class UndiciReply implements InboundReply {
  readonly status: number;
  readonly body: Uint8Array;
  readonly #headers: RawHeaders;

  constructor(status: number, headers: RawHeaders, body: Uint8Array) {
    this.status = status;
    this.#headers = headers;
    this.body = body;
  }

  header(name: string): string | undefined {
    const value = Object.hasOwn(this.#headers, name) ? this.#headers[name] : undefined;
    return Array.isArray(value) ? value.join(', ') : value;
  }

  headers(): Record<string, string> {
    const names = Object.keys(this.#headers);
    return Object.fromEntries(names.map((name) => [name, this.header(name) ?? '']));
  }
}
