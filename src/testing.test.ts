import { describe, expect, it } from 'vitest';
import { createTestStore } from './testing.ts';

describe('a store for tests', () => {
  it('does what a cluster does', async () => {
    await using store = createTestStore();
    const { client } = store;
    const { revision } = await client.put('k', { n: 1 });
    expect((await client.get('k'))?.json()).toEqual({ n: 1 });
    expect(await client.update('k', 'x', revision + 9)).toMatchObject({ ok: false });
    expect((await client.increment('n', { by: 5 })).number).toBe(5);
    const { ok } = await client.txn().check('k', { revision }).delete('k').put('l', '2').commit();
    expect(ok).toBe(true);
    const keys: string[] = [];
    for await (const key of client.keys()) keys.push(key);
    expect(keys).toEqual(['l', 'n']);
    const response = await store.fetch(new Request('http://any.host/v1/kv/l'));
    expect(await response.text()).toBe('2');
  });

  it('tells watches, and ends them when it closes', async () => {
    const store = createTestStore();
    await store.client.put('a', '1');
    const kinds: string[] = [];
    for await (const { kind } of store.client.watch()) {
      kinds.push(kind);
      if (kind === 'synced') await store.client.delete('a');
      if (kind === 'delete') break;
    }
    expect(kinds).toEqual(['put', 'synced', 'delete']);
    await store.close();
    await store.close();
  });

  it('lets time pass: lifetimes end, and sessions that are held do not', async () => {
    await using store = createTestStore();
    const { client } = store;
    await client.put('short', 'v', { ttl: 60 });
    const lock = await client.lock('job', { ttl: 10 });
    await store.advance(59_000);
    expect(await client.get('short')).not.toBeNull();
    await store.advance(2000);
    expect(await client.get('short')).toBeNull();
    await store.advance(60 * 60_000);
    expect(lock.signal.aborted).toBe(false);
    expect(await client.tryLock('job')).toBeNull();
    await lock.release();
    expect(await client.tryLock('job')).not.toBeNull();
  });

  it('knows nothing of another one', async () => {
    await using one = createTestStore();
    await using other = createTestStore();
    await one.client.put('k', 'v');
    expect(await other.client.get('k')).toBeNull();
  });
});
