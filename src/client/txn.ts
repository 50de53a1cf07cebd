/** Transactions, built step by step and sent as a whole. */

import { fieldsOf, strange } from './json-values.ts';
import type { Mutator } from './mutator.ts';
import { jsonOfCompare, jsonOfOperation, resultOfJson } from './operations.ts';
import { parseObject, type Reply } from './reply.ts';
import type { Compare, MutationOptions, Operation, TxnResult, Value } from './types.ts';

interface ListOfPut {
  /** Seconds; default for ever. */
  readonly ttl?: number;
  readonly contentType?: string;
}

/** Operations in their order; a key can be changed once. */
export class OperationList {
  readonly operations: Operation[] = [];

  put(key: string, value: Value, options: ListOfPut = {}): this {
    return this.add({ op: 'put', key, value, ...options });
  }

  get(key: string): this {
    return this.add({ op: 'get', key });
  }

  delete(key: string): this {
    return this.add({ op: 'delete', key });
  }

  /** `ttl`: seconds, where the key is made. */
  increment(key: string, by = 1, options: { readonly ttl?: number } = {}): this {
    return this.add({ op: 'increment', key, by, ...options });
  }

  /** `ttl`: seconds from now; null for ever. */
  touch(key: string, ttl: number | null): this {
    return this.add({ op: 'touch', key, ttl });
  }

  add(operation: Operation): this {
    this.operations.push(operation);
    return this;
  }
}

/**
 * A transaction: where all `check`s hold, the operations that follow; else those of `else`. All of
 * a list happens at one revision, or nothing does.
 */
export class Transaction extends OperationList {
  readonly #mutator: Mutator;
  readonly #compares: Compare[] = [];
  #otherwise: readonly Operation[] = [];

  constructor(mutator: Mutator) {
    super();
    this.#mutator = mutator;
  }

  /** `{ exists }`, `{ revision }` (0: absent) or `{ value }`; where several are given, all hold. */
  check(key: string, expected: Omit<Compare, 'key'>): this {
    this.#compares.push({ key, ...expected });
    return this;
  }

  /** What to do where a check does not hold; default nothing. */
  else(build: (list: OperationList) => void): this {
    const list = new OperationList();
    build(list);
    this.#otherwise = list.operations;
    return this;
  }

  /**
   * `ok: false` where a check did not hold, with the results of `else`. Throws a DsmError where an
   * operation could not be done (`not_a_number`): nothing was done then.
   */
  async commit(options: MutationOptions = {}): Promise<TxnResult> {
    const json = {
      if: this.#compares.map(jsonOfCompare),
      then: this.operations.map(jsonOfOperation),
      else: this.#otherwise.map(jsonOfOperation),
    };
    return txnResultOf(await this.#mutator.post('TXN', '/v1/txn', json, options));
  }
}

function txnResultOf(reply: Reply): TxnResult {
  const { succeeded, revision, results } = fieldsOf(parseObject(reply.body));
  if (typeof revision !== 'number' || !Array.isArray(results)) throw strange(reply.url);
  const all = results.map((result) => resultOfJson(result, reply.url));
  return { ok: succeeded === true, revision, results: all };
}
