import { createStorage, type Storage } from 'unstorage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestStore, type TestStore } from '../testing.ts';
import dsmDriver, { type UnstorageDriverOptions } from './unstorage.ts';

/** unstorage as it is published, over the code of a real node. */
let store: TestStore;
let storage: Storage;
const storageOf = (options: Partial<UnstorageDriverOptions> = {}) =>
  createStorage({ driver: dsmDriver({ client: store.client, ...options }) });

beforeEach(() => {
  store = createTestStore();
  storage = storageOf({ base: 'shop' });
});
afterEach(() => store.close());

describe('the driver for unstorage', () => {
  it('stores and finds values of all kinds, and what is absent is null', async () => {
    const values = { text: 'hello', empty: '', number: 7, list: [1, { a: null }], yes: true };
    for (const [key, value] of Object.entries(values)) {
      await storage.setItem(`kinds:${key}`, value);
      expect(await storage.getItem(`kinds:${key}`)).toEqual(value);
    }
    expect(await storage.getItem('absent')).toBeNull();
    expect(await storage.getItemRaw('absent')).toBeNull();
    expect(await storage.getItems(['kinds:text', 'absent'])).toEqual([
      { key: 'kinds:text', value: 'hello' },
      { key: 'absent', value: null },
    ]);
    expect([await storage.hasItem('kinds:text'), await storage.hasItem('kinds:tex')]).toEqual([
      ...[true, false],
    ]);
  });

  it('keeps bytes as they are', async () => {
    const bytes = new Uint8Array([0, 255, 10, 37]);
    for (const value of [bytes, bytes.buffer]) {
      await storage.setItemRaw('bytes', value);
      expect(await storage.getItemRaw('bytes')).toEqual(bytes);
    }
  });

  it('names keys as the mount for the stock HTTP driver does', async () => {
    await storage.setItem('users:alice', { age: 4 });
    const request = new Request('http://dsm.test/v1/unstorage/users/alice', {
      headers: { 'dsm-base': 'shop' },
    });
    expect(await (await store.fetch(request)).json()).toEqual({ age: 4 });
    expect((await store.client.get('shop/users/alice'))?.json()).toEqual({ age: 4 });
  });

  it('lists and clears what is below its base only', async () => {
    await store.client.put('shopping/list', 'of another base');
    await store.client.put('shop/a:b', 'unstorage has no name for it');
    for (const key of ['users:alice', 'users:bob', 'users2']) await storage.setItem(key, 1);
    expect(await storage.getKeys('users')).toEqual(['users:alice', 'users:bob']);
    expect(await storage.getKeys()).toEqual(['users:alice', 'users:bob', 'users2']);
    await storage.removeItem('users:bob');
    await storage.removeItem('users:bob');
    expect(await storage.getKeys('users')).toEqual(['users:alice']);
    await storage.clear();
    expect(await storage.getKeys()).toEqual([]);
    expect(await store.client.get('shopping/list')).not.toBeNull();
  });

  it('gives keys a lifetime, the own one or the one of all', async () => {
    const short = storageOf({ base: 'short', ttl: 10 });
    await short.setItem('all', 'v');
    await short.setItem('own', 'v', { ttl: 100 });
    await storage.setItem('for-ever', 'v');
    const meta = await short.getMeta('own');
    expect(meta).toMatchObject({ size: 1 });
    expect(meta.ttl).toBeGreaterThan(90);
    expect((await storage.getMeta('for-ever')).ttl).toBeUndefined();
    expect(await storage.getMeta('absent')).toEqual({});
    await store.advance(11_000);
    expect(await short.getKeys()).toEqual(['own']);
    await store.advance(100_000);
    expect(await short.hasItem('own')).toBe(false);
    expect(await storage.hasItem('for-ever')).toBe(true);
  });

  it('tells of every change from then on, whoever makes it, until it is told to stop', async () => {
    await storage.setItem('before', 1);
    const told: string[] = [];
    const seen = Promise.withResolvers<void>();
    await storage.watch((event, key) => {
      told.push(`${event} ${key}`);
      if (key === 'last') seen.resolve();
    });
    await store.client.put('shop/users/alice', 'by others');
    await store.client.put('elsewhere', 'of no concern');
    await store.client.delete('shop/before');
    await store.client.put('shop/last', '');
    await seen.promise;
    expect(told).toEqual(['update users:alice', 'remove before', 'update last']);
    await storage.unwatch();
  });

  it('passes on what fails', async () => {
    const failing = storage.setItem('long', 'v', { ttl: -1 });
    await expect(failing).rejects.toMatchObject({ code: 'invalid_request' });
    expect(() => dsmDriver({ masters: [] })).toThrow('master');
  });
});
