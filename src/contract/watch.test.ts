import { describe, expect, it } from 'vitest';
import { call, expectProblem, expectWritten, put, remove } from './call.ts';
import { clusterForTest, sharedCluster } from './fixture.ts';
import { until } from './until.ts';
import { WatchReader } from './watch-reader.ts';

const cluster = sharedCluster();
const master = async () => (await cluster().active()).url;
const isSynced = ({ name }: { readonly name: string }) => name === 'synced';
const isOf = (key: string) => (event: { readonly data: { readonly key?: string } }) =>
  event.data.key === key;

describe('a watch', () => {
  it('at every node tells what is there, that it is synced, and then each change', async () => {
    const url = await master();
    expectWritten(await put(url, 'w/b', '1'));
    expectWritten(await put(url, 'w/a', '2'));
    expectWritten(await put(url, 'other', '3'));
    const readers = await Promise.all(
      cluster().urls.map((node) => WatchReader.open(node, '?prefix=w/')),
    );
    for (const reader of readers) await reader.until(isSynced);
    expectWritten(await put(url, 'w/c', '4'));
    expect((await remove(url, 'w/b')).status).toBe(204);
    expectWritten(await put(url, 'other', '5'));
    const last = expectWritten(await put(url, 'w/end', '6'));
    for (const reader of readers) {
      await reader.until(isOf('w/end'));
      const changes = ['put w/c 4', 'delete w/b', 'put w/end 6'];
      expect(reader.shown).toEqual(['put w/a 2', 'put w/b 1', 'synced', ...changes]);
      expect(reader.lastId).toBe(String(last));
      expect(reader.response.headers.get('content-type')).toBe('text/event-stream');
      reader.close();
    }
  });

  it('begins with what was written before it was asked for, at every node', async () => {
    const url = await master();
    for (const [index, node] of cluster().urls.entries()) {
      const revision = expectWritten(await put(url, 'fresh', `${index}`));
      const reader = await WatchReader.open(node, '?key=fresh');
      const [first, second] = await reader.until(isSynced);
      expect(first).toMatchObject({ name: 'put', id: null, data: { revision, value: `${index}` } });
      expect(second).toMatchObject({ name: 'synced', id: String(second?.data.revision) });
      reader.close();
    }
  });

  it('goes on at another node where it ended at this one', async () => {
    const url = await master();
    const [first = '', ...others] = cluster().urls;
    const reader = await WatchReader.open(first, '?prefix=r/');
    await reader.until(isSynced);
    expectWritten(await put(url, 'r/1', 'x'));
    await reader.until(isOf('r/1'));
    reader.close();
    expectWritten(await put(url, 'r/2', 'x'));
    expectWritten(await put(url, 'r/3', 'x'));
    for (const node of others) {
      const next = await WatchReader.open(node, '?prefix=r/', reader.lastId);
      await next.until(isSynced);
      expect(next.shown).toEqual(['put r/2 x', 'put r/3 x', 'synced']);
      next.close();
    }
  });

  it('from a revision that never was begins anew, and says so', async () => {
    for (const node of cluster().urls) {
      const reader = await WatchReader.open(node, '?key=nothing&from=999999999');
      const [reset] = await reader.until(isSynced);
      expect(reset).toMatchObject({ name: 'reset', id: null });
      reader.close();
    }
  });

  it('is never silent, and its bookmarks are places to resume', async () => {
    const url = await master();
    const readers = await Promise.all(
      cluster().urls.map((node) => WatchReader.open(node, '?key=quiet')),
    );
    for (const reader of readers) await reader.until(isSynced);
    const revision = expectWritten(await put(url, 'not quiet', 'x'));
    for (const reader of readers) {
      await reader.until(({ name, data }) => name === 'bookmark' && data.revision >= revision);
      expect(Number(reader.lastId)).toBeGreaterThanOrEqual(revision);
      reader.close();
    }
  });

  it('ends at the node when its client is gone', async () => {
    for (const { url } of cluster().nodes) {
      const open = async () => {
        const { counters } = JSON.parse((await call(`${url}/v1/status`)).text);
        return counters.watches - counters.watchesClosed;
      };
      await until('no watch is left from before', async () => (await open()) === 0);
      const readers = await Promise.all([1, 2, 3].map(() => WatchReader.open(url, '?key=k')));
      for (const reader of readers) await reader.until(isSynced);
      const poll = new AbortController();
      const polled = fetch(`${url}/v1/watch?key=k&from=0&wait=10`, { signal: poll.signal });
      await until('four watches are open', async () => (await open()) === 4);
      for (const reader of readers) reader.close();
      poll.abort();
      await expect(polled).rejects.toThrow();
      await until('no watch is left', async () => (await open()) === 0);
    }
  });
});

describe('a poll', () => {
  it('waits for a change, at every node', async () => {
    const url = await master();
    for (const node of cluster().urls) {
      const from = expectWritten(await put(url, 'poll', 'before'));
      const answer = call(`${node}/v1/watch?key=poll&from=${from}&wait=10`);
      const revision = expectWritten(await put(url, 'poll', 'after'));
      const { status, text } = await answer;
      expect([status, JSON.parse(text)]).toMatchObject([
        200,
        { revision, changes: [{ event: 'put', key: 'poll', revision, value: 'after' }] },
      ]);
      const again = await call(`${node}/v1/watch?key=poll&from=${from}&wait=0`);
      expect(again.text).toBe(text);
      const none = await call(`${node}/v1/watch?key=poll&from=${revision}&wait=0`);
      expect(JSON.parse(none.text)).toEqual({ revision: expect.any(Number), changes: [] });
    }
  });

  it('from a revision that never was is 410; a mistake is 400', async () => {
    for (const node of cluster().urls) {
      expectProblem(await call(`${node}/v1/watch?from=999999999&wait=1`), 410, 'gone');
      expectProblem(await call(`${node}/v1/watch?from=0&wait=11`), 400, 'invalid_request');
    }
  });
});

it('watches are bounded, and one too many is told to go elsewhere', async () => {
  const own = await clusterForTest({ slaves: 1, flags: ['--watches-max', '2'] });
  for (const { url } of own.nodes) {
    const readers = [await WatchReader.open(url), await WatchReader.open(url)];
    for (const reader of readers) await reader.until(isSynced);
    const problem = expectProblem(await call(`${url}/v1/watch`), 503, 'overloaded');
    expect(problem.detail).toContain('2 watches are open at this node');
    for (const reader of readers) reader.close();
  }
});

it('a client that reads nothing costs no memory: it is cut off and begins anew', async () => {
  const flags = ['--log-tail-bytes-max', '2MiB'];
  const own = await clusterForTest({ slaves: 1, flags });
  const { url } = await own.active();
  for (const node of own.urls) {
    const reader = await WatchReader.open(node, '?prefix=big/');
    await reader.until(isSynced);
    const slow = await fetch(`${node}/v1/watch?prefix=big/`);
    const body = slow.body?.getReader();
    await body?.read();
    // More than the log keeps and all sockets on the way hold together.
    const value = 'x'.repeat(500_000);
    for (let count = 0; count < 60; count += 1) {
      expectWritten(await put(url, `big/${count % 3}`, `${count} ${value}`));
    }
    // The others may fall behind so short a log themselves, get a snapshot, and end all watches.
    if (node === url) await reader.until(({ data }) => data.value?.startsWith('59 ') === true);
    let bytes = 0;
    for (let part = await body?.read(); part?.done === false; part = await body?.read()) {
      bytes += part.value?.length ?? 0;
    }
    expect(bytes).toBeLessThan(30_000_000);
    const again = await WatchReader.open(node, '?prefix=big/', '1');
    await again.until(isSynced);
    expect(again.events[0]?.name).toBe('reset');
    for (const open of [reader, again]) open.close();
  }
});

it('a node that stops ends its streams, and they go on elsewhere', async () => {
  const own = await clusterForTest({ slaves: 2 });
  const [stopped, other] = own.slaves;
  const { url } = await own.active();
  const reader = await WatchReader.open(stopped?.url ?? '', '?prefix=s/');
  await reader.until(isSynced);
  expectWritten(await put(url, 's/1', 'x'));
  await reader.until(isOf('s/1'));
  const stopping = stopped?.stop();
  expect(await reader.ended).toBe('closed');
  expect(await stopping).toBe('ended with exit code 0');
  expectWritten(await put(url, 's/2', 'x'));
  const next = await WatchReader.open(other?.url ?? '', '?prefix=s/', reader.lastId);
  await next.until(isSynced);
  expect(next.shown).toEqual(['put s/2 x', 'synced']);
  next.close();
});
