/**
 * A batch on its way. It is repeated as a whole while items of it fail with what passes: under the
 * same idempotency key, so those that were done are not done again but give their results again.
 */
import { DsmError } from '../core/errors.ts';
import { fieldsOf, jsonContent, strange } from './json-values.ts';
import { jsonOfOperation, resultOfJson } from './operations.ts';
import { isErrorCode, type Problem, parseJson, type Reply } from './reply.ts';
import type { BatchItem, BatchResult } from './types.ts';

export class Batch {
  readonly #items: readonly BatchItem[];
  readonly request;
  /** Of the last answer; one for each item, in their order. */
  results: readonly BatchResult[] = [];

  /** Throws `invalid_key` or `invalid_request`. */
  constructor(items: readonly BatchItem[]) {
    this.#items = items;
    this.request = {
      path: '/v1/batch',
      ...jsonContent(items.map(jsonOfOperation)),
      lackOf: (reply: Reply) => this.#read(reply),
    };
  }

  /** Why this is not the end of it; null where it is. Throws `internal` for what is no answer. */
  #read(reply: Reply): Problem | null {
    this.results = resultsOf(reply, this.#items);
    const passing = this.results.flatMap((result) =>
      !result.ok && result.error.retryable ? [result.error] : [],
    );
    const lack = passing.find(({ outcome }) => outcome === 'unknown') ?? passing[0];
    if (lack === undefined) return null;
    const { code, outcome, retryable } = lack;
    const detail = `${passing.length} of ${this.#items.length}: ${lack.message}`;
    return { code, outcome, retryable, detail, retryAfterMs: 0 };
  }
}

function resultsOf(reply: Reply, items: readonly BatchItem[]): BatchResult[] {
  const results = parseJson(reply.body);
  if (!Array.isArray(results) || results.length !== items.length) throw strange(reply.url);
  return results.map((json, index) => {
    const error = errorOfJson(json, reply.url);
    if (error !== null) return { ok: false, key: items[index]?.key ?? '', error };
    return { ok: true, ...resultOfJson(json, reply.url) };
  });
}

/** The failure of one item. */
function errorOfJson(json: unknown, where: string): DsmError | null {
  const { error } = fieldsOf(json);
  if (error === undefined) return null;
  const { code, detail, currentRevision } = fieldsOf(error);
  if (typeof code !== 'string' || typeof detail !== 'string') throw strange(where);
  const details = typeof currentRevision === 'number' ? { currentRevision } : {};
  return new DsmError(isErrorCode(code) ? code : 'internal', detail, details);
}
