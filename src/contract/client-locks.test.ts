import { expect, it } from 'vitest';
import { createClient } from '../client/client.ts';
import { clusterForTest, sharedCluster } from './fixture.ts';

const cluster = sharedCluster({ slaves: 1 });
const client = () => createClient({ masters: cluster().masterUrls });

it('a lock has one owner at a time, and each owner a higher token', async () => {
  const tokens: number[] = [];
  let owners = 0;
  const work = async () => {
    const dsm = client();
    for (let turn = 0; turn < 5; turn += 1) {
      await using lock = await dsm.lock('job');
      owners += 1;
      expect(owners).toBe(1);
      tokens.push(lock.token);
      await dsm.increment('done');
      owners -= 1;
    }
  };
  await Promise.all(Array.from({ length: 6 }, work));
  expect(tokens).toEqual(tokens.toSorted((x, y) => x - y));
  expect(new Set(tokens).size).toBe(30);
  expect((await client().get('done'))?.text()).toBe('30');
});

it('what is attached to a session ends with it, and a watch is told', async () => {
  const dsm = client();
  const session = await dsm.session({ ttl: 5 });
  const { revision } = await dsm.put('online/alice', 'here', { session: session.id });
  const lock = await dsm.tryLock('seat');
  expect(await dsm.tryLock('seat')).toBeNull();
  await lock?.release();
  await session.close();
  expect(await dsm.get('online/alice')).toBeNull();
  for await (const event of dsm.watch({ key: 'online/alice', from: revision })) {
    expect(event).toMatchObject({ kind: 'delete', key: 'online/alice' });
    break;
  }
});

it('a lock survives kill -9 of the active master, and so does the wait for it', async () => {
  const own = await clusterForTest();
  const dsm = createClient({ masters: own.masterUrls });
  const lock = await dsm.lock('job', { ttl: 20 });
  const next = createClient({ masters: own.masterUrls }).lock('job', { ttl: 20 });
  await (await own.active()).kill();
  await dsm.put('still', 'here');
  expect(lock.signal.aborted).toBe(false);
  await lock.release();
  const second = await next;
  expect(second.token).toBeGreaterThan(lock.token);
  await second.release();
});
