import { describe, expect, test } from 'vitest';
import { jsonOf, type Setup, setUp } from './testing/set-up.ts';

const post = ({ app }: Setup, query: string, headers: Record<string, string> = {}) =>
  app.request(`/v1/kv/k${query}`, { method: 'POST', headers });

const etagOf = ({ headers }: Response) => headers.get('etag');

describe('op=increment', () => {
  test('makes a number, 201, and counts on, 200; the body is the new number', async () => {
    const at = setUp();
    const made = await post(at, '?op=increment');
    expect([made.status, await made.text(), etagOf(made)]).toEqual([201, '1', '"1"']);
    expect(made.headers.get('content-type')).toBe('text/plain');
    const more = await post(at, '?op=increment&by=-11');
    expect([more.status, await more.text(), etagOf(more)]).toEqual([200, '-10', '"2"']);
    expect(at.node.textOf('k')).toBe('-10');
  });

  test('gives a lifetime to a key that it makes, and says it', async () => {
    const at = setUp();
    const made = await post(at, '?op=increment&ttl=2.5');
    expect(made.headers.get('dsm-expires-in')).toBe('2.5');
    at.node.logTime = 1000;
    const more = await post(at, '?op=increment&ttl=60');
    expect(more.headers.get('dsm-expires-in')).toBe('1.5');
  });

  test('of what is no number is 409, and says so', async () => {
    const at = setUp();
    at.node.put('k', 'abc');
    const response = await post(at, '?op=increment');
    expect(response.status).toBe(409);
    expect(await jsonOf(response)).toMatchObject({
      code: 'not_a_number',
      outcome: 'not-applied',
      detail: 'The value of "k" is not a whole number of at most 16 digits',
    });
    expect(at.node.textOf('k')).toBe('abc');
  });

  test('beyond what is exact is 409', async () => {
    const at = setUp();
    at.node.put('k', '9007199254740991');
    const response = await post(at, '?op=increment');
    expect([response.status, (await jsonOf(response)).code]).toEqual([409, 'out_of_range']);
  });

  test.each(['by=', 'by=1.5', 'by=x', 'by=9007199254740992', 'ttl=0', 'byy=1', 'by=1&by=2'])(
    'with %s is refused, and nothing happens',
    async (query) => {
      const at = setUp();
      expect((await post(at, `?op=increment&${query}`)).status).toBe(400);
      expect(at.node.writes).toEqual([]);
    },
  );
});

describe('op=get-and-delete', () => {
  test('gives the value with its ETag and type, once', async () => {
    const at = setUp();
    at.node.put('k', 'v', 'text/x');
    const first = await post(at, '?op=get-and-delete');
    expect([first.status, await first.text(), etagOf(first)]).toEqual([200, 'v', '"1"']);
    expect(first.headers.get('content-type')).toBe('text/x');
    const second = await post(at, '?op=get-and-delete');
    expect([second.status, (await jsonOf(second)).code]).toEqual([404, 'not_found']);
  });

  test('gives an empty value too', async () => {
    const at = setUp();
    at.node.put('k', '');
    const first = await post(at, '?op=get-and-delete');
    expect([first.status, await first.text()]).toEqual([200, '']);
  });

  test('answers a repeated request as the first time', async () => {
    const at = setUp();
    at.node.put('k', 'v');
    const headers = { 'idempotency-key': '"once"' };
    for (let i = 0; i < 2; i += 1) {
      const response = await post(at, '?op=get-and-delete', headers);
      expect([response.status, await response.text()]).toEqual([200, 'v']);
    }
    const other = await post(at, '?op=increment', headers);
    expect([other.status, (await jsonOf(other)).code]).toEqual([422, 'idempotency_mismatch']);
  });
});

describe('op=touch', () => {
  test('changes the lifetime, and the ETag stays', async () => {
    const at = setUp();
    at.node.put('k', 'v');
    const touched = await post(at, '?op=touch&ttl=30');
    expect([touched.status, etagOf(touched), await touched.text()]).toEqual([200, '"1"', '']);
    expect(touched.headers.get('dsm-expires-in')).toBe('30');
    const kept = await post(at, '?op=touch&ttl=none');
    expect([kept.status, kept.headers.get('dsm-expires-in')]).toEqual([200, null]);
    expect(at.node.store.get('k')).toMatchObject({ revision: 1, expiresAtMs: 0 });
  });

  test('of nothing is 404; without ttl it is told what to give', async () => {
    const at = setUp();
    expect((await post(at, '?op=touch&ttl=1')).status).toBe(404);
    const response = await post(at, '?op=touch');
    expect(response.status).toBe(400);
    expect((await jsonOf(response)).detail).toContain('ttl=none');
  });
});

describe('any operation', () => {
  test.each(['', '?by=1', '?op=', '?op=incr'])(
    '%j names the ones that there are',
    async (query) => {
      const response = await post(setUp(), query);
      expect(response.status).toBe(400);
      expect((await jsonOf(response)).detail).toContain('increment, get-and-delete, touch');
    },
  );

  test('takes conditions, and a failed one is 412 with the revision', async () => {
    const at = setUp();
    at.node.put('k', '5');
    for (const query of ['?op=increment', '?op=get-and-delete', '?op=touch&ttl=1']) {
      const response = await post(at, query, { 'if-match': '"7"' });
      expect(response.status).toBe(412);
      expect(await jsonOf(response)).toMatchObject({ currentRevision: 1 });
    }
    expect((await post(at, '?op=increment', { 'if-match': '"1"' })).status).toBe(200);
    expect((await post(at, '?op=increment', { 'if-none-match': '*' })).status).toBe(412);
  });
});

describe('Prefer: return=representation', () => {
  const prefer = { prefer: 'respond-async, return=representation', 'if-match': '"9"' };

  test.each(['PUT', 'DELETE', 'POST'])('a failed %s comes with the value', async (method) => {
    const at = setUp();
    at.node.put('k', 'now', 'text/plain');
    const path = method === 'POST' ? '/v1/kv/k?op=increment' : '/v1/kv/k';
    const response = await at.app.request(path, { method, headers: prefer });
    expect(response.status).toBe(412);
    expect(await jsonOf(response)).toMatchObject({
      currentRevision: 1,
      current: { value: 'now', encoding: 'utf-8', contentType: 'text/plain' },
    });
  });

  test('or with null where the key is absent', async () => {
    const at = setUp();
    const response = await at.app.request('/v1/kv/k', { method: 'PUT', headers: prefer });
    expect(response.headers.get('preference-applied')).toBe('return=representation');
    expect(await jsonOf(response)).toMatchObject({ currentRevision: 0, current: null });
  });

  test('changes nothing where the condition holds', async () => {
    const at = setUp();
    at.node.put('k', 'now');
    const headers = { ...prefer, 'if-match': '"1"' };
    const put = await at.app.request('/v1/kv/k', { method: 'PUT', headers, body: 'new' });
    expect([put.status, etagOf(put), at.node.textOf('k')]).toEqual([200, '"2"', 'new']);
    const gone = { ...prefer, 'if-match': '"2"' };
    const removed = await at.app.request('/v1/kv/k', { method: 'DELETE', headers: gone });
    expect([removed.status, at.node.store.keyCount]).toEqual([204, 0]);
  });
});
