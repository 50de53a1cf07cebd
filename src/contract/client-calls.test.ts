import { describe, expect, it } from 'vitest';
import { createClient } from '../client/client.ts';
import type { WatchEvent } from '../client/types.ts';
import { sharedCluster } from './fixture.ts';

/** The library against real nodes: what its unit tests say of answers is what nodes answer. */
const cluster = sharedCluster({ slaves: 1 });
const client = () => createClient({ masters: cluster().masterUrls });

describe('the client library', () => {
  it('creates, updates, touches and deletes; what does not hold is a result', async () => {
    const dsm = client();
    const created = await dsm.create('c/k', 'one', { ttl: 1000 });
    expect(created).toMatchObject({ ok: true, created: true });
    expect(await dsm.create('c/k', 'two')).toMatchObject({ ok: false });
    const revision = created.ok ? created.revision : 0;
    expect(await dsm.update('c/k', 'two', revision)).toMatchObject({ ok: true });
    expect(await dsm.update('c/k', 'three', revision)).toMatchObject({ ok: false });
    expect(await dsm.touch('c/k', 500)).toBe(true);
    expect(await dsm.touch('c/none', null)).toBe(false);
    const entry = await dsm.getAndDelete('c/k');
    expect(entry?.text()).toBe('two');
    expect(await dsm.getAndDelete('c/k')).toBeNull();
  });

  it('counts exactly, whoever counts', async () => {
    const counters = Array.from({ length: 5 }, client);
    const count = async (dsm: ReturnType<typeof client>) => {
      for (let times = 0; times < 20; times += 1) await dsm.increment('c/n');
    };
    await Promise.all(counters.map(count));
    const { number, created } = await client().increment('c/n', { by: -1 });
    expect({ number, created }).toEqual({ number: 99, created: false });
    await client().put('c/text', 'no number');
    const failed = client().increment('c/text');
    await expect(failed).rejects.toMatchObject({ code: 'not_a_number', outcome: 'not-applied' });
  });

  it('commits transactions, which a watch tells together', async () => {
    const dsm = client();
    const { revision } = await dsm.put('t/stock', 5);
    const watch = dsm.watch({ prefix: 't/', from: revision });
    const done = await dsm
      .txn()
      .check('t/stock', { revision })
      .put('t/stock', 4)
      .put('t/order', new Uint8Array([0, 255]))
      .increment('t/orders')
      .get('t/none')
      .commit();
    expect(done.ok).toBe(true);
    expect(done.results.map(({ status }) => status)).toEqual([
      ...['updated', 'created', 'created', 'not-found'],
    ]);
    expect(done.results[2]?.number).toBe(1);
    const again = await dsm
      .txn()
      .check('t/stock', { revision })
      .delete('t/order')
      .else((list) => list.get('t/order'))
      .commit();
    expect(again.ok).toBe(false);
    expect(again.results[0]?.entry?.value).toEqual(new Uint8Array([0, 255]));
    await dsm.delete('t/order');

    const told: WatchEvent[] = [];
    for await (const event of watch) {
      if (event.kind !== 'synced') told.push(event);
      if (event.kind === 'delete') break;
    }
    const shown = told.map((event) => [event.kind, 'key' in event && event.key, event.revision]);
    expect(shown).toEqual([
      ['put', 't/stock', done.revision],
      ['put', 't/order', done.revision],
      ['put', 't/orders', done.revision],
      ['delete', 't/order', expect.any(Number)],
    ]);
  });

  it('reads and writes many at a time, and lists what is there', async () => {
    const dsm = client();
    const keys = Array.from({ length: 250 }, (_, i) => `m/${String(i).padStart(3, '0')}`);
    const written = await dsm.batch(keys.map((key) => ({ op: 'put', key, value: key })));
    expect(written.every(({ ok }) => ok)).toBe(true);
    const [first, last, none] = await dsm.getMany(['m/000', 'm/249', 'm/250']);
    expect([first?.text(), last?.text(), none]).toEqual(['m/000', 'm/249', null]);
    const [refused] = await dsm.batch([{ op: 'delete', key: 'm/000', if: { revision: 1 } }]);
    expect(refused).toMatchObject({ ok: false, error: { code: 'precondition_failed' } });
    const listed: string[] = [];
    for await (const { key } of dsm.list({ prefix: 'm/' })) listed.push(key);
    expect(listed).toEqual(keys);
    const reversed: string[] = [];
    for await (const key of dsm.keys({ prefix: 'm/', reverse: true, limit: 2 })) reversed.push(key);
    expect(reversed).toEqual(['m/249', 'm/248']);
  });

  it('is told of the end of a lifetime', async () => {
    const dsm = client();
    const kinds: string[] = [];
    await dsm.put('e/short', 'v', { ttl: 0.2 });
    for await (const event of dsm.watch({ key: 'e/short' })) {
      kinds.push(event.kind);
      if (event.kind === 'expire') break;
    }
    expect(kinds.at(-1)).toBe('expire');
    expect(await dsm.get('e/short')).toBeNull();
  });

  it('reads from slaves and standbys what was just written at the active master', async () => {
    const dsm = createClient({ masters: cluster().masterUrls, readFrom: 'nearest' });
    const others = cluster().nodes.filter(({ name }) => name !== 'master');
    const readsAway = async () => {
      const statuses = await Promise.all(others.map((node) => node.status()));
      return statuses.map((status) => status?.counters.readsByIndex ?? 0);
    };
    const before = await readsAway();
    for (let number = 0; number < 100; number += 1) {
      await dsm.put('near', String(number));
      expect((await dsm.get('near'))?.text()).toBe(String(number));
    }
    // Each is asked once at least, to be measured; how often after that depends on the machine.
    const after = await readsAway();
    expect(after.every((count, index) => count > (before[index] ?? 0))).toBe(true);
  });
});
