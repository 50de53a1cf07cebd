/**
 * `POST /v1/batch`: many independent reads and changes in one request, and a result for each, in
 * their order. Changes are put into the log in that order; nothing else binds them together.
 */
import type { Hono } from 'hono';
import { assert, DsmError } from '../core/errors.ts';
import type { Operation } from '../core/operations.ts';
import type { Condition } from '../core/record.ts';
import { noResult, type OperationResult } from '../core/result.ts';
import type { EntryView, NodeApi, WriteDone, WriteRequest, WriteResult } from '../node/api.ts';
import type { Answers } from './answers.ts';
import { type Caller, knownBefore } from './changes.ts';
import { checked, jsonBytesMax, jsonOf, textOf } from './json-bodies.ts';
import { jsonResultOf, preconditionFailed, refusalOf } from './operation-results.ts';
import { type BatchItem, batchItemSchema, conditionOf, operationOf } from './operations-json.ts';
import { problemOf } from './problem.ts';
import { parametersOf, queryOf } from './queries.ts';
import { type RequestIdentity, tagOperations } from './request-tag.ts';
import type { RouteOptions } from './route-options.ts';

const batchPath = '/v1/batch';
export const itemsMax = 1000;
export const ndjson = 'application/x-ndjson';

/** Bytes of the values in one answer; what comes after them is to be asked for again. */
const valueBytesMax = 4 * 1024 * 1024;

interface Item {
  readonly operation: Operation;
  /** What a change is in the log; null for a get. */
  readonly command: WriteRequest | null;
}

/** How one item ended: `error` is not null where it failed. */
interface ItemEnd {
  readonly error: DsmError | null;
  readonly result: OperationResult | null;
}

export function addBatchRoutes(app: Hono, options: RouteOptions): void {
  app.post(batchPath, (c) => onBatch(options, c.req.raw));
}

function onBatch(options: RouteOptions, request: Request): Promise<Response> {
  const { node, answers, changes, bodies } = options;
  const caller: Caller = changes.caller(request.headers);
  parametersOf(queryOf(request.url), []);
  const contentType = request.headers.get('content-type') ?? '';
  const isLines = /^application\/(?:x-)?ndjson\s*(?:;|$)/i.test(contentType);
  return bodies.read(request, jsonBytesMax).then((body) => {
    const items = parseItems(textOf(body), isLines, node);
    return changes.runAs(
      {
        caller,
        method: 'POST',
        target: () => ({
          path: batchPath,
          headers: { 'content-type': isLines ? ndjson : 'application/json' },
        }),
        body,
      },
      (identity, done) =>
        runItems(node, items, identity, (ends) =>
          done(endOfMastership(ends, identity), () =>
            answer(answers, jsonOfEnds(node, items, ends), isLines),
          ),
        ),
    );
  });
}

/** Where the mastership ended meanwhile: whether the batch as a whole is to be run elsewhere. */
function endOfMastership(
  ends: readonly ItemEnd[],
  identity: RequestIdentity | null,
): DsmError | null {
  const codes = new Set(ends.map(({ error }) => error?.code));
  if (codes.size === 1 && codes.has('misdirected')) return new DsmError('misdirected');
  const isCut = codes.has('misdirected') || codes.has('stepped_down');
  // Without a key, what was done would be done again: each item says how it ended.
  return isCut && identity !== null ? new DsmError('stepped_down') : null;
}

/** Throws `invalid_request` and the like: a batch with a bad item is not begun. */
function parseItems(text: string, isLines: boolean, { limits }: NodeApi): Item[] {
  const list = isLines ? linesOf(text) : jsonOf(text);
  if (!Array.isArray(list)) {
    throw new DsmError('invalid_request', `The body must be a JSON array, or ${ndjson} lines`);
  }
  if (list.length > itemsMax) throw tooMany(String(list.length));
  return list.map((json, index) => itemOf(checked(batchItemSchema, json, `[${index}]`), index));

  function itemOf(item: BatchItem, index: number): Item {
    const path = `[${index}]`;
    const operation = operationOf(item, limits, path);
    if (item.op === 'get') return { operation, command: null };
    const condition = conditionOf(item.if ?? {}, `${path}.if`);
    return { operation, command: commandOf(operation, item.key, condition) };
  }
}

/** The plain kinds where they do: their records are the cheapest. */
function commandOf(operation: Operation, key: string, condition: Condition): WriteRequest {
  if (condition === 'none' && operation.kind === 'delete') {
    return { kind: 'delete', key, condition, request: null };
  }
  // One that ends some day is a transaction: its result says when.
  const isPlain = operation.kind === 'put' && operation.ttlMs === 0 && operation.session === 0;
  if (condition === 'none' && isPlain) {
    const { value, contentType, ttlMs } = operation;
    return { kind: 'put', key, value, contentType, ttlMs, condition, request: null };
  }
  const compares = [{ key, condition, value: null }];
  const otherwise: Operation[] = [{ kind: 'get', key }];
  return { kind: 'txn', compares, operations: [operation], otherwise, request: null };
}

/** Throws `too_large` before it has looked at many lines too many. */
function linesOf(text: string): unknown[] {
  const list: unknown[] = [];
  let number = 0;
  for (let start = 0; start < text.length; number += 1) {
    const found = text.indexOf('\n', start);
    const end = found === -1 ? text.length : found;
    const line = text.slice(start, end).trim();
    if (line !== '') list.push(jsonOf(line, `Line ${number + 1}`));
    if (list.length > itemsMax) throw tooMany(`more than ${itemsMax}`);
    start = end + 1;
  }
  return list;
}

function tooMany(count: string): DsmError {
  return new DsmError('too_large', `A batch has at most ${itemsMax} items, not ${count}`);
}

function runItems(
  node: NodeApi,
  items: readonly Item[],
  identity: RequestIdentity | null,
  done: (ends: readonly ItemEnd[]) => void,
): void {
  const ends: ItemEnd[] = [];
  let open = items.length;
  if (open === 0) done(ends);
  for (const [index, { operation, command }] of items.entries()) {
    const end = (error: DsmError | null, result: OperationResult | null) => {
      ends[index] = { error, result };
      open -= 1;
      if (open === 0) done(ends);
    };
    if (command !== null) node.write(tagged(command, identity, index), onWritten(command, end));
    else if ('key' in operation) runGet(node, operation.key, end);
  }
}

/** Each change is a request of its own, and they share a key that may be used again as a whole. */
function tagged(
  command: WriteRequest,
  identity: RequestIdentity | null,
  index: number,
): WriteRequest {
  if (identity === null) return command;
  // Behind a character that no key of a client has.
  const own = { ...identity, id: `${identity.id}\0${index}` };
  return { ...command, request: tagOperations(own, [command]) };
}

type End = (error: DsmError | null, result: OperationResult | null) => void;

function onWritten(command: WriteRequest, end: End): WriteDone {
  return (error, result) => {
    if (error !== null) return end(error, null);
    assert(result !== null, 'a write without an error has a result');
    const failure = failureOf(command, result);
    if (failure === null) end(null, outcomeOf(result));
    else end(failure, null);
  };
}

function failureOf(command: WriteRequest, result: WriteResult): DsmError | null {
  const refusal = command.kind === 'txn' ? refusalOf(result, command) : null;
  return knownBefore(result) ?? refusal ?? preconditionOf(result);
}

function outcomeOf({ status, revision, results }: WriteResult): OperationResult {
  const [outcome] = results ?? [];
  if (outcome !== undefined) return outcome;
  if (status === 'deleted') return { ...noResult, status };
  if (status !== 'created' && status !== 'updated') return noResult;
  return { ...noResult, status, revision };
}

function preconditionOf({ status, results }: WriteResult): DsmError | null {
  const [current] = results ?? [];
  if (status !== 'otherwise' || current === undefined) return null;
  return preconditionFailed(current.revision, current);
}

function runGet(node: NodeApi, key: string, end: End): void {
  const now = node.readNow(key);
  if (now !== undefined) return end(null, readResult(now));
  const options = { consistency: 'linearizable', minRevision: 0 } as const;
  node.read(key, options, (error, entry) =>
    error === null ? end(null, readResult(entry)) : end(error, null),
  );
}

function readResult(entry: EntryView | null): OperationResult {
  if (entry === null) return noResult;
  const { value, contentType, revision, expiresAtMs } = entry;
  return { ...noResult, status: 'found', value, contentType, revision, expiresAtMs };
}

function jsonOfEnds(node: NodeApi, items: readonly Item[], ends: readonly ItemEnd[]): object[] {
  const logTimeMs = node.logTimeMs();
  let bytes = 0;
  return items.map(({ operation }, index) => {
    const { error = null, result = null } = ends[index] ?? {};
    const head = { op: operation.kind, key: 'key' in operation ? operation.key : '' };
    if (result === null) return { ...head, error: errorOf(error ?? new DsmError('internal')) };
    const before = bytes;
    bytes += result.value?.length ?? 0;
    if (before > 0 && bytes > valueBytesMax) return { ...head, error: errorOf(answerIsFull()) };
    return jsonResultOf(operation, result, logTimeMs);
  });
}

function answerIsFull(): DsmError {
  const text = `The values in one answer have at most ${valueBytesMax} bytes; get this one again`;
  return new DsmError('too_large', text);
}

/** A problem document without what only an answer of its own has. */
function errorOf(error: DsmError): object {
  const { type: _type, title: _title, ...problem } = problemOf(error, null);
  return problem;
}

function answer(answers: Answers, results: readonly object[], isLines: boolean): Response {
  if (!isLines) return answers.json(200, results);
  const text = results.map((result) => `${JSON.stringify(result)}\n`).join('');
  return answers.make(200, text, { 'content-type': ndjson });
}
