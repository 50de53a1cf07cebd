import { expect, it } from 'vitest';
import { createClient } from '../client/client.ts';
import type { WatchEvent } from '../client/types.ts';
import { clusterForTest } from './fixture.ts';
import { tell } from './load-fixture.ts';

const changes = 1000;
const writers = 4;

/** Writes `changes` values in all, kept busy by a few writers; `onWritten` sees how far it is. */
async function writeAll(masters: readonly string[], onWritten: (count: number) => void) {
  const client = createClient({ masters, timeoutMs: 60_000 });
  const numbers = Array.from({ length: changes }, (_, index) => index).values();
  const revisions: number[] = [];
  const write = async () => {
    for (const number of numbers) {
      const { revision } = await client.put(`w/${number % 17}`, String(number));
      revisions.push(revision);
      onWritten(revisions.length);
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  return revisions.toSorted((x, y) => x - y);
}

/** Watches through `masters` until every change was told, and one more event. */
async function watchAll(masters: readonly string[], onSynced: () => void) {
  const client = createClient({ masters });
  const told: WatchEvent[] = [];
  for await (const event of client.watch({ prefix: 'w/' })) {
    if (event.kind === 'synced') onSynced();
    else told.push(event);
    if (event.kind === 'put' && event.key === 'w/end') return told;
  }
  return told;
}

it('watches across kill -9 of the active master tell each change once, in order', async () => {
  const cluster = await clusterForTest();
  const old = await cluster.active();
  // By the masters in their order, by the backup first, and by a slave that lives on.
  const slaveUrl = cluster.slaves[0]?.url ?? '';
  const routes = [cluster.masterUrls, cluster.masterUrls.toReversed(), [slaveUrl]];
  const synced = routes.map(() => Promise.withResolvers<void>());
  const watches = routes.map((urls, index) => watchAll(urls, () => synced[index]?.resolve()));
  await Promise.all(synced.map(({ promise }) => promise));

  let killing: Promise<void> | null = null;
  const revisions = await writeAll(cluster.masterUrls, (count) => {
    if (count >= changes / 3) killing ??= old.kill();
  });
  await killing;
  expect(await cluster.active(old)).not.toBe(old);
  const end = await createClient({ masters: cluster.masterUrls }).put('w/end', 'end');

  for (const told of await Promise.all(watches)) {
    expect(told.map(({ revision }) => revision)).toEqual([...revisions, end.revision]);
    const values = told.map((event) => (event.kind === 'put' ? event.entry.text() : event.kind));
    expect(new Set(values).size).toBe(changes + 1);
  }
  tell(`${watches.length} watches were told ${changes} changes across the kill, each once`);
});
