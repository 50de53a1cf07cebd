import { describe, expect, test } from 'vitest';
import { facts, factsOf, jsonOf, setUp } from './testing/set-up.ts';

describe('what is not there', () => {
  test.each(['/nothing', '/v1', '/v1/kvs', '/v1/status/x', '/peer', '/peer/nothing', '/LIVEZ'])(
    '%s is 404 no_route',
    async (path) => {
      const { app } = setUp();
      const response = await app.request(path);
      expect(response.status).toBe(404);
      expect(await jsonOf(response)).toMatchObject({ code: 'no_route' });
      expect(factsOf(response)).toEqual(facts);
    },
  );

  test.each([
    ['PATCH', '/v1/kv/a', 'GET, HEAD, PUT, POST, DELETE'],
    ['OPTIONS', '/v1/kv/a', 'GET, HEAD, PUT, POST, DELETE'],
    ['PROPFIND', '/v1/kv/a', 'GET, HEAD, PUT, POST, DELETE'],
    ['PUT', '/v1/status', 'GET, HEAD'],
    ['GET', '/v1/txn', 'POST'],
    ['DELETE', '/v1/batch', 'POST'],
    ['PUT', '/v1/kv', 'GET, HEAD, DELETE'],
    ['GET', '/v1/admin/handoff', 'POST'],
    ['HEAD', '/v1/admin/handoff', 'POST'],
    ['GET', '/v1/admin/members/x', 'DELETE'],
    ['GET', '/peer/append', 'POST'],
    ['POST', '/log', 'GET, HEAD'],
  ])('%s %s is 405, and says what is allowed', async (method, path, allow) => {
    const { app } = setUp();
    const response = await app.request(path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allow);
    expect(factsOf(response)).toEqual(facts);
    if (method !== 'HEAD') expect((await jsonOf(response)).code).toBe('method_not_allowed');
  });
});

describe('an accident', () => {
  test('is 500 without a word of its cause, which is in the log', async () => {
    const { app, node, errors } = setUp();
    node.readNow = () => {
      throw new TypeError('secret detail');
    };
    node.status = () => {
      throw new TypeError('secret detail');
    };
    node.hasLease = false;
    node.write = (_request, done) => done(null, null);
    await app.request('/livez');
    const calls = [
      app.request('/v1/kv/a'),
      app.request('/v1/status'),
      app.request('/v1/kv/a', { method: 'PUT', body: 'x' }),
    ];
    for (const response of await Promise.all(calls)) {
      expect(response.status).toBe(500);
      expect(factsOf(response)).toEqual(facts);
      const text = await response.text();
      expect(JSON.parse(text)).toMatchObject({ code: 'internal', outcome: 'unknown' });
      expect(text).not.toContain('secret detail');
    }
    expect(errors).toHaveLength(3);
  });
});

describe('a web page of another site', () => {
  const host = 'http://127.0.0.1:12345';
  const change = (headers: Record<string, string>, path = '/v1/kv/a', method = 'PUT') => {
    const { app } = setUp();
    return app.request(host + path, { method, headers });
  };

  test.each([
    { origin: 'http://evil.example' },
    { origin: 'http://127.0.0.1:80' },
    { origin: 'https://evil.example:12345' },
    { origin: 'null' },
    { origin: 'not a url' },
    { 'sec-fetch-site': 'cross-site' },
    { origin: host, 'sec-fetch-site': 'cross-site' },
  ])('cannot change anything: %o', async (headers) => {
    const sent = headers as Record<string, string>;
    const answers = await Promise.all([
      change(sent),
      change(sent, '/v1/kv/a', 'DELETE'),
      change(sent, '/v1/admin/handoff', 'POST'),
      change(sent, '/peer/append', 'POST'),
      change(sent, '/log/offset', 'GET'),
    ]);
    for (const response of answers) {
      expect(response.status).toBe(403);
      expect(await jsonOf(response)).toMatchObject({ code: 'forbidden' });
    }
  });

  test.each([
    {},
    { origin: host },
    { origin: host, 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
  ])('is not what sends %o', async (headers) => {
    expect((await change(headers as Record<string, string>)).status).toBe(201);
  });

  test('cannot give its own name the address of this machine', async () => {
    const { app, node } = setUp({ isLoopback: true });
    node.put('a', 'x');
    const get = async (base: string) => (await app.request(`${base}/v1/kv/a`)).status;
    const loopback = [
      'http://127.0.0.1:1',
      'http://localhost',
      'http://[::1]:1',
      'http://127.9.9.9',
    ];
    for (const base of loopback) expect(await get(base)).toBe(200);
    const others = ['http://evil.example', 'http://127.0.0.1.evil.example', 'http://10.0.0.1'];
    for (const base of [...others, ...others]) expect(await get(base)).toBe(403);
    // A host that was let in lets in nobody else, also not one that begins like it.
    expect(await get('http://localhost')).toBe(200);
    expect(await get('http://localhost.evil.example')).toBe(403);
  });

  test('a proxy on this machine may pass on the name that a node is advertised by', async () => {
    const { app, node } = setUp({ isLoopback: true });
    const status = { ...node.status(), url: 'https://store.example' };
    node.status = () => status;
    expect((await app.request('http://store.example/livez')).status).toBe(200);
    expect((await app.request('http://other.example/livez')).status).toBe(403);
  });

  test.each(['/anything/v1/status', '/v1/kv/a://b/v1/status', 'http://a b/v1/status'])(
    'a call without a host, as Bun tells it, is refused and not routed: %s',
    async (url) => {
      for (const isLoopback of [true, false]) {
        const { app } = setUp({ isLoopback });
        const request = { url, method: 'GET', headers: new Headers() } as Request;
        const response = await app.fetch(request);
        expect(response.status).toBe(400);
        expect(await jsonOf(response)).toMatchObject({ code: 'invalid_request' });
      }
    },
  );

  const browsers = [
    { origin: 'http://node-1.internal' },
    { 'sec-fetch-site': 'same-origin' },
    { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' },
  ] as unknown as Record<string, string>[];

  test('a node that is not bound to loopback answers to every name, but not to browsers', async () => {
    const { app, node } = setUp({ isLoopback: false });
    node.put('a', 'x');
    const get = async (headers = {}) =>
      (await app.request('http://node-1.internal/v1/kv/a', { headers })).status;
    // What servers send, Node's fetch among them; twice, for the short cut that the first may open.
    const servers = { 'user-agent': 'node', 'sec-fetch-mode': 'cors', 'accept-language': '*' };
    for (let call = 0; call < 2; call += 1) {
      expect([await get(), await get(servers)]).toEqual([200, 200]);
      for (const headers of browsers) expect(await get(headers)).toBe(403);
    }
  });

  test.each([
    'http://10.0.0.1:12345',
    'http://[fd00::1]',
    'http://localhost:8080',
    'http://db.test',
  ])('browsers use %s: nobody else can have that name', async (base) => {
    const { app, node } = setUp({ isLoopback: false, allowedHosts: ['db.test'] });
    node.put('a', 'x');
    for (const headers of browsers) {
      expect((await app.request(`${base}/v1/kv/a`, { headers })).status).toBe(200);
    }
  });

  test('a node that is bound to loopback may be told more names', async () => {
    const { app } = setUp({ isLoopback: true, allowedHosts: ['db.test'] });
    expect((await app.request('http://db.test:80/livez')).status).toBe(200);
    const refused = await app.request('http://other.test/livez');
    expect(refused.status).toBe(403);
    expect((await jsonOf(refused)).detail).toContain('--allowed-hosts other.test');
  });
});
