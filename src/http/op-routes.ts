/**
 * Changes of one key that depend on what it holds: `POST /v1/kv/{key}?op=increment`, `get-and-delete`
 * and `touch`. Each is one record, evaluated when it is applied; conditions as with a PUT.
 */
import type { Hono } from 'hono';
import { assert, DsmError } from '../core/errors.ts';
import type { Operation, TxnCommand } from '../core/operations.ts';
import type { OperationResult } from '../core/result.ts';
import type { WriteResult } from '../node/api.ts';
import { conditionHeaders, parsePrecondition } from './conditions.ts';
import { headerNames } from './headers.ts';
import { keysPath, parseKey, targetOf } from './keys.ts';
import { expiresInOf, preconditionFailed, refusalOf } from './operation-results.ts';
import { parametersOf, parseChoice, parseTtl, parseWholeNumber } from './queries.ts';
import { tagOperations } from './request-tag.ts';
import type { RouteOptions } from './route-options.ts';

const names = ['increment', 'get-and-delete', 'touch'] as const;
type Name = (typeof names)[number];

const parameterNames: Readonly<Record<Name, readonly string[]>> = Object.freeze({
  increment: ['op', 'by', 'ttl'],
  'get-and-delete': ['op'],
  touch: ['op', 'ttl'],
});

export function addOpRoutes(app: Hono, options: RouteOptions): void {
  app.post(keysPath, (c) => onOperation(options, c.req.raw));
}

function onOperation(options: RouteOptions, { url, headers }: Request): Promise<Response> {
  const { node, answers, changes } = options;
  const { rawKey, query } = targetOf(url);
  const key = parseKey(rawKey, node.limits.keyBytesMax);
  const { name, operations } = parseOperation(query, key);
  const precondition = parsePrecondition(headers);
  const { condition, wantsCurrent } = precondition;
  const txn: TxnCommand = {
    kind: 'txn',
    compares: [{ key, condition, value: null }],
    operations,
    otherwise: [{ kind: 'get', key }],
    request: null,
  };
  return changes.run({
    caller: changes.caller(headers),
    method: 'POST',
    target: () => ({
      path: `${keysPath}${encodeURIComponent(key)}?${query}`,
      headers: conditionHeaders(precondition),
    }),
    body: null,
    command: (identity) => ({
      ...txn,
      request: tagOperations(identity, [condition, operations]),
    }),
    answer: (result) => {
      const refusal = refusalOf(result, txn);
      const [outcome] = result.results ?? [];
      if (refusal !== null) return answers.problem(refusal);
      assert(outcome !== undefined, 'an operation that was done has a result');
      if (result.status === 'otherwise') {
        const current = wantsCurrent ? outcome : undefined;
        return answers.problem(preconditionFailed(outcome.revision, current));
      }
      return answerOf(options, name, result, outcome);
    },
  });
}

function parseOperation(query: string, key: string): { name: Name; operations: Operation[] } {
  const op = new URLSearchParams(query).get('op');
  if (op === null) {
    const text = `a POST to a key needs op, one of ${names.join(', ')}; to store a value use PUT`;
    throw new DsmError('invalid_request', text);
  }
  const name = parseChoice(new URLSearchParams({ op }), 'op', names);
  const parameters = parametersOf(query, parameterNames[name]);
  return { name, operations: operationsOf(name, parameters, key) };
}

function operationsOf(name: Name, parameters: URLSearchParams, key: string): Operation[] {
  if (name === 'get-and-delete') {
    return [
      { kind: 'get', key },
      { kind: 'delete', key },
    ];
  }
  if (name === 'increment') {
    const by = parseWholeNumber(parameters, 'by') ?? 1;
    return [{ kind: 'increment', key, by, ttlMs: parseTtl(parameters) ?? 0 }];
  }
  const text = parameters.get('ttl');
  if (text === null) {
    const hint = 'touch needs ttl, in seconds, or ttl=none for a key that never expires';
    throw new DsmError('invalid_request', hint);
  }
  return [{ kind: 'touch', key, ttlMs: text === 'none' ? 0 : (parseTtl(parameters) ?? 0) }];
}

function answerOf(
  { node, answers }: RouteOptions,
  name: Name,
  { revision }: WriteResult,
  outcome: OperationResult,
): Response {
  const { status, value, contentType, expiresAtMs } = outcome;
  if (status === 'not-found') return answers.problem(new DsmError('not_found'));
  const isNew = name === 'increment' && status === 'created';
  if (value !== null && name === 'get-and-delete') return answers.entry({ ...outcome, value });
  if (value !== null) {
    const entry = { value, contentType, revision, expiresAtMs };
    return isNew ? answers.entry(entry, 201) : answers.entry(entry);
  }
  const expiresIn = expiresInOf(expiresAtMs, node.logTimeMs());
  return answers.stored(
    200,
    outcome.revision,
    expiresIn === null ? {} : { [headerNames.expiresIn]: String(expiresIn) },
  );
}
