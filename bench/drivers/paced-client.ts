/**
 * Makes one of autocannon's clients honest. autocannon (9.x) has no think time; it reconnects to a
 * dead port without a pause; and when a server closes a connection with a request unanswered it
 * counts no error and measures every later answer against the wrong request. It has no hooks for
 * these, so this file, and only this file, replaces two methods of a client: the one that issues a
 * request and the one that connects. All else (sockets, request bytes, parser) stays autocannon's.
 */
import type { EventEmitter } from 'node:events';
import type { Request } from 'autocannon';
import { type Rest, restUntil } from '../measure/rest.ts';
import type { Issued, LoadSession } from '../measure/session.ts';

/** What is touched of `autocannon/lib/httpClient.js`. */
interface ClientInternals extends EventEmitter {
  setRequests(requests: Request[]): void;
  _connect(): void;
  _doRequest(): void;
  _destroyConnection(): void;
  conn?: object;
  reqsMade: number;
  parser: { initialize(type: 'RESPONSE'): void };
}

const backoffMsMin = 10;
const backoffMsMax = 500;

function assertInternals(client: object): asserts client is ClientInternals {
  for (const name of ['_connect', '_doRequest', '_destroyConnection', 'setRequests', 'parser']) {
    if (!(name in client)) {
      throw new Error(`autocannon's client has no "${name}": this driver knows version 9 only`);
    }
  }
}

export class PacedClient {
  readonly #session: LoadSession;
  readonly #index: number;
  readonly #client: ClientInternals;
  readonly #send: () => void;
  readonly #connect: () => void;
  #issued: Issued | null = null;
  #resting: Rest | undefined;
  #refusals = 0;
  #refused = false;
  #lastBody = '';
  #closed = false;

  constructor(session: LoadSession, index: number, client: object) {
    assertInternals(client);
    this.#session = session;
    this.#index = index;
    this.#client = client;
    this.#send = client._doRequest.bind(client);
    this.#connect = client._connect.bind(client);
    client._doRequest = () => this.#rest();
    client._connect = () => this.#reconnect();
    // The first request would be built now and sent later; this makes it built when it is sent.
    client.reqsMade = 1;
    client.setRequests([
      {
        setupRequest: (defaults) => this.#nextRequest(defaults),
        onResponse: (_status, body) => {
          this.#lastBody = body;
        },
      },
    ]);
    client.on('response', (status: number, _bytes: number, latencyMs: number) =>
      this.#onResponse(status, latencyMs),
    );
    client.on('connError', (error: NodeJS.ErrnoException) => {
      this.#refused = error.code === 'ECONNREFUSED';
    });
  }

  get waiting(): boolean {
    return this.#issued !== null;
  }

  close(): void {
    this.#closed = true;
    this.#resting?.cancel();
  }

  /** autocannon is ready for the next request; the client rests first. */
  #rest(): void {
    const { thinkMs } = this.#session.plan.workload;
    this.#resting?.cancel();
    if (thinkMs === 0) this.#issue();
    else this.#resting = restUntil(performance.now() + thinkMs, () => this.#issue());
  }

  #issue(): void {
    if (this.#closed || !this.#session.issuing || this.#issued !== null) return;
    this.#issued = this.#session.begin(this.#index, performance.now());
    this.#send();
  }

  /** A fresh object each time: autocannon keeps a Content-Length it once wrote into `headers`. */
  #nextRequest(defaults: Request): Request {
    if (this.#issued === null) return { ...defaults, headers: {} };
    const { method, path, headers, body } = this.#issued.request;
    return { ...defaults, method, path, headers: { ...headers }, body };
  }

  #onResponse(status: number, latencyMs: number): void {
    const issued = this.#issued;
    this.#issued = null;
    this.#refusals = 0;
    if (issued !== null) this.#session.answer(issued, status, this.#lastBody, latencyMs);
  }

  /** Called for the first connection too, and by autocannon after every way of losing one. */
  #reconnect(): void {
    this.#resting?.cancel();
    if (this.#client.conn !== undefined) this.#client._destroyConnection();
    this.#client.parser.initialize('RESPONSE');
    this.#failOutstanding();
    if (this.#closed) return;
    if (this.#refused) this.#reconnectLater();
    else this.#connect();
  }

  #reconnectLater(): void {
    this.#refused = false;
    const ceilingMs = Math.min(backoffMsMax, backoffMsMin * 2 ** this.#refusals);
    this.#refusals += 1;
    const delayMs = ceilingMs * (0.5 + Math.random() / 2);
    this.#resting = restUntil(performance.now() + delayMs, () => {
      if (this.#session.issuing) this.#connect();
    });
  }

  #failOutstanding(): void {
    const issued = this.#issued;
    if (issued === null) return;
    this.#issued = null;
    const waitedMs = Math.round(performance.now() - issued.startedAtMs);
    if (this.#refused) {
      this.#session.fail(issued, 'refused', 'connection refused');
    } else if (waitedMs >= this.#session.plan.timeoutMs) {
      this.#session.fail(issued, 'timeout', `no answer in ${waitedMs} ms`);
    } else {
      this.#session.fail(issued, 'reset', 'the connection ended without an answer');
    }
  }
}
