import { describe, expect, it } from 'vitest';
import {
  type Answer,
  call,
  expectFacts,
  expectProblem,
  expectWritten,
  put,
  remove,
} from './call.ts';
import { clusterForTest, sharedCluster } from './fixture.ts';

const cluster = sharedCluster();
const master = async () => (await cluster().active()).url;

interface Page {
  readonly revision: number;
  readonly entries: readonly { readonly key: string; readonly revision: number }[];
  readonly next: string | null;
}

function pageOf(answer: Answer): Page {
  expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('"entries"')]);
  expectFacts(answer);
  const page: Page = JSON.parse(answer.text);
  expect(answer.headers.get('dsm-revision')).toBe(String(page.revision));
  return page;
}

async function list(url: string, query: Readonly<Record<string, string>>): Promise<Page> {
  return pageOf(await call(`${url}/v1/kv?${new URLSearchParams(query)}`));
}

/** All pages, each asked of the next one of `urls`. */
async function listAll(urls: readonly string[], query: Readonly<Record<string, string>>) {
  const keys: string[] = [];
  let cursor: Readonly<Record<string, string>> = {};
  for (let pages = 0; pages < 100; pages += 1) {
    const url = urls[pages % urls.length] ?? '';
    const { entries, next } = await list(url, { ...query, ...cursor });
    keys.push(...entries.map(({ key }) => key));
    if (next === null) return keys;
    cursor = { after: next };
  }
  throw new Error('the list does not end');
}

describe('a list', () => {
  it('is ordered by the bytes of the keys, and is the same at every node', async () => {
    const url = await master();
    const keys = ['o/b', 'o/a', 'o/😀', 'o/\uffff', 'o/ä', 'o', 'p'];
    for (const key of keys) expectWritten(await put(url, key, `value of ${key}`));
    const expected = ['o/a', 'o/b', 'o/ä', 'o/\uffff', 'o/😀'];
    for (const node of cluster().urls) {
      expect(await listAll([node], { prefix: 'o/' })).toEqual(expected);
      const reversed = await listAll([node], { prefix: 'o/', reverse: 'true', limit: '2' });
      expect(reversed).toEqual(expected.toReversed());
      expect(await listAll([node], { start: 'o/b', end: 'o/😀' })).toEqual(expected.slice(1, 4));
    }
  });

  it('has the values and revisions of its entries', async () => {
    const url = await master();
    const revision = expectWritten(await put(url, 'v/text', 'hällo', { 'content-type': 'a/b' }));
    const bytes = new Uint8Array([0, 255, 254]);
    expectWritten(await put(url, 'v/bytes', bytes));
    for (const node of cluster().urls) {
      const { entries } = await list(node, { prefix: 'v/' });
      expect(entries).toMatchObject([
        { key: 'v/bytes', value: 'AP/+', encoding: 'base64', bytes: 3 },
        { key: 'v/text', value: 'hällo', encoding: 'utf-8', contentType: 'a/b', revision },
      ]);
    }
  });

  it('sees, at every node, every write that was answered before', async () => {
    const url = await master();
    for (let round = 0; round < 10; round += 1) {
      const key = `fresh/${round}`;
      const revision = expectWritten(await put(url, key, 'v'));
      for (const node of cluster().urls) {
        const { entries } = await list(node, { prefix: key, values: 'none' });
        expect(entries).toEqual([expect.objectContaining({ key, revision })]);
      }
      if (round % 2 === 0) expect((await remove(url, key)).status).toBe(204);
    }
    expect(await listAll(cluster().urls, { prefix: 'fresh/' })).toHaveLength(5);
  });

  it('in pages, from a different node each, has every key once', async () => {
    const url = await master();
    const keys = Array.from({ length: 57 }, (_, i) => `many/${String(i).padStart(3, '0')}`);
    await Promise.all(keys.map(async (key) => expectWritten(await put(url, key, key))));
    expect(await listAll(cluster().urls, { prefix: 'many/', limit: '10' })).toEqual(keys);
  });

  it('is bounded in bytes', async () => {
    const url = await master();
    const value = 'x'.repeat(1_000_000);
    const keys = ['big/1', 'big/2', 'big/3'];
    for (const key of keys) expectWritten(await put(url, key, value));
    const { entries, next } = await list(url, { prefix: 'big/' });
    expect([entries.length, next]).toEqual([2, expect.any(String)]);
    expect(await listAll([url], { prefix: 'big/' })).toEqual(keys);
    expect((await list(url, { prefix: 'big/', values: 'none' })).entries).toHaveLength(3);
  });

  it('of a revision that nobody has reached is 503 after a while', async () => {
    const answer = await call(`${await master()}/v1/kv?min-revision=999999999`);
    expectProblem(answer, 503, 'catching_up');
  });

  it('that cannot be understood is 400, at every node', async () => {
    for (const url of cluster().urls) {
      expectProblem(await call(`${url}/v1/kv?limit=0`), 400, 'invalid_request');
      expectProblem(await call(`${url}/v1/kv?after=x`), 400, 'invalid_request');
    }
  });
});

it('a cursor survives kill -9 of the active master', async () => {
  const own = await clusterForTest();
  const old = await own.active();
  const keys = Array.from({ length: 30 }, (_, i) => `k${String(i).padStart(2, '0')}`);
  await Promise.all(keys.map(async (key) => expectWritten(await put(old.url, key, key))));
  const first = await list(old.url, { limit: '13' });
  await old.kill();
  const { url } = await own.active(old);
  const rest = await list(url, { after: first.next ?? '' });
  const listed = [...first.entries, ...rest.entries].map(({ key }) => key);
  expect(listed).toEqual(keys);
  expect(rest.revision).toBeGreaterThanOrEqual(first.revision);
});
