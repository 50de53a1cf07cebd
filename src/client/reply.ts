/** The answers of nodes, read within bounds, and what they say about a request. */
import { catalogue, type ErrorCode, type Outcome } from '../core/errors.ts';
import { headerNames } from '../http/headers.ts';

/** A whole answer. */
export interface Reply {
  /** Base URL of the node that answered. */
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** The body of an answer that was asked for as a stream, not read yet; `body` is empty then. */
  readonly stream?: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** Reads the whole body; throws where it is longer than `bytesMax`, and stops reading then. */
export async function readReply(url: string, response: Response, bytesMax: number): Promise<Reply> {
  const { status, headers } = response;
  const body = await readBody(response, bytesMax);
  return { url, status, headers, body };
}

/** Leaves the body of a 200 of a node to who asked for it; reads that of a failure whole. */
export async function openReply(url: string, response: Response, bytesMax: number): Promise<Reply> {
  const { status, headers, body: stream } = response;
  const isStream = status === 200 && headers.get(headerNames.node) !== null && stream !== null;
  if (!isStream) return readReply(url, response, bytesMax);
  return { url, status, headers, body: new Uint8Array(0), stream };
}

async function readBody(response: Response, bytesMax: number): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array(0);
  const announced = Number(response.headers.get('content-length') ?? Number.NaN);
  if (announced > bytesMax) {
    await response.body.cancel();
    throw new Error(`the answer has ${announced} bytes; at most ${bytesMax} are read`);
  }
  if (announced <= bytesMax) return new Uint8Array(await response.arrayBuffer());
  return readStream(response.body, bytesMax);
}

/** For answers that do not announce their length. */
async function readStream(
  stream: ReadableStream<Uint8Array>,
  bytesMax: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > bytesMax) {
      await reader.cancel();
      throw new Error(`the answer is longer than ${bytesMax} bytes`);
    }
    chunks.push(value);
  }
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

/** What an answer means for the request; `settled` answers are for the method that asked. */
export type Verdict =
  | { readonly kind: 'settled' }
  | { readonly kind: 'failed'; readonly problem: Problem };

/** A failure as the node described it (RFC 9457), with what it left out derived from the status. */
export interface Problem {
  readonly code: ErrorCode;
  readonly outcome: Outcome;
  readonly retryable: boolean;
  readonly detail: string;
  readonly retryAfterMs: number;
}

/** True for an answer of a node of dsm, and not of something else on a reused port. */
export function isFromNode(reply: Reply): boolean {
  return reply.headers.get(headerNames.node) !== null;
}

export function judge(reply: Reply): Verdict {
  if (!isFromNode(reply)) return { kind: 'failed', problem: strangerProblem(reply) };
  const { status } = reply;
  if ((status >= 200 && status < 300) || status === 412) return { kind: 'settled' };
  const body = parseObject(reply.body);
  if (status === 404 && body.code === 'not_found') return { kind: 'settled' };
  return { kind: 'failed', problem: problemOf(reply, body) };
}

/** A status of 4xx that would be the same the next time: all but 408, 425 and 429. */
const passingStatuses: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * True where something that is no node, a gateway or who took a port over, did not let the request
 * in. Another URL may lead to a node; the same one will not.
 */
export function isForeignRefusal(reply: Reply): boolean {
  const { status } = reply;
  return !isFromNode(reply) && status >= 400 && status < 500 && !passingStatuses.has(status);
}

const refusalCodes: Readonly<Record<number, ErrorCode>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'no_route',
  405: 'method_not_allowed',
  413: 'too_large',
  431: 'headers_too_large',
};

/** A gateway before a node may have lost the answer of a write that was applied. */
function strangerProblem(reply: Reply): Problem {
  const isRefusal = isForeignRefusal(reply);
  return {
    code: isRefusal ? (refusalCodes[reply.status] ?? 'invalid_request') : 'internal',
    outcome: isRefusal ? 'not-applied' : 'unknown',
    retryable: true,
    detail: `no answer of a dsm node (it has no ${headerNames.node} header)`,
    retryAfterMs: retryAfterMs(reply),
  };
}

function problemOf(reply: Reply, body: Readonly<Record<string, unknown>>): Problem {
  const code = isErrorCode(body.code) ? body.code : codeOfStatus(reply.status);
  const known = catalogue[code];
  const { outcome, retryable, detail } = body;
  return {
    code,
    outcome: outcome === 'not-applied' || outcome === 'unknown' ? outcome : known.outcome,
    retryable: typeof retryable === 'boolean' ? retryable : known.retryable,
    detail: typeof detail === 'string' ? detail : known.title,
    retryAfterMs: retryAfterMs(reply),
  };
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(catalogue, code);
}

/** For an answer whose code this version does not know: the first code with the same status. */
function codeOfStatus(status: number): ErrorCode {
  const codes = Object.keys(catalogue).filter(isErrorCode);
  const same = codes.find((code) => catalogue[code].status === status);
  return same ?? (status >= 400 && status < 500 ? 'invalid_request' : 'internal');
}

/** `Retry-After` in seconds; 0 where there is none, or where it is a date. */
function retryAfterMs(reply: Reply): number {
  const seconds = Number(reply.headers.get('retry-after') ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}

/** A body as a JSON object; empty where it is something else. */
export function parseObject(body: Uint8Array | string): Readonly<Record<string, unknown>> {
  const parsed = parseJson(body);
  return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
}

/** A body as JSON; undefined where it is none. */
export function parseJson(body: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

/** The revision in a strong or weakened `ETag`; null where it is none of ours. */
export function revisionOf(reply: Reply): number | null {
  const match = /^(?:W\/)?"(\d{1,16})"$/.exec(reply.headers.get('etag') ?? '');
  const revision = Number(match?.[1] ?? Number.NaN);
  return Number.isSafeInteger(revision) ? revision : null;
}
