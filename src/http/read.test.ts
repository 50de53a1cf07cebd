import { describe, expect, test } from 'vitest';
import { DsmError } from '../core/errors.ts';
import { facts, factsOf, jsonOf, setUp } from './testing/set-up.ts';

describe.each([
  ['copied', true],
  ['plain', false],
])('a READ with %s headers', (_name, sharesHeaders) => {
  test('answers the bytes, their type, the revision as ETag and the facts of the node', async () => {
    const { app, node } = setUp({ sharesHeaders });
    node.put('other', 'x');
    const revision = node.put('greeting', 'hello');
    // The first call goes by the router, the second by the short cut.
    for (let call = 0; call < 3; call += 1) {
      const response = await app.request('/v1/kv/greeting');
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('hello');
      expect(response.headers.get('content-type')).toBe('application/octet-stream');
      expect(response.headers.get('etag')).toBe(`"${revision}"`);
      expect(response.headers.get('dsm-revision')).toBe('2');
      expect(factsOf(response)).toEqual(facts);
    }
  });

  test('each answer has its own headers, and they follow the node', async () => {
    const { app, node } = setUp({ sharesHeaders });
    node.put('a', '1');
    node.put('b', '2');
    await app.request('/v1/kv/a');
    const first = await app.request('/v1/kv/a');
    const second = await app.request('/v1/kv/b');
    node.epoch = 4;
    node.put('c', '3');
    const third = await app.request('/v1/kv/b');
    const seen = [first, second, third].map(({ headers }) =>
      ['etag', 'dsm-epoch', 'dsm-revision'].map((name) => headers.get(name)),
    );
    expect(seen).toEqual([
      ['"1"', '3', '2'],
      ['"2"', '3', '2'],
      ['"2"', '4', '3'],
    ]);
  });
});

describe('READ', () => {
  test('a value is not interpreted by a browser, whatever type it has', async () => {
    const { app, node } = setUp();
    node.put('page', '<script>', 'text/html');
    for (let call = 0; call < 2; call += 1) {
      const { headers } = await app.request('/v1/kv/page');
      expect(headers.get('content-type')).toBe('text/html');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain('sandbox');
    }
  });

  test('an absent key is 404 not_found, with the facts of the node', async () => {
    const { app, node } = setUp();
    node.put('other', 'x');
    for (let call = 0; call < 2; call += 1) {
      const response = await app.request('/v1/kv/absent');
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(await jsonOf(response)).toMatchObject({ code: 'not_found', status: 404 });
      expect(factsOf(response)).toEqual(facts);
      expect(response.headers.get('dsm-revision')).toBe('1');
    }
  });

  test('HEAD says everything but the bytes', async () => {
    const { app, node } = setUp();
    node.put('greeting', 'hello');
    const response = await app.request('/v1/kv/greeting', { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
    expect(response.headers.get('content-length')).toBe('5');
    expect(response.headers.get('etag')).toBe('"1"');
    expect((await app.request('/v1/kv/absent', { method: 'HEAD' })).status).toBe(404);
  });

  test.each([
    ['"1"', 304],
    ['*', 304],
    ['W/"1"', 304],
    ['"7", "1"', 304],
    ['"7"', 200],
    ['"11"', 200],
    ['1', 200],
  ])('If-None-Match: %s is %i for revision 1', async (held, status) => {
    const { app, node } = setUp();
    node.put('a', 'x');
    for (let call = 0; call < 2; call += 1) {
      const headers = { 'if-none-match': held };
      const response = await app.request('/v1/kv/a', { headers });
      expect(response.status).toBe(status);
      expect(response.headers.get('etag')).toBe('"1"');
      expect(await response.text()).toBe(status === 304 ? '' : 'x');
    }
  });

  test.each([
    ['"1"', 200],
    ['*', 200],
    ['"7", "1"', 200],
    ['W/"1"', 412],
    ['"7"', 412],
    ['1', 412],
  ])('If-Match: %s is %i for revision 1', async (wanted, status) => {
    const { app, node } = setUp();
    node.put('a', 'x');
    const headers = { 'if-match': wanted };
    // The second one could take the short cut.
    for (let call = 0; call < 2; call += 1) {
      const response = await app.request('/v1/kv/a', { headers });
      expect(response.status).toBe(status);
      if (status === 412) expect(await jsonOf(response)).toMatchObject({ currentRevision: 1 });
    }
    expect((await app.request('/v1/kv/absent', { headers })).status).toBe(404);
  });

  test('without a lease, and elsewhere than at the master, the node is asked', async () => {
    const { app, node } = setUp();
    node.put('a', 'x');
    node.hasLease = false;
    expect(await (await app.request('/v1/kv/a')).text()).toBe('x');
    node.standBy('http://127.0.0.1:1');
    expect(await (await app.request('/v1/kv/a')).text()).toBe('x');
    expect(node.reads).toEqual([
      { consistency: 'linearizable', minRevision: 0 },
      { consistency: 'linearizable', minRevision: 0 },
    ]);
  });

  test.each([
    ['?consistency=stale', { consistency: 'stale', minRevision: 0 }],
    ['?consistency=quorum', { consistency: 'quorum', minRevision: 0 }],
    ['?min-revision=9', { consistency: 'linearizable', minRevision: 9 }],
    ['?min-revision=9&consistency=stale', { consistency: 'stale', minRevision: 9 }],
  ])('%s goes to the node', async (query, options) => {
    const { app, node } = setUp();
    node.put('a', 'x');
    expect((await app.request(`/v1/kv/a${query}`)).status).toBe(200);
    expect(node.reads).toEqual([options]);
  });

  test('a revision that is reached needs no waiting', async () => {
    const { app, node } = setUp();
    node.put('a', 'x');
    expect((await app.request('/v1/kv/a?min-revision=1')).status).toBe(200);
    expect(node.reads).toEqual([]);
  });

  test.each([
    ['?consistency=strong', 'linearizable, quorum, stale'],
    ['?min-revision=-1', 'whole number'],
    ['?min-revision=1e3', 'whole number'],
    ['?min-revision=99999999999999999', 'whole number'],
    ['?consistancy=stale', '"consistancy"'],
    ['?ttl=5&a=1', '"ttl", "a"'],
    ['?consistency=stale&consistency=stale', 'twice'],
  ])('%s is refused: %s', async (query, text) => {
    const { app, node } = setUp();
    node.put('a', 'x');
    const response = await app.request(`/v1/kv/a${query}`);
    expect(response.status).toBe(400);
    expect(await jsonOf(response)).toMatchObject({
      code: 'invalid_request',
      detail: expect.stringContaining(text),
    });
  });

  test('a failure of the node is a problem with its outcome', async () => {
    const { app, node } = setUp();
    node.hasLease = false;
    node.readError = new DsmError('catching_up', 'not yet', { retryAfterMs: 2500 });
    const response = await app.request('/v1/kv/a');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('3');
    const problem = { code: 'catching_up', outcome: 'not-applied', retryable: true };
    expect(await jsonOf(response)).toMatchObject(problem);
  });
});
