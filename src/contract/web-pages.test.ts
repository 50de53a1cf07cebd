import { describe, expect, it } from 'vitest';
import { createClient } from '../client/client.ts';
import { call, expectProblem, get, keyUrl } from './call.ts';
import { sharedCluster } from './fixture.ts';

const origin = 'https://app.example';
const cluster = sharedCluster({ slaves: 1, flags: ['--allowed-origins', origin] });

const simpleMethods = new Set(['GET', 'HEAD', 'POST']);
/** What a page sees of every answer (Fetch §"CORS-safelisted response-header name"). */
const seenAnyway = ['content-type', 'content-length', 'cache-control', 'expires', 'last-modified'];

/** `fetch` as a page of `origin` has it: asks first, and sees of an answer what it is shown. */
async function browserFetch(url: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  const { method = 'GET' } = init;
  const names = [...headers.keys()].filter((name) => name !== 'content-type');
  if (!simpleMethods.has(method) || names.length > 0) await preflight(url, method, names);
  headers.set('origin', origin);
  headers.set('sec-fetch-site', 'cross-site');
  const answer = await fetch(url, { ...init, headers });
  expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
  const shown = new Set([...seenAnyway, ...listOf(answer, 'access-control-expose-headers')]);
  const seen = [...answer.headers].filter(([name]) => shown.has(name));
  return new Response(answer.body, { status: answer.status, headers: seen });
}

async function preflight(url: string, method: string, names: readonly string[]): Promise<void> {
  const answer = await call(url, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': names.join(','),
    },
  });
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([204, origin]);
  expect(listOf(answer, 'access-control-allow-methods')).toContain(method.toLowerCase());
  expect(listOf(answer, 'access-control-allow-headers')).toEqual(
    expect.arrayContaining([...names]),
  );
}

function listOf({ headers }: { readonly headers: Headers }, name: string): string[] {
  const list = headers.get(name)?.split(',') ?? [];
  return list.map((part) => part.trim().toLowerCase());
}

describe('the client library in a web page', () => {
  it('does what it does on a server, at every node, where its origin is allowed', async () => {
    for (const url of cluster().urls) {
      const client = createClient({ masters: [url], fetch: browserFetch });
      const made = await client.put('page/a', 'one');
      const entry = await client.get('page/a');
      expect([entry?.text(), entry?.revision]).toEqual(['one', made.revision]);
      const late = await client.put('page/a', 'two', { ifRevision: made.revision + 1 });
      expect(late).toEqual({ ok: false, currentRevision: made.revision });
      expect((await client.increment('page/n', { ttl: 60 })).expiresIn).toBeGreaterThan(0);
      const told = [];
      for await (const event of client.watch({ prefix: 'page/a' })) {
        told.push(event.kind);
        if (event.kind === 'synced') break;
      }
      expect(told).toEqual(['put', 'synced']);
      await using lock = await client.lock('page/lock');
      expect(lock.token).toBeGreaterThan(made.revision);
    }
  });
});

describe('a web page of another origin', () => {
  it('changes nothing, and is shown nothing', async () => {
    for (const url of cluster().urls) {
      const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
      const put = call(keyUrl(url, 'forged'), { method: 'PUT', body: 'v', headers });
      expectProblem(await put, 403, 'forbidden');
      const read = await get(url, 'forged', '', headers);
      expect([read.status, read.headers.get('access-control-allow-origin')]).toEqual([404, null]);
    }
  });
});
