/** READ, WRITE and delete of one key: `/v1/kv/{key}`. */
import type { Hono } from 'hono';
import { assert, DsmError } from '../core/errors.ts';
import type { PutCommand } from '../core/record.ts';
import type { EntryView, WriteRequest, WriteResult } from '../node/api.ts';
import { answerLater } from './answer-later.ts';
import type { Answers } from './answers.ts';
import type { IncomingBody } from './bodies.ts';
import type { Change } from './changes.ts';
import {
  conditionHeaders,
  isHeld,
  isMatched,
  type Precondition,
  parsePrecondition,
} from './conditions.ts';
import { defaultContentType } from './headers.ts';
import { keysPath, parseKey, type Target, targetOf } from './keys.ts';
import { preconditionFailed, refusalOf } from './operation-results.ts';
import { expectNoQuery, type PutOptions, parsePutOptions, parseReadOptions } from './queries.ts';
import { tagRequest } from './request-tag.ts';
import type { RouteOptions } from './route-options.ts';

/** What a PUT stores. */
type Content = Pick<PutCommand, 'value' | 'contentType' | 'ttlMs'> & Pick<PutOptions, 'session'>;

const noContent: Content = Object.freeze({
  value: new Uint8Array(0),
  contentType: '',
  ttlMs: 0,
  session: 0,
});

/** Made once: an answer as frequent as any, and an error costs its stack. */
const notFound = new DsmError('not_found');

export function addKvRoutes(app: Hono, options: RouteOptions): void {
  app.get(keysPath, (c) => readKey(options, c.req.raw));
  app.put(keysPath, (c) => putKey(options, c.req.raw));
  app.delete(keysPath, (c) => deleteKey(options, c.req.raw));
}

/**
 * Everything of the request is read before the node is asked: a request may end while it waits.
 * `target` and `shown` are for other paths: the key and query that the URL stands for, and the entry
 * as it is answered.
 */
export function readKey(
  { node, answers }: RouteOptions,
  request: Request,
  { rawKey, query }: Target = targetOf(request.url),
  shown: (entry: EntryView) => EntryView = (entry) => entry,
): Response | Promise<Response> {
  const key = parseKey(rawKey, node.limits.keyBytesMax);
  const options = parseReadOptions(query);
  const ifMatch = request.headers.get('if-match');
  const ifNoneMatch = request.headers.get('if-none-match');
  const isHead = request.method === 'HEAD';
  const answer = (entry: EntryView | null): Response => {
    if (entry === null) return answers.problem(notFound);
    if (ifMatch !== null && !isMatched(ifMatch, entry.revision)) {
      return answers.problem(preconditionFailed(entry.revision));
    }
    if (ifNoneMatch !== null && isHeld(ifNoneMatch, entry.revision)) {
      return answers.held(entry.revision);
    }
    return isHead ? answers.entryHead(shown(entry)) : answers.entry(shown(entry));
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
export function putKey(
  options: RouteOptions,
  request: Request,
  { rawKey, query }: Target = targetOf(request.url),
  incoming?: IncomingBody,
): Promise<Response> {
  const { bodies, node, changes } = options;
  const { headers } = request;
  const { ttlMs, session } = parsePutOptions(query);
  const key = parseKey(rawKey, node.limits.keyBytesMax);
  const precondition = parsePrecondition(headers);
  const contentType = parseContentType(headers, node.limits.contentTypeBytesMax);
  const caller = changes.caller(headers);
  const changeTo = (value: Uint8Array): Change => {
    const content = { value, contentType, ttlMs, session };
    return {
      caller,
      method: 'PUT',
      target: () => ({
        path: keysPath + encodeURIComponent(key) + (query === '' ? '' : `?${query}`),
        headers: { ...conditionHeaders(precondition), 'content-type': contentType },
      }),
      body: value,
      command: (identity) => {
        const payload = { method: 'PUT', key, condition: precondition.condition, ...content };
        return commandOf(key, precondition, content, tagRequest(identity, payload));
      },
      answer: (result) => answerOf(options.answers, result, precondition.wantsCurrent),
    };
  };
  return answerLater((settle, reject) =>
    bodies.take(
      request,
      node.limits.valueBytesMax,
      (value) => changes.start(changeTo(value), settle),
      reject,
      incoming,
    ),
  );
}

export function deleteKey(
  options: RouteOptions,
  request: Request,
  { rawKey, query }: Target = targetOf(request.url),
): Promise<Response> {
  const { node, changes } = options;
  expectNoQuery(query);
  const key = parseKey(rawKey, node.limits.keyBytesMax);
  const precondition = parsePrecondition(request.headers);
  return changes.run({
    caller: changes.caller(request.headers),
    method: 'DELETE',
    target: () => ({
      path: keysPath + encodeURIComponent(key),
      headers: conditionHeaders(precondition),
    }),
    body: null,
    command: (identity) => {
      const { condition } = precondition;
      const payload = { method: 'DELETE', key, condition, ...noContent };
      return commandOf(key, precondition, null, tagRequest(identity, payload));
    },
    answer: (result) => answerOf(options.answers, result, precondition.wantsCurrent),
  });
}

/** `content` is null for a delete. */
function commandOf(
  key: string,
  { condition, wantsCurrent }: Precondition,
  content: Content | null,
  request: WriteRequest['request'],
): WriteRequest {
  if (!wantsCurrent && content === null) return { kind: 'delete', key, condition, request };
  if (!wantsCurrent && content?.session === 0) {
    const { value, contentType, ttlMs } = content;
    return { kind: 'put', key, condition, request, value, contentType, ttlMs };
  }
  // The value that stands in the way is read in the same record in which it does.
  return {
    kind: 'txn',
    compares: [{ key, condition, value: null }],
    operations: [content === null ? { kind: 'delete', key } : { kind: 'put', key, ...content }],
    otherwise: [{ kind: 'get', key }],
    request,
  };
}

function parseContentType(headers: Headers, bytesMax: number): string {
  const given = headers.get('content-type') ?? '';
  if (given === '') return defaultContentType;
  if (given.length <= bytesMax && /^[\t -~]*$/.test(given)) return given;
  const text = `Content-Type must be at most ${bytesMax} characters of ASCII`;
  throw new DsmError('invalid_request', text);
}

/** Of a refusal one needs to know no more than that it is of the only operation. */
const oneOperation = { operations: [{ kind: 'get', key: '' }], otherwise: [] } as const;

function answerOf(answers: Answers, result: WriteResult, wantsCurrent: boolean): Response {
  const refusal = refusalOf(result, oneOperation);
  if (refusal !== null) return answers.problem(refusal);
  const [outcome] = result.results ?? [];
  const { status, revision } = result.status === 'committed' && outcome ? outcome : result;
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
    default:
      assert(
        result.status === 'otherwise' && outcome !== undefined,
        () => `a write is not ${status}`,
      );
      if (!wantsCurrent) return answers.problem(preconditionFailed(outcome.revision));
      return answers.problem(preconditionFailed(outcome.revision, outcome), {
        'preference-applied': 'return=representation',
      });
  }
}
