/** `POST /v1/txn`, all or nothing, and `DELETE /v1/kv?prefix=`, which is one too. */
import type { Hono } from 'hono';
import { assert, DsmError } from '../core/errors.ts';
import { intersect, prefixRange } from '../core/key-range.ts';
import type { Operation, TxnCommand } from '../core/operations.ts';
import type { Caller } from './changes.ts';
import { checked, jsonBytesMax, jsonOf, textOf } from './json-bodies.ts';
import { listPath } from './list-routes.ts';
import { deleteMax, jsonResultOf, refusalOf } from './operation-results.ts';
import { compareOf, type JsonOperation, operationOf, txnSchema } from './operations-json.ts';
import { parametersOf, parseKeyText, parseWhole, queryOf } from './queries.ts';
import { tagOperations } from './request-tag.ts';
import type { RouteOptions } from './route-options.ts';

export const txnPath = '/v1/txn';

export function addTxnRoutes(app: Hono, options: RouteOptions): void {
  app.post(txnPath, (c) => onTxn(options, c.req.raw));
  app.delete(listPath, ({ req }) => deleteRange(options, queryOf(req.raw.url), req.raw.headers));
}

function onTxn(options: RouteOptions, request: Request): Promise<Response> {
  const caller = options.changes.caller(request.headers);
  parametersOf(queryOf(request.url), []);
  return options.bodies.read(request, jsonBytesMax).then((body) => runTxn(options, caller, body));
}

function runTxn(
  { node, answers, changes }: RouteOptions,
  caller: Caller,
  body: Uint8Array,
): Promise<Response> {
  const { limits } = node;
  const json = checked(txnSchema, jsonOf(textOf(body)));
  const list = (name: 'then' | 'else', from: readonly JsonOperation[]) => {
    const operations = from.map((one, i) => operationOf(one, limits, `${name}[${i}]`));
    expectOneWrite(operations, name);
    return operations;
  };
  const compares = json.if.map((one, i) => compareOf(one, limits, `if[${i}]`));
  const [operations, otherwise] = [list('then', json.then), list('else', json.else)];
  const txn: TxnCommand = { kind: 'txn', compares, operations, otherwise, request: null };
  return changes.run({
    caller,
    method: 'POST',
    target: () => ({
      path: txnPath,
      headers: { 'content-type': 'application/json' },
    }),
    body,
    command: (identity) => ({
      ...txn,
      request: tagOperations(identity, [compares, operations, otherwise]),
    }),
    answer: (result) => {
      const refusal = refusalOf(result, txn);
      if (refusal !== null) return answers.problem(refusal);
      const succeeded = result.status === 'committed';
      const ran = succeeded ? operations : otherwise;
      const { revision, results } = result;
      assert(results !== undefined && results !== null, 'a transaction that ran has results');
      const logTimeMs = node.logTimeMs();
      const shown = results.flatMap((one, index) => {
        const operation = ran[index];
        return operation === undefined ? [] : [jsonResultOf(operation, one, logTimeMs)];
      });
      return answers.json(200, { succeeded, revision, results: shown });
    },
  });
}

/** A transaction is one change of a key: two in one list are a mistake. */
function expectOneWrite(operations: readonly Operation[], path: string): void {
  const written = new Map<string, number>();
  for (const [index, operation] of operations.entries()) {
    if (operation.kind === 'get' || operation.kind === 'delete-range') continue;
    const first = written.get(operation.key);
    if (first !== undefined) {
      const text = `${path}[${index}]: the key is changed by ${path}[${first}] already`;
      throw new DsmError('invalid_request', text);
    }
    written.set(operation.key, index);
  }
}

export function deleteRange(
  { node, answers, changes }: RouteOptions,
  query: string,
  headers: Headers,
): Promise<Response> {
  const operations = [parseDeleteRange(query, node.limits.keyBytesMax)];
  const txn: TxnCommand = { kind: 'txn', compares: [], operations, otherwise: [], request: null };
  return changes.run({
    caller: changes.caller(headers),
    method: 'DELETE',
    target: () => ({
      path: `${listPath}?${query}`,
      headers: {},
    }),
    body: null,
    command: (identity) => ({ ...txn, request: tagOperations(identity, operations) }),
    answer: (result) => {
      const refusal = refusalOf(result, txn);
      if (refusal !== null) return answers.problem(refusal);
      const [outcome] = result.results ?? [];
      assert(outcome !== undefined, 'a deletion that was done has a result');
      const { count, hasMore } = outcome;
      return answers.json(200, { deleted: count, hasMore, revision: result.revision });
    },
  });
}

function parseDeleteRange(query: string, keyBytesMax: number): Operation {
  const parameters = parametersOf(query, ['prefix', 'start', 'end', 'limit']);
  const keyText = (name: string) => parseKeyText(parameters, name, keyBytesMax);
  const prefix = keyText('prefix');
  if (prefix === null) {
    const text = 'say which keys, with prefix; prefix= alone means all of them';
    throw new DsmError('invalid_request', text);
  }
  const limit = parseWhole(parameters, 'limit', 1, deleteMax);
  const { start, end } = intersect(prefixRange(prefix), {
    start: keyText('start') ?? '',
    end: keyText('end'),
  });
  return { kind: 'delete-range', start, end, limit: limit ?? deleteMax, isPage: limit !== null };
}
