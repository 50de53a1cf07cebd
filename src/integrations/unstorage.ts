/**
 * `dsm/unstorage`: a driver for unstorage, over the client library. Beside what the stock HTTP driver
 * can do at `/v1/unstorage/` it fails over, counts every change once, and watches.
 *
 *     import { createStorage } from 'unstorage';
 *     import dsmDriver from 'dsm/unstorage';
 *
 *     const storage = createStorage({
 *       driver: dsmDriver({ masters: ['http://127.0.0.1:12345'], base: 'shop' }),
 *     });
 *
 * The key `users:alice` of unstorage is the key `shop/users/alice` of the store.
 */
import type { Driver, WatchCallback } from 'unstorage';
import type { Client } from '../client/client.ts';
import type { Entry } from '../client/types.ts';
import { isNameable, storedKeyOf, storedPrefixOf } from '../http/unstorage-keys.ts';
import { type ClientOrOptions, clientOf, hasKey } from './client-of.ts';

export type UnstorageDriverOptions = ClientOrOptions & {
  /** All keys are below it, and `clear` clears no others. Default: the whole store. */
  readonly base?: string | undefined;
  /** Seconds that keys live which are set without a `ttl`. Default: for ever. */
  readonly ttl?: number | undefined;
};

/** What unstorage passes on of the options of a call. */
interface SetOptions {
  readonly ttl?: number;
}

type DsmDriver = Driver<UnstorageDriverOptions, Client>;

/** Throws a DsmError `invalid_request` where there are neither a client nor usable masters. */
export default function dsmDriver(options: UnstorageDriverOptions): DsmDriver {
  const client = clientOf(options);
  const base = storedPrefixOf(options.base ?? '');
  const keyOf = (name: string) => base + storedKeyOf(name);
  // unstorage calls without a base, whatever its types say.
  const prefixOf = (name: string | undefined = '') => base + storedPrefixOf(name);
  const store = async (name: string, value: string | object, { ttl }: SetOptions = {}) => {
    await client.put(keyOf(name), value, { ttl: ttl || options.ttl || undefined });
  };

  return {
    name: 'dsm',
    flags: { ttl: true },
    options,
    getInstance: () => client,
    hasItem: (name) => hasKey(client, keyOf(name)),
    getItem: async (name) => (await client.get(keyOf(name)))?.text() ?? null,
    getItemRaw: async (name) => (await client.get(keyOf(name)))?.value ?? null,
    setItem: store,
    setItemRaw: (name, value, set) => store(name, rawOf(value), set),
    removeItem: async (name) => {
      await client.delete(keyOf(name));
    },
    getMeta: (name) => metaOf(client, keyOf(name)),
    getKeys: async (name) => {
      const names: string[] = [];
      for await (const key of client.keys({ prefix: prefixOf(name), pageSize: 1000 })) {
        if (isNameable(key)) names.push(key.slice(base.length));
      }
      return names;
    },
    clear: async (name) => {
      await client.deleteRange({ prefix: prefixOf(name) });
    },
    watch: (callback) => watch(client, base, callback),
  };
}

function rawOf(value: unknown): string | object {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return typeof value === 'object' && value !== null ? value : String(value);
}

/** Null where the key is absent. `ttl` is what is left, in seconds. */
async function metaOf(client: Client, key: string) {
  const [result] = await client.batch([{ op: 'get', key }]);
  if (result?.ok !== true) throw result?.error;
  const { entry, expiresIn } = result;
  if (entry === null) return null;
  const { revision, contentType, value } = entry satisfies Entry;
  return {
    ...(expiresIn === undefined ? {} : { ttl: expiresIn }),
    ...{ revision, contentType, size: value.length },
  };
}

/**
 * Resolves when every change from now on will be told. After an interruption so long that changes
 * were missed, all that is there is told as updated. An error that ends the watch surfaces as one
 * that nobody caught: unstorage has no place for it.
 */
function watch(client: Client, prefix: string, callback: WatchCallback): Promise<() => void> {
  const controller = new AbortController();
  const { signal } = controller;
  const started = Promise.withResolvers<() => void>();
  let isStarted = false;
  const run = async () => {
    for await (const event of client.watch({ prefix, signal })) {
      if (event.kind === 'synced') {
        isStarted = true;
        started.resolve(() => controller.abort());
      } else if (event.kind !== 'reset' && isStarted && isNameable(event.key)) {
        callback(event.kind === 'put' ? 'update' : 'remove', event.key.slice(prefix.length));
      }
    }
  };
  run().catch((error: unknown) => {
    if (signal.aborted) return;
    if (!isStarted) return started.reject(error);
    queueMicrotask(() => {
      throw error;
    });
  });
  return started.promise;
}
