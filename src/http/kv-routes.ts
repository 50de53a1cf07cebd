/** READ, WRITE and delete of one key: `/v1/kv/{key}`. */
import type { Hono } from 'hono';
import { assert, DsmError, unreachable } from '../core/errors.ts';
import type { PutCommand } from '../core/record.ts';
import type { EntryView, NodeApi, WriteRequest, WriteResult } from '../node/api.ts';
import type { Random } from '../ports/random.ts';
import { answerLater } from './answer-later.ts';
import type { Answers } from './answers.ts';
import type { BodyReader } from './bodies.ts';
import { isHeld, parseCondition } from './conditions.ts';
import { type Forwarder, isForwarded } from './forward.ts';
import { defaultContentType, headerNames } from './headers.ts';
import { keysPath, parseKey, targetOf } from './keys.ts';
import { expectNoQuery, parsePutOptions, parseReadOptions } from './queries.ts';
import { parseIdentity, type RequestIdentity, tagRequest } from './request-tag.ts';

export interface KvOptions {
  readonly node: NodeApi;
  readonly answers: Answers;
  readonly bodies: BodyReader;
  readonly forwarder: Forwarder;
  readonly random: Random;
}

const noContent: Content = Object.freeze({ value: new Uint8Array(0), contentType: '', ttlMs: 0 });

/** Made once: an answer as frequent as any, and an error costs its stack. */
const notFound = new DsmError('not_found');

export function addKvRoutes(app: Hono, options: KvOptions): void {
  app.get(keysPath, (c) => onRead(options, c.req.raw));
  app.put(keysPath, (c) => putKey(options, c.req.raw));
  app.delete(keysPath, (c) => onDelete(options, c.req.raw));
}

/** Everything of the request is read before the node is asked: a request may end while it waits. */
function onRead({ node, answers }: KvOptions, request: Request): Response | Promise<Response> {
  const { rawKey, query } = targetOf(request.url);
  const key = parseKey(rawKey, node.limits.keyBytesMax);
  const options = parseReadOptions(query);
  const ifNoneMatch = request.headers.get('if-none-match');
  const isHead = request.method === 'HEAD';
  const answer = (entry: EntryView | null): Response => {
    if (entry === null) return answers.problem(notFound);
    if (ifNoneMatch !== null && isHeld(ifNoneMatch, entry.revision)) {
      return answers.held(entry.revision);
    }
    return isHead ? answers.entryHead(entry) : answers.entry(entry);
  };
  const isNowEnough =
    options.consistency === 'linearizable' && options.minRevision <= node.appliedLsn;
  const now = isNowEnough ? node.readNow(key) : undefined;
  if (now !== undefined) return answer(now);
  return answerLater((settle) =>
    node.read(key, options, (error, entry) =>
      settle(() => (error === null ? answer(entry) : answers.problem(error))),
    ),
  );
}

/** Throws a DsmError, or rejects with one. */
export function putKey(options: KvOptions, request: Request): Promise<Response> {
  const { bodies, node } = options;
  const { rawKey, query } = targetOf(request.url);
  const { ttlMs } = parsePutOptions(query);
  const change = parseChange(options, rawKey, request.headers);
  const contentType = parseContentType(request.headers, node.limits.contentTypeBytesMax);
  return bodies
    .read(request, node.limits.valueBytesMax)
    .then((value) => send(options, change, { value, contentType, ttlMs }));
}

function onDelete(options: KvOptions, request: Request): Promise<Response> {
  const { rawKey, query } = targetOf(request.url);
  expectNoQuery(query);
  return send(options, parseChange(options, rawKey, request.headers), null);
}

interface Change {
  readonly key: string;
  readonly condition: WriteRequest['condition'];
  readonly identity: ReturnType<typeof parseIdentity>;
  readonly ifMatch: string | null;
  readonly ifNoneMatch: string | null;
  readonly isForwarded: boolean;
}

/** What a PUT stores. */
type Content = Pick<PutCommand, 'value' | 'contentType' | 'ttlMs'>;

function parseChange({ node }: KvOptions, rawKey: string, headers: Headers): Change {
  const ifMatch = headers.get('if-match');
  const ifNoneMatch = headers.get('if-none-match');
  return {
    key: parseKey(rawKey, node.limits.keyBytesMax),
    condition: parseCondition(ifMatch, ifNoneMatch),
    identity: parseIdentity(headers, node.limits.requestIdBytesMax),
    ifMatch,
    ifNoneMatch,
    isForwarded: isForwarded(headers),
  };
}

function parseContentType(headers: Headers, bytesMax: number): string {
  const given = headers.get('content-type') ?? '';
  if (given === '') return defaultContentType;
  if (given.length <= bytesMax && /^[\t -~]*$/.test(given)) return given;
  const text = `Content-Type must be at most ${bytesMax} characters of ASCII`;
  throw new DsmError('invalid_request', text);
}

/** `content` is null for a delete. */
function send(
  { node, answers, forwarder, random }: KvOptions,
  change: Change,
  content: Content | null,
): Promise<Response> {
  const { key, condition } = change;
  const method = content === null ? 'DELETE' : 'PUT';
  let { identity } = change;
  const write = (): WriteRequest => {
    const request = tagRequest(identity, { method, key, condition, ...(content ?? noContent) });
    return content === null
      ? { kind: 'delete', key, condition, request }
      : { kind: 'put', key, condition, request, ...content };
  };
  return forwarder.run({
    isForwarded: change.isForwarded,
    bodyBytes: content?.value.length ?? 0,
    isRepeatable: true,
    runHere: (done) =>
      node.write(write(), (error, result) => done(error, () => answerOf(answers, result))),
    pack: () => {
      // The way to the master may deliver twice, and this node may be the master in the end.
      identity ??= { id: random.id(), keyRevision: 0 };
      return {
        method,
        path: keysPath + encodeURIComponent(key) + queryToPass(content),
        headers: headersToPass(change, identity, content?.contentType ?? ''),
        ...(content === null ? {} : { body: content.value }),
      };
    },
  });
}

function queryToPass(content: Content | null): string {
  return content === null || content.ttlMs === 0 ? '' : `?ttl=${content.ttlMs / 1000}`;
}

function headersToPass(change: Change, identity: RequestIdentity, contentType: string) {
  const { ifMatch, ifNoneMatch } = change;
  const headers: Record<string, string> = { [headerNames.idempotencyKey]: `"${identity.id}"` };
  if (identity.keyRevision > 0) headers[headerNames.keyRevision] = String(identity.keyRevision);
  if (ifMatch !== null) headers['if-match'] = ifMatch;
  if (ifNoneMatch !== null) headers['if-none-match'] = ifNoneMatch;
  if (contentType !== '') headers['content-type'] = contentType;
  return headers;
}

function answerOf(answers: Answers, result: WriteResult | null): Response {
  assert(result !== null, 'a write without an error has a result');
  const { status, revision } = result;
  switch (status) {
    case 'created':
      return answers.stored(201, revision);
    case 'updated':
      return answers.stored(200, revision);
    case 'deleted':
      return answers.empty(204);
    case 'not-found':
      return answers.problem(notFound);
    case 'precondition-failed':
      return answers.problem(preconditionFailed(revision));
    case 'request-mismatch':
      return answers.problem(new DsmError('idempotency_mismatch', mismatchText));
    case 'request-forgotten':
      return answers.problem(new DsmError('request_forgotten'));
    default:
      return unreachable(status);
  }
}

const mismatchText =
  'The idempotency key was used for another request; a new request needs a new key';

function preconditionFailed(currentRevision: number): DsmError {
  const now = currentRevision === 0 ? 'the key is absent' : `it is "${currentRevision}"`;
  const text = `The precondition does not hold: ${now}`;
  return new DsmError('precondition_failed', text, { currentRevision });
}
