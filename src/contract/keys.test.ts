import { describe, expect, it } from 'vitest';
import { call, expectWritten, get, put, textOf } from './call.ts';
import { sharedCluster } from './fixture.ts';
import { exchange, type RawAnswer } from './raw-http.ts';

const cluster = sharedCluster({ slaves: 2 });

const send = (url: string, method: string, rawKey: string, body = ''): Promise<RawAnswer> =>
  exchange(url, { method, target: `/v1/kv/${rawKey}`, body });

describe('a key', () => {
  // Raw path → the same key as `fetch` would encode it.
  it.each([
    ['plain', 'plain'],
    ['a/b//c', 'a/b//c'],
    ['a%2Fb%2F%2fc', 'a/b//c'],
    ['%25zz', '%zz'],
    ['%E0%A4%95', 'क'],
    ['%F0%9F%98%80', '😀'],
    ['nul%00', 'nul\0'],
    ['line%0A', 'line\n'],
    ['a%2F..%2Fb', 'a/../b'],
    ['a%5Cb', 'a\\b'],
    ['a+b', 'a+b'],
    ['a%20b', 'a b'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['...', '...'],
    ["!$&'()*,;=:@-_~", "!$&'()*,;=:@-_~"],
    ['%C3%A9', 'é'],
    ['e%CC%81', 'e\u0301'],
    ['12345', '12345'],
    // Another key than `plain`, at every node: decoders like to take the mark away.
    ['%EF%BB%BFplain', '\ufeffplain'],
    [`long${'x'.repeat(1020)}`, `long${'x'.repeat(1020)}`],
    ['%C3%A9'.repeat(512), 'é'.repeat(512)],
  ])('%s is %j, through every node', async (rawKey, key) => {
    for (const url of cluster().urls) {
      const written = await send(url, 'PUT', rawKey, `${url} ${key}`);
      expect([200, 201]).toContain(written.status);
      expect(await textOf(url, key)).toBe(`${url} ${key}`);
      const answer = await send(url, 'GET', rawKey);
      expect([answer.status, answer.body.toString()]).toEqual([200, `${url} ${key}`]);
    }
  });

  it.each([
    '',
    '%',
    '%zz',
    'a%2',
    '%E0%A4',
    '%C0%80',
    '%ED%A0%80',
    '%FF',
    'x'.repeat(1025),
    '%C3%A9'.repeat(513),
  ])('%j is 400 at every node, for every method', async (rawKey) => {
    for (const url of cluster().urls) {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const answer = await send(url, method, rawKey, method === 'PUT' ? 'v' : '');
        expect(answer.status).toBe(400);
        expect(JSON.parse(answer.body.toString())).toMatchObject({
          code: 'invalid_key',
          outcome: 'not-applied',
        });
      }
    }
  });
});

describe('a path that is no key', () => {
  // A URL parser, which two of the runtimes are, removes dots before anybody sees them: what is
  // left may be another resource, but never a key that the raw path does not spell.
  it.each(['.', '..', '%2e', '%2E%2e', '../kv2', 'a/..', 'a/.', '..%2e/x', './../..'])(
    '%j never becomes a key',
    async (rawKey) => {
      for (const url of cluster().urls) {
        const answer = await send(url, 'PUT', rawKey, 'v');
        if ([200, 201].includes(answer.status)) {
          const parsed = new URL(`${url}/v1/kv/${rawKey}`).href;
          expect(parsed.startsWith(`${url}/v1/kv/`)).toBe(true);
          expect((await call(parsed)).text).toBe('v');
        } else {
          expect([400, 404, 405]).toContain(answer.status);
        }
      }
    },
  );

  it('with bytes beyond ASCII, or with a backslash, is refused or read as a URL parser reads it', async () => {
    for (const url of cluster().urls) {
      for (const rawKey of ['raw-é', 'raw\\slash', 'raw#mark', 'raw"quote']) {
        const answer = await send(url, 'PUT', rawKey, 'v');
        if (![200, 201].includes(answer.status)) {
          expect(answer.status).toBe(400);
          continue;
        }
        const parsed = new URL(`${url}/v1/kv/${rawKey}`).href;
        expect((await call(parsed)).text).toBe('v');
      }
    }
  });
});

it('two spellings of a letter are two keys', async () => {
  const [url = ''] = cluster().urls;
  expectWritten(await put(url, 'caf\u00e9', 'one letter'));
  expectWritten(await put(url, 'cafe\u0301', 'letter and accent'));
  expect(await textOf(url, 'caf\u00e9')).toBe('one letter');
  expect(await textOf(url, 'cafe\u0301')).toBe('letter and accent');
});

it('a query that is not known is refused, and nothing is written', async () => {
  const [url = ''] = cluster().urls;
  for (const query of ['?ttl=x', '?tll=60', '?x', '?consistency=stale']) {
    const answer = await send(url, 'PUT', `query${query}`, 'v');
    expect(answer.status).toBe(400);
  }
  for (const query of ['?consistency=strong', '?min-revision=-1', '?consistancy=stale']) {
    expect((await get(url, 'query', query)).status).toBe(400);
  }
  expect((await get(url, 'query')).status).toBe(404);
});
