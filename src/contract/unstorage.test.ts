import { createStorage, type Storage } from 'unstorage';
import httpDriver from 'unstorage/drivers/http';
import { describe, expect, it } from 'vitest';
import dsmDriver from '../integrations/unstorage.ts';
import { call, expectProblem, expectWritten, get, put, textOf } from './call.ts';
import { sharedCluster } from './fixture.ts';
import { until } from './until.ts';

const cluster = sharedCluster({ slaves: 1 });

/** The driver as unstorage publishes it, and our own: they name, find and leave the same. */
const drivers = {
  stock: (url: string, base: string) =>
    httpDriver({ base: `${url}/v1/unstorage`, headers: { 'dsm-base': base } }),
  own: (url: string, base: string) => dsmDriver({ masters: [url], base }),
};

describe.each(['stock', 'own'] as const)('the %s driver of unstorage', (kind) => {
  /** At every node: all but one send changes on. */
  const atEachNode = async (
    check: (storage: Storage, url: string, base: string) => Promise<void>,
  ) => {
    for (const [i, url] of cluster().urls.entries()) {
      const base = `${kind}${i}`;
      await check(createStorage({ driver: drivers[kind](url, base) }), url, base);
    }
  };

  it('stores and finds values of all kinds, and what is absent is null', () =>
    atEachNode(async (storage) => {
      const values = { text: 'hello', empty: '', number: 7, list: [1, { a: null }], yes: true };
      for (const [key, value] of Object.entries(values)) {
        await storage.setItem(`kinds:${key}`, value);
        expect(await storage.getItem(`kinds:${key}`)).toEqual(value);
      }
      const bytes = new Uint8Array([0, 255, 10, 37]);
      await storage.setItemRaw('kinds:bytes', bytes);
      expect(new Uint8Array((await storage.getItemRaw<ArrayBuffer>('kinds:bytes')) ?? [])).toEqual(
        bytes,
      );
      expect(await storage.getItem('absent')).toBeNull();
      expect([await storage.hasItem('kinds:text'), await storage.hasItem('absent')]).toEqual([
        ...[true, false],
      ]);
    }));

  it('names the keys of /v1/kv with colons for slashes, both ways', () =>
    atEachNode(async (storage, url, base) => {
      await storage.setItem('ü b:100%:x.json', 'there');
      expect(await textOf(url, `${base}/ü b/100%/x.json`)).toBe('there');
      expectWritten(await put(url, `${base}/users/alice`, '{"age":4}'));
      expect(await storage.getItem('users:alice')).toEqual({ age: 4 });
    }));

  it('lists what is below a base and nothing else, in many pages too', () =>
    atEachNode(async (storage, url, base) => {
      const names = Array.from({ length: 1500 }, (_, i) => `many:${String(i).padStart(4, '0')}`);
      const items = names.map((name) => ({ op: 'put', value: 'v', name }));
      for (const half of [items.slice(0, 1000), items.slice(1000)]) {
        const body = half.map(({ name, ...item }) => ({
          ...item,
          key: `${base}/${name.replace(':', '/')}`,
        }));
        const batch = await call(`${url}/v1/batch`, { method: 'POST', body: JSON.stringify(body) });
        expect(batch.status).toBe(200);
      }
      expectWritten(await put(url, `${base}/many:colon`, 'unstorage has no name for it'));
      expectWritten(await put(url, `${base}/manyfold`, 'not below the base'));
      expect(await storage.getKeys('many')).toEqual(names);
      expect(await storage.getKeys('none')).toEqual([]);
      const all = await storage.getKeys();
      expect([all.includes('manyfold'), all.includes('many:colon')]).toEqual([true, false]);
    }));

  it('removes a key, also one that is not there, and clears a base only', () =>
    atEachNode(async (storage, url, base) => {
      for (const key of ['gone:a', 'gone:b', 'gone2']) await storage.setItem(key, 1);
      await storage.removeItem('gone:a');
      await storage.removeItem('gone:a');
      expect(await storage.getKeys('gone')).toEqual(['gone:b']);
      // unstorage itself asks for whole mounts only; the driver can do better.
      await storage.getMount('').driver.clear?.('gone:', {});
      expect(await storage.getKeys('gone')).toEqual([]);
      expect(await storage.getItem('gone2')).toBe(1);
      expectWritten(await put(url, `${base}x/other`, 'of another base'));
      await storage.clear();
      expect(await storage.getKeys()).toEqual([]);
      expect(await textOf(url, `${base}x/other`)).toBe('of another base');
    }));

  it('gives a key the lifetime that it is asked for, and says it', () =>
    atEachNode(async (storage, url, base) => {
      await storage.setItem('long', 'v', { ttl: 1000 });
      const { ttl } = await storage.getMeta('long');
      expect(ttl).toBeGreaterThan(900);
      expect(ttl).toBeLessThanOrEqual(1001);
      expect(
        Number((await get(url, `${base}/long`)).headers.get('dsm-expires-in')),
      ).toBeGreaterThan(900);
      await storage.setItem('long', 'v');
      expect((await storage.getMeta('long')).ttl).toBeUndefined();
      await storage.setItem('short', 'v', { ttl: 0.2 });
      await until('it has ended', async () => !(await storage.hasItem('short')));
    }));
});

it('the own driver tells what others change, at every node', async () => {
  for (const [i, url] of cluster().urls.entries()) {
    const storage = createStorage({ driver: drivers.own(url, `watched${i}`) });
    const told: string[] = [];
    const stop = await storage.watch((event, key) => told.push(`${event} ${key}`));
    const other = createStorage({ driver: drivers.stock(oneBehind(i), `watched${i}`) });
    await other.setItem('users:alice', 1);
    await other.removeItem('users:alice');
    await until('both are told', () => told.length === 2);
    expect(told).toEqual(['update users:alice', 'remove users:alice']);
    await stop();
  }
});

const oneBehind = (index: number): string => cluster().urls.at(index - 1) ?? '';

describe('the mount for unstorage', () => {
  it('takes the conditions and idempotency keys that /v1/kv takes', async () => {
    for (const url of cluster().urls) {
      const at = `${url}/v1/unstorage/c${new URL(url).port}`;
      const create = { method: 'PUT', body: 'v', headers: { 'if-none-match': '*' } };
      expectWritten(await call(at, create));
      expectProblem(await call(at, create), 412, 'precondition_failed');
      const once = { method: 'DELETE', headers: { 'idempotency-key': `"delete ${at}"` } };
      expect((await call(at, once)).status).toBe(204);
    }
  });

  it('refuses what means nothing, and says what to do', async () => {
    const [url = ''] = cluster().urls;
    const at = `${url}/v1/unstorage/`;
    const ask = (path: string, method: string, headers = {}) =>
      call(at + path, { method, headers, ...(method === 'PUT' ? { body: 'v' } : {}) });
    expectProblem(await ask('a:', 'PUT'), 400, 'invalid_key');
    expectProblem(await ask('', 'PUT'), 400, 'invalid_key');
    expect((await ask('a/:', 'HEAD')).status).toBe(400);
    expectProblem(await ask('a%zz', 'GET'), 400, 'invalid_key');
    expectProblem(await ask('a', 'PUT', { 'x-ttl': 'soon' }), 400, 'invalid_request');
    expectProblem(await ask('a', 'PUT', { 'x-ttl': '-1' }), 400, 'invalid_request');
    expectProblem(await ask('a?ttl=5', 'PUT'), 400, 'invalid_request');
    expectProblem(await ask('a', 'POST'), 405, 'method_not_allowed');
    expectProblem(await get(url, 'a'), 404, 'not_found');
  });
});
