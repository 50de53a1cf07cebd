/**
 * A transport over the `fetch` of any runtime; it is the one that nodes on Bun use.
 *
 * What `refused` rests on: Bun and Deno silently send a request again, over a new connection, when
 * the kept-alive one breaks after the request was sent. If that second connection is refused, they
 * report a refused connection for a request that a node may have carried out. So it is believed only
 * where the runtime could not have sent twice: the body was a stream, which cannot be sent again, or
 * no connection to that node can have been kept alive. Everything else is `broken`.
 */
import type {
  InboundReply,
  OutboundRequest,
  Transport,
  TransportDone,
  TransportFailure,
} from '../ports/transport.ts';
import { Bag, type Bagged } from './bag.ts';
import { BodyCollector } from './body-collector.ts';
import { Deadlines } from './deadlines.ts';
import {
  deadlineResolutionMs,
  defaultReplyBytesMax,
  type TransportOptions,
} from './transport-options.ts';

export interface FetchTransportOptions extends TransportOptions {
  readonly fetch?: typeof globalThis.fetch;
}

/** Longer than any runtime keeps an idle connection. */
const keptAliveMsMax = 10 * 60_000;

/** Origins remembered; nodes of one cluster, and those that took their place. */
const originsMax = 1024;

/** No connection was made: DNS, a closed port, an unreachable host. Codes of Node and Bun. */
const connectFailures = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ConnectionRefused',
  'UND_ERR_CONNECT_TIMEOUT',
]);

export function createFetchTransport(options: FetchTransportOptions): Transport {
  return new FetchTransport(options);
}

interface UnderWay extends Bagged {
  readonly aborter: AbortController;
}

class FetchTransport implements Transport {
  readonly #clock: TransportOptions['clock'];
  readonly #fetch: typeof globalThis.fetch;
  readonly #replyBytesMax: number;
  readonly #deadlines: Deadlines;
  readonly #underWay = new Bag<UnderWay>();
  /** Origin → when a connection to it was last known to be of use. */
  readonly #keptAlive = new Map<string, number>();
  #isClosed = false;

  constructor(options: FetchTransportOptions) {
    this.#clock = options.clock;
    this.#fetch = options.fetch ?? globalThis.fetch;
    this.#replyBytesMax = options.replyBytesMax ?? defaultReplyBytesMax;
    this.#deadlines = new Deadlines(options.clock, deadlineResolutionMs);
  }

  send(baseUrl: string, request: OutboundRequest, done: TransportDone): void {
    void this.#exchange(baseUrl, request).then(
      (reply) => done(null, reply),
      (failure: TransportFailure) => done(failure, null),
    );
  }

  close(): void {
    this.#isClosed = true;
    for (const { aborter } of this.#underWay.all()) aborter.abort();
  }

  /** Rejects with a TransportFailure. */
  async #exchange(baseUrl: string, request: OutboundRequest): Promise<InboundReply> {
    if (this.#isClosed) throw 'broken' satisfies TransportFailure;
    const aborter = new AbortController();
    let isExpired = false;
    const deadline = this.#deadlines.set(request.timeoutMs, () => {
      isExpired = true;
      aborter.abort();
    });
    const exchange = { aborter, place: -1 };
    this.#underWay.add(exchange);
    try {
      const init = requestInit(request, aborter.signal);
      const response = await this.#fetch(baseUrl + request.path, init);
      this.#remember(baseUrl);
      return await readReply(response, this.#replyBytesMax);
    } catch (error) {
      if (isExpired) throw 'timeout' satisfies TransportFailure;
      // Looked at now: another call may have left a connection behind that this one used.
      const mayBeSentTwice = bodyToStream(request) === null && this.#mayBeKeptAlive(baseUrl);
      throw failureOf(error, mayBeSentTwice || aborter.signal.aborted);
    } finally {
      this.#underWay.delete(exchange);
      this.#deadlines.lift(deadline);
    }
  }

  #mayBeKeptAlive(origin: string): boolean {
    const usedMs = this.#keptAlive.get(origin);
    return usedMs !== undefined && this.#clock.monotonicMs() - usedMs < keptAliveMsMax;
  }

  #remember(origin: string): void {
    this.#keptAlive.delete(origin);
    this.#keptAlive.set(origin, this.#clock.monotonicMs());
    const oldest = this.#keptAlive.keys().next().value;
    if (this.#keptAlive.size > originsMax && oldest !== undefined) this.#keptAlive.delete(oldest);
  }
}

function failureOf(error: unknown, isDoubtful: boolean): TransportFailure {
  return !isDoubtful && isConnectFailure(error) ? 'refused' : 'broken';
}

function isConnectFailure(error: unknown): boolean {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 4; depth += 1) {
    if ('code' in at && connectFailures.has(String(at.code))) return true;
    if ('syscall' in at && at.syscall === 'connect') return true;
    // Deno names the stage in the text only.
    if (at.message.includes('client error (Connect)')) return true;
    at = at.cause;
  }
  return false;
}

/**
 * A forwarded change of a value: what the client is told depends on whether it was sent, so it is
 * worth the cost of a stream. Bun takes an empty stream for no body, and would send it again: a
 * DELETE gets one byte that nobody looks at, and only an empty PUT is left in doubt. Between nodes a
 * broken call is as good as a refused one.
 */
function bodyToStream({ method, body }: OutboundRequest): Uint8Array | null {
  if (method === 'DELETE') return body ?? oneByte;
  return method === 'PUT' && body !== undefined && body.length > 0 ? body : null;
}

const oneByte = new Uint8Array(1);

/** `duplex` is required with a stream; the type of the DOM does not know it. */
type StreamingInit = RequestInit & { readonly duplex?: 'half' };

function requestInit(request: OutboundRequest, signal: AbortSignal): StreamingInit {
  const { method, headers, body } = request;
  const init: StreamingInit = { method, headers: { ...headers }, redirect: 'manual', signal };
  const streamed = bodyToStream(request);
  if (streamed !== null) return { ...init, body: streamOf(streamed), duplex: 'half' };
  return body === undefined ? init : { ...init, body: body as Uint8Array<ArrayBuffer> };
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

async function readReply(response: Response, bytesMax: number): Promise<InboundReply> {
  const { status, headers } = response;
  const body = await readBody(response, bytesMax);
  // Headers are put in order only when they are asked for: most answers are asked for one or none.
  return {
    status,
    body,
    header: (name) => headers.get(name) ?? undefined,
    headers: () => Object.fromEntries(headers),
  };
}

/** Throws where the body is longer than `bytesMax`. */
async function readBody(response: Response, bytesMax: number): Promise<Uint8Array> {
  const announced = response.headers.get('content-length');
  if (announced !== null && Number(announced) <= bytesMax) {
    return new Uint8Array(await response.arrayBuffer());
  }
  const body = new BodyCollector(announced === null ? bytesMax : 0);
  for await (const chunk of response.body ?? []) {
    if (!body.push(chunk)) throw new Error('the answer is too long');
  }
  return body.take();
}
