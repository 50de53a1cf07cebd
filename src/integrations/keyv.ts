/**
 * `dsm/keyv`: a store for Keyv. Lifetimes end in the cluster, namespaces are prefixes of keys, and
 * what fails rejects with a DsmError, which Keyv emits as `error`.
 *
 *     import Keyv from 'keyv';
 *     import { KeyvDsm } from 'dsm/keyv';
 *
 *     const cache = new Keyv({
 *       store: new KeyvDsm({ masters: ['http://127.0.0.1:12345'] }),
 *       namespace: 'cache',
 *     });
 */
import type { KeyvStoreAdapter, StoredData } from 'keyv';
import type { Client } from '../client/client.ts';
import type { BatchItem, Entry } from '../client/types.ts';
import { type ClientOrOptions, clientOf, hasKey } from './client-of.ts';

export type KeyvDsmOptions = ClientOrOptions & {
  /** Before every key: the store may hold other things too. Default `keyv/`. */
  readonly prefix?: string | undefined;
};

/** Operations in one request. */
const batchMax = 1000;

export class KeyvDsm implements KeyvStoreAdapter {
  /**
   * Keyv makes its `iterator()` for the dialects only that it has heard of; of those, this one has
   * the same kind of keys.
   */
  readonly opts = { dialect: 'etcd' };
  /** Set by Keyv, which also puts it before every key. */
  namespace?: string | undefined;
  readonly #client: Client;
  readonly #prefix: string;

  /** Throws a DsmError `invalid_request` where there are neither a client nor usable masters. */
  constructor(options: KeyvDsmOptions) {
    this.#client = clientOf(options);
    this.#prefix = options.prefix ?? 'keyv/';
  }

  async get<T>(key: string): Promise<StoredData<T> | undefined> {
    const entry = await this.#client.get(this.#prefix + key);
    return entry === null ? undefined : dataOf<T>(entry);
  }

  /** Each by itself: together they may be more than one answer holds. */
  getMany<T>(keys: string[]): Promise<StoredData<T | undefined>[]> {
    return Promise.all(keys.map((key) => this.get<T | undefined>(key)));
  }

  /** `ttl` in ms. */
  async set(key: string, value: string | object, ttl?: number): Promise<boolean> {
    await this.#client.put(this.#prefix + key, value, { ttl: secondsOf(ttl) });
    return true;
  }

  async delete(key: string): Promise<boolean> {
    return (await this.#client.delete(this.#prefix + key)).deleted;
  }

  /** True where one of them was there. */
  async deleteMany(keys: string[]): Promise<boolean> {
    const items: BatchItem[] = keys.map((key) => ({ op: 'delete', key: this.#prefix + key }));
    let deleted = false;
    for (let from = 0; from < items.length; from += batchMax) {
      for (const result of await this.#client.batch(items.slice(from, from + batchMax))) {
        if (!result.ok) throw result.error;
        deleted ||= result.status === 'deleted';
      }
    }
    return deleted;
  }

  has(key: string): Promise<boolean> {
    return hasKey(this.#client, this.#prefix + key);
  }

  /** Of its namespace, or of all where it has none. */
  async clear(): Promise<void> {
    await this.#client.deleteRange({ prefix: this.#rangeOf(this.namespace) });
  }

  /** Keys, as Keyv stored them, and values. */
  async *iterator<T>(namespace?: string): AsyncGenerator<[string, T], void> {
    for await (const entry of this.#client.list({ prefix: this.#rangeOf(namespace) })) {
      yield [entry.key.slice(this.#prefix.length), dataOf(entry) as T];
    }
  }

  #rangeOf(namespace: string | undefined): string {
    return namespace === undefined ? this.#prefix : `${this.#prefix}${namespace}:`;
  }

  /** Nothing is emitted: every failure is that of a call. */
  on(): this {
    return this;
  }
}

/** Keyv hands over text, or, without a serializer, the value itself. */
function dataOf<T>(entry: Entry): StoredData<T> {
  if (entry.contentType === 'application/json') return entry.json();
  if (entry.contentType === 'application/octet-stream') return entry.value as StoredData<T>;
  return entry.text() as StoredData<T>;
}

/** To the millisecond, and at least one: a lifetime that has just ended is none for ever. */
function secondsOf(ttl: number | undefined): number | undefined {
  return ttl === undefined ? undefined : Math.max(1, Math.ceil(ttl)) / 1000;
}

export default KeyvDsm;
