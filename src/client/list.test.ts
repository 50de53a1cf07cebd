import { describe, expect, it } from 'vitest';
import { answer, type FakeRequest } from './testing.ts';
import { a, b, setUp } from './testing-client.ts';
import type { ListOptions } from './types.ts';

const stored = ['k/1', 'k/2', 'k/3', 'k/4', 'k/5'];

/** A node with `stored`, whose cursors are the keys themselves. */
function listing({ path }: FakeRequest): Response {
  const query = new URL(path, a).searchParams;
  const after = query.get('after') ?? '';
  const limit = Number(query.get('limit'));
  const rest = stored.filter((key) => key > after);
  const entries = rest.slice(0, limit).map((key) => ({
    ...{ key, revision: 7, contentType: 'text/plain', bytes: 3 },
    ...(query.get('values') === 'none' ? {} : { value: `v of ${key}`, encoding: 'utf-8' }),
  }));
  const next = rest.length > limit ? entries.at(-1)?.key : null;
  return answer(200, { revision: 9, entries, next });
}

async function keysOf(entries: AsyncIterable<{ readonly key: string }>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of entries) keys.push(key);
  return keys;
}

describe('a list', () => {
  it('gives all entries, page by page', async () => {
    const { client, network, time } = setUp({ [a]: listing });
    expect(await time.run(keysOf(client.list({ prefix: 'k/', pageSize: 2 })))).toEqual(stored);
    expect(network.requests.map(({ path }) => path)).toEqual([
      '/v1/kv?prefix=k%2F&limit=2',
      '/v1/kv?prefix=k%2F&limit=2&after=k%2F2',
      '/v1/kv?prefix=k%2F&limit=2&after=k%2F4',
    ]);
  });

  it('asks for no page that nobody wants', async () => {
    const { client, network, time } = setUp({ [a]: listing });
    const take = async () => {
      for await (const { key } of client.list({ pageSize: 2 })) if (key === 'k/2') return;
    };
    await time.run(take());
    expect(network.requests).toHaveLength(1);
  });

  it.each([
    [{ limit: 3, pageSize: 2 }, 3, 2],
    [{ limit: 2, pageSize: 2 }, 2, 1],
    [{ limit: 0 }, 0, 0],
    [{ limit: 9 }, 5, 1],
  ])('%o gives %i entries in %i pages', async (options, count, pages) => {
    const { client, network, time } = setUp({ [a]: listing });
    expect(await time.run(keysOf(client.list(options)))).toEqual(stored.slice(0, count));
    expect(network.requests).toHaveLength(pages);
  });

  it('gives entries like those of get', async () => {
    const values = [
      { key: 't', revision: 4, contentType: 'text/plain', value: 'hällo', encoding: 'utf-8' },
      { key: 'b', revision: 5, contentType: 'a/b', value: 'AP/+', encoding: 'base64' },
    ];
    const page = () => answer(200, { revision: 9, entries: values, next: null });
    const { client, time } = setUp({ [a]: page });
    const read = async () => {
      const entries = [];
      for await (const entry of client.list()) entries.push(entry);
      return entries;
    };
    const [text, bytes] = await time.run(read());
    expect([text?.key, text?.revision, text?.text()]).toEqual(['t', 4, 'hällo']);
    expect([bytes?.contentType, bytes?.value]).toEqual(['a/b', new Uint8Array([0, 255, 254])]);
  });

  it.each<[ListOptions, string]>([
    [{ start: 'a', end: 'b' }, 'start=a&end=b&limit=100'],
    [{ reverse: true }, 'reverse=true&limit=100'],
    [{ consistency: 'stale', minRevision: 3 }, 'consistency=stale&min-revision=3&limit=100'],
  ])('%o asks for %s', async (options, query) => {
    const { client, network, time } = setUp({ [a]: listing });
    await time.run(keysOf(client.list(options)));
    expect(network.requests[0]?.path).toBe(`/v1/kv?${query}`);
  });

  it('of keys asks for no values', async () => {
    const { client, network, time } = setUp({ [a]: listing });
    const keys = async () => {
      const all = [];
      for await (const key of client.keys()) all.push(key);
      return all;
    };
    expect(await time.run(keys())).toEqual(stored);
    expect(network.requests[0]?.path).toContain('values=none');
  });

  it('goes on at another node when one fails between two pages', async () => {
    const { client, network, time } = setUp({ [a]: listing, [b]: listing });
    const all = async () => {
      const keys = [];
      for await (const { key } of client.list({ pageSize: 2 })) {
        keys.push(key);
        network.nodes.delete(a);
      }
      return keys;
    };
    expect(await time.run(all())).toEqual(stored);
    expect(network.requests.at(-1)?.node).toBe(b);
  });

  it('that is none is an error, not an empty list', async () => {
    const { client, time } = setUp({ [a]: () => answer(200, { hello: 1 }) });
    await expect(time.run(keysOf(client.list()))).rejects.toMatchObject({ code: 'internal' });
  });
});
