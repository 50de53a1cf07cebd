import { describe, expect, test } from 'vitest';
import { DsmError } from '../core/errors.ts';
import { facts, factsOf, jsonOf, setUp } from './testing/set-up.ts';

describe('WRITE and delete', () => {
  const put = (headers: Record<string, string> = {}, body: BodyInit = 'v') => ({
    method: 'PUT',
    headers: { 'content-type': 'text/plain', ...headers },
    body,
  });

  test('a new key is 201, a changed one 200, each with its revision', async () => {
    const { app, node } = setUp();
    const created = await app.request('/v1/kv/a', put());
    expect([created.status, created.headers.get('etag')]).toEqual([201, '"1"']);
    expect(await created.text()).toBe('');
    const updated = await app.request('/v1/kv/a', put());
    expect([updated.status, updated.headers.get('etag')]).toEqual([200, '"2"']);
    expect(factsOf(updated)).toEqual(facts);
    expect(updated.headers.get('dsm-revision')).toBe('2');
    expect(node.writes[0]).toMatchObject({
      kind: 'put',
      key: 'a',
      contentType: 'text/plain',
      ttlMs: 0,
      condition: 'none',
      request: null,
    });
    expect(node.textOf('a')).toBe('v');
  });

  test('a delete is 204, and 404 where there is nothing', async () => {
    const { app } = setUp();
    await app.request('/v1/kv/a', put());
    const deleted = await app.request('/v1/kv/a', { method: 'DELETE' });
    expect([deleted.status, await deleted.text()]).toEqual([204, '']);
    const again = await app.request('/v1/kv/a', { method: 'DELETE' });
    expect(again.status).toBe(404);
    expect(await jsonOf(again)).toMatchObject({ code: 'not_found' });
  });

  test('an empty value is a value', async () => {
    const { app } = setUp();
    await app.request('/v1/kv/a', { method: 'PUT' });
    const response = await app.request('/v1/kv/a');
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
  });

  test('all bytes come back as they were', async () => {
    const { app } = setUp();
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    await app.request('/v1/kv/a', put({}, bytes));
    const response = await app.request('/v1/kv/a');
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
  });

  test.each([
    [{ 'if-match': '"42"' }, 42],
    [{ 'if-match': '*' }, 'present'],
    [{ 'if-none-match': '*' }, 'absent'],
    [{}, 'none'],
  ] as const)('%o asks for the condition %s', async (headers, condition) => {
    const { app, node } = setUp();
    await app.request('/v1/kv/a', put(headers));
    await app.request('/v1/kv/a', { method: 'DELETE', headers });
    expect(node.writes).toMatchObject([{ condition }, { condition }]);
  });

  test.each([
    [{ 'if-match': 'W/"42"' }, 'weak'],
    [{ 'if-match': '"1", "2"' }, 'not a list'],
    [{ 'if-match': '42' }, 'like "42"'],
    [{ 'if-match': '"0"' }, 'like "42"'],
    [{ 'if-match': '"abc"' }, 'like "42"'],
    [{ 'if-match': '"9999999999999999"' }, 'like "42"'],
    [{ 'if-match': '' }, 'like "42"'],
    [{ 'if-none-match': '"42"' }, 'can only be *'],
    [{ 'if-match': '*', 'if-none-match': '*' }, 'not both'],
  ])('%o is refused: %s', async (headers, text) => {
    const { app, node } = setUp();
    const response = await app.request('/v1/kv/a', put(headers as Record<string, string>));
    expect(response.status).toBe(400);
    const problem = { code: 'invalid_request', detail: expect.stringContaining(text) };
    expect(await jsonOf(response)).toMatchObject(problem);
    expect(node.writes).toEqual([]);
  });

  test.each([
    [7, '"7"'],
    [0, 'absent'],
  ])('a failed precondition is 412 with the revision %i', async (revision, text) => {
    const { app, node } = setUp();
    node.writeResult = { status: 'precondition-failed', revision };
    const response = await app.request('/v1/kv/a', put({ 'if-match': '"3"' }));
    expect(response.status).toBe(412);
    const problem = { code: 'precondition_failed', outcome: 'not-applied' };
    const detail = expect.stringContaining(text);
    expect(await jsonOf(response)).toMatchObject({ ...problem, detail, currentRevision: revision });
  });

  test.each([
    ['request-mismatch', 422, 'idempotency_mismatch', 'not-applied'],
    ['request-forgotten', 504, 'request_forgotten', 'unknown'],
  ] as const)('the result %s is %i', async (status, code, name, outcome) => {
    const { app, node } = setUp();
    node.writeResult = { status, revision: 0 };
    const response = await app.request('/v1/kv/a', put());
    expect(response.status).toBe(code);
    expect(await jsonOf(response)).toMatchObject({ code: name, outcome });
  });

  test.each([
    ['write_timeout', 504, 'unknown', null],
    ['stepped_down', 504, 'unknown', null],
    ['no_quorum', 503, 'not-applied', '1'],
    ['overloaded', 503, 'not-applied', '1'],
    ['memory_quota', 507, 'not-applied', null],
  ] as const)('the failure %s is %i, outcome %s', async (code, status, outcome, retryAfter) => {
    const { app, node } = setUp();
    node.writeError = new DsmError(code);
    const response = await app.request('/v1/kv/a', put());
    expect(response.status).toBe(status);
    expect(response.headers.get('retry-after')).toBe(retryAfter);
    expect(factsOf(response)).toEqual(facts);
    const problem = await jsonOf(response);
    expect(problem).toMatchObject({ code, status, outcome, type: `urn:dsm:problem:${code}` });
    expect(problem.title).toEqual(expect.any(String));
  });

  test('query parameters are refused by name, before anything happens', async () => {
    const { app, node } = setUp();
    for (const [method, name] of [
      ['PUT', 'tll'],
      ['DELETE', 'ttl'],
    ] as const) {
      const response = await app.request(`/v1/kv/a?${name}=60`, { method });
      expect(response.status).toBe(400);
      expect(await jsonOf(response)).toMatchObject({
        detail: expect.stringContaining(`"${name}"`),
      });
    }
    expect(node.writes).toEqual([]);
  });

  test.each([
    ['60', 60_000],
    ['0.25', 250],
    ['0.001', 1],
    ['315360000', 315_360_000_000],
  ])('ttl=%s is a lifetime of %d ms', async (ttl, ttlMs) => {
    const { app, node } = setUp();
    expect((await app.request(`/v1/kv/a?ttl=${ttl}`, put())).status).toBe(201);
    expect(node.writes[0]).toMatchObject({ kind: 'put', ttlMs });
  });

  test.each(['', '0', '0.000', '-1', '1e3', '0.0001', '315360001', 'x', '1,5', ' 1', 'Infinity'])(
    'ttl=%j is refused, and nothing happens',
    async (ttl) => {
      const { app, node } = setUp();
      const url = `/v1/kv/a?ttl=${encodeURIComponent(ttl)}`;
      const response = await app.request(url, put());
      expect(response.status).toBe(400);
      expect(await jsonOf(response)).toMatchObject({
        code: 'invalid_request',
        detail: expect.stringContaining('ttl must be seconds from 0.001 to 315360000'),
      });
      expect(node.writes).toEqual([]);
    },
  );

  test('another ttl is another request: the same idempotency key is for one of them', async () => {
    const { app, node } = setUp();
    for (const query of ['', '?ttl=1', '?ttl=2']) {
      await app.request(`/v1/kv/a${query}`, put({ 'idempotency-key': '"k"' }));
    }
    const hashes = node.writes.map(({ request }) => request?.payloadHash);
    expect(new Set(hashes).size).toBe(3);
  });

  test('a READ says how long the key has to live, and only where it ends', async () => {
    const { app, node } = setUp();
    await app.request('/v1/kv/a?ttl=1.5', put());
    await app.request('/v1/kv/b', put());
    node.logTime = 250;
    const expiresIn = async (key: string) =>
      (await app.request(`/v1/kv/${key}`)).headers.get('dsm-expires-in');
    expect(await expiresIn('a')).toBe('1.25');
    expect(await expiresIn('b')).toBeNull();
    node.logTime = 9999;
    expect(await expiresIn('a')).toBe('0');
  });

  test('a content type that cannot be kept is refused', async () => {
    const { app } = setUp();
    const long = await app.request('/v1/kv/a', put({ 'content-type': `text/${'x'.repeat(300)}` }));
    const strange = await app.request('/v1/kv/a', put({ 'content-type': 'text/\u00e9' }));
    expect([long.status, strange.status]).toEqual([400, 400]);
  });
});
