import { describe, expect, test } from 'vitest';
import { jsonOf, setUp } from './testing/set-up.ts';

const origin = 'https://app.example';
const site = { origin, 'sec-fetch-site': 'cross-site' };
const allowing = () => setUp({ allowedOrigins: [origin] });
const allowedIn = ({ headers }: Response) => headers.get('access-control-allow-origin');

describe('a web page of an allowed origin', () => {
  test('may ask whether it may: its browser does before a change', async () => {
    const { app } = allowing();
    const headers = {
      ...site,
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'idempotency-key,dsm-key-revision',
    };
    const answer = await app.request('/v1/kv/a', { method: 'OPTIONS', headers });
    expect([answer.status, allowedIn(answer)]).toEqual([204, origin]);
    expect(answer.headers.get('access-control-allow-methods')).toContain('PUT');
    const allowed = answer.headers.get('access-control-allow-headers');
    expect(allowed).toBe('idempotency-key,dsm-key-revision');
  });

  test('reads and changes, by the short cut too, and sees what the client library needs', async () => {
    const { app } = allowing();
    // The first call of a host cannot take the short cut.
    for (let call = 0; call < 2; call += 1) {
      const put = { method: 'PUT', body: 'v', headers: site };
      for (const init of [put, { headers: site }]) {
        const answer = await app.request('/v1/kv/a', init);
        expect([answer.ok, allowedIn(answer)]).toEqual([true, origin]);
        expect(answer.headers.get('access-control-expose-headers')).toContain('etag,');
        expect(answer.headers.get('vary')).toContain('Origin');
        expect(answer.headers.get('etag')).toBe(`"${call + 1}"`);
      }
    }
    const absent = await app.request('/v1/kv/none', { headers: site });
    expect([absent.status, allowedIn(absent)]).toEqual([404, origin]);
  });

  test('is still no node, and needs a host that is known', async () => {
    const { app } = allowing();
    const append = await app.request('/peer/append', { method: 'POST', headers: site });
    expect(append.status).toBe(403);
    const other = await app.request('http://evil.example/v1/kv/a', { headers: site });
    expect(other.status).toBe(403);
  });
});

describe('a web page of another origin', () => {
  test.each(['https://evil.example', 'http://app.example', 'https://app.example:8443', 'null'])(
    '%s is told of nothing',
    async (other) => {
      const { app, node } = allowing();
      node.put('a', 'x');
      const headers = { origin: other };
      const get = await app.request('/v1/kv/a', { headers });
      expect(allowedIn(get)).toBeNull();
      const put = await app.request('/v1/kv/a', { method: 'PUT', body: 'v', headers });
      expect([put.status, allowedIn(put)]).toEqual([403, null]);
      expect(await jsonOf(put)).toMatchObject({ code: 'forbidden' });
      const asking = await app.request('/v1/kv/a', { method: 'OPTIONS', headers });
      expect([asking.status, allowedIn(asking)]).toEqual([403, null]);
      expect(node.textOf('a')).toBe('x');
    },
  );
});
