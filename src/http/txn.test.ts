import { describe, expect, test } from 'vitest';
import { DsmError } from '../core/errors.ts';
import { jsonOf, replyOf, type Setup, setUp } from './testing/set-up.ts';

const send = ({ app }: Setup, path: string, body: unknown, headers: Record<string, string> = {}) =>
  app.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const txn = (at: Setup, body: unknown, headers: Record<string, string> = {}) =>
  send(at, '/v1/txn', body, headers);

describe('a body with far too much in it', () => {
  test.each([
    ['operations', '/v1/txn', { then: Array(20_000).fill({}) }],
    ['fields', '/v1/txn', Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [i, 1]))],
    ['fields deep within', '/v1/txn', { then: [{ op: { a: Array(20_000).fill(1) } }] }],
    ['fields of an item', '/v1/batch', [{ op: Array(20_000).fill(1) }]],
    ['items', '/v1/batch', Array(1001).fill({ op: 'get', key: 'a' })],
  ])('%s: is refused before all of it is looked at', async (_what, path, body) => {
    const response = await send(setUp(), path, body);
    expect(response.status).toBe(413);
    const { detail } = (await jsonOf(response)) as { detail: string };
    expect(detail.length).toBeLessThan(100);
  });

  test('lines: only as many are parsed as there may be', async () => {
    const lines = `${'1\n'.repeat(1001)}no JSON`;
    const headers = { 'content-type': 'application/x-ndjson' };
    expect((await send(setUp(), '/v1/batch', lines, headers)).status).toBe(413);
  });
});

describe('POST /v1/txn', () => {
  test('does what its compares say, and gives a result for each operation', async () => {
    const at = setUp();
    at.node.put('a', 'x', 'text/plain');
    const response = await txn(at, {
      if: [
        { key: 'a', revision: 1, value: 'x' },
        { key: 'b', exists: false },
      ],
      then: [
        { op: 'get', key: 'a' },
        { op: 'put', key: 'b', value: '/w==', encoding: 'base64', ttl: 5 },
        { op: 'increment', key: 'n', by: 3 },
        { op: 'touch', key: 'a', ttl: 9 },
        { op: 'delete', key: 'gone' },
        { op: 'get', key: 'b' },
      ],
    });
    expect(response.status).toBe(200);
    expect(await jsonOf(response)).toEqual({
      succeeded: true,
      revision: 2,
      results: [
        {
          ...{ op: 'get', key: 'a', status: 'found', revision: 1 },
          ...{ value: 'x', encoding: 'utf-8', contentType: 'text/plain' },
        },
        { op: 'put', key: 'b', status: 'created', revision: 2, expiresIn: 5 },
        { op: 'increment', key: 'n', status: 'created', revision: 2, number: 3 },
        { op: 'touch', key: 'a', status: 'updated', revision: 1, expiresIn: 9 },
        { op: 'delete', key: 'gone', status: 'not-found', revision: 0 },
        {
          ...{ op: 'get', key: 'b', status: 'found', revision: 2, expiresIn: 5 },
          ...{ value: '/w==', encoding: 'base64', contentType: 'application/octet-stream' },
        },
      ],
    });
  });

  test('a compare that does not hold is an answer, not an error', async () => {
    const at = setUp();
    const response = await txn(at, {
      if: [{ key: 'a', exists: true }],
      then: [{ op: 'put', key: 'a', value: '' }],
      else: [{ op: 'get', key: 'a' }],
    });
    expect([response.status, await jsonOf(response)]).toEqual([
      200,
      {
        succeeded: false,
        revision: 1,
        results: [{ op: 'get', key: 'a', status: 'not-found', revision: 0 }],
      },
    ]);
    expect(at.node.store.keyCount).toBe(0);
  });

  test('one operation that cannot be done undoes all, and is named', async () => {
    const at = setUp();
    at.node.put('t', 'abc');
    const response = await txn(at, {
      then: [
        { op: 'put', key: 'a', value: '' },
        { op: 'increment', key: 't' },
      ],
    });
    expect(response.status).toBe(409);
    expect(await jsonOf(response)).toMatchObject({
      code: 'not_a_number',
      detail:
        'then[1]: The value of "t" is not a whole number of at most 16 digits; nothing was done',
    });
    expect(at.node.store.keyCount).toBe(1);
  });

  test('is done once: the same request is answered as the first, another one is 422', async () => {
    const at = setUp();
    const headers = { 'idempotency-key': '"k"' };
    const count = { then: [{ op: 'increment', key: 'n' }] };
    const first = await (await txn(at, count, headers)).text();
    expect(await (await txn(at, count, headers)).text()).toBe(first);
    expect(at.node.textOf('n')).toBe('1');
    expect((await txn(at, { then: [] }, headers)).status).toBe(422);
  });

  test.each([
    ['', 'not JSON'],
    ['{', 'not JSON'],
    ['[]', 'expected object'],
    ['{"iff":[]}', '"iff"'],
    ['{"then":[{"op":"put","key":"a"}]}', 'then[0].value'],
    ['{"then":[{"op":"pop","key":"a"}]}', 'then[0].op'],
    ['{"then":[{"op":"get","key":""}]}', 'then[0].key'],
    ['{"then":[{"op":"get","key":".."}]}', 'then[0]: "." and ".."'],
    ['{"then":[{"op":"get","key":"\\ud800"}]}', 'surrogate'],
    ['{"then":[{"op":"put","key":"a","value":"\\udc00"}]}', 'surrogate'],
    ['{"then":[{"op":"put","key":"a","value":"a","encoding":"base64"}]}', 'not base64'],
    ['{"then":[{"op":"put","key":"a","value":"","ttl":0}]}', 'then[0].ttl'],
    ['{"then":[{"op":"touch","key":"a"}]}', 'then[0].ttl'],
    ['{"then":[{"op":"increment","key":"a","by":0.5}]}', 'then[0].by'],
    ['{"then":[{"op":"put","key":"a","value":"1"},{"op":"delete","key":"a"}]}', 'then[1]: the key'],
    ['{"if":[{"key":"a","exists":false,"revision":3}]}', 'contradict'],
    ['{"if":[{"key":"a","revision":-1}]}', 'if[0].revision'],
    [JSON.stringify({ then: Array(129).fill({ op: 'get', key: 'a' }) }), '128'],
    [JSON.stringify({ then: [{ op: 'get', key: 'ä'.repeat(600) }] }), '1200'],
  ])('%s is refused, and told why', async (body, detail) => {
    const at = setUp();
    const response = await txn(at, body);
    expect(response.status).toBe(400);
    expect((await jsonOf(response)).detail).toContain(detail);
    expect(at.node.writes).toEqual([]);
  });

  test('a value that is too large, and a body that is, are 413', async () => {
    const at = setUp();
    const value = 'x'.repeat(1024 * 1024 + 1);
    const one = await txn(at, { then: [{ op: 'put', key: 'a', value }] });
    const body = await txn(at, { then: [{ op: 'put', key: 'a', value: value.repeat(4) }] });
    expect([one.status, body.status]).toEqual([413, 413]);
  });

  test('is sent on to the master as it is, with a key that makes it harmless twice', async () => {
    const at = setUp();
    at.node.standBy('http://master');
    const body = { then: [{ op: 'increment', key: 'n' }] };
    const answer = txn(at, body);
    await new Promise((resolve) => setTimeout(resolve, 0));
    const [{ request } = { request: null }] = at.transport.sent;
    expect(request).toMatchObject({
      method: 'POST',
      path: '/v1/txn',
      headers: { 'idempotency-key': '"id-1"', 'dsm-no-forward': '1' },
    });
    expect(JSON.parse(new TextDecoder().decode(request?.body))).toEqual(body);
    at.transport.sent[0]?.done('refused', null);
    at.node.state = 'active';
    await at.clock.advance(100);
    expect((await answer).status).toBe(200);
    expect(at.node.writes[0]?.request?.id).toBe('id-1');
  });
});

describe('DELETE /v1/kv?prefix=', () => {
  const remove = ({ app }: Setup, query: string) =>
    app.request(`/v1/kv${query}`, { method: 'DELETE' });

  test('removes the keys with the prefix at one revision, and says how many', async () => {
    const at = setUp();
    for (const key of ['a/1', 'a/2', 'b']) at.node.put(key, '');
    const response = await remove(at, '?prefix=a/');
    expect(await jsonOf(response)).toEqual({ deleted: 2, hasMore: false, revision: 4 });
    expect([...at.node.store.keysIn({ start: '', end: null })]).toEqual(['b']);
  });

  test('by pages with limit', async () => {
    const at = setUp();
    for (const key of ['a/1', 'a/2', 'a/3']) at.node.put(key, '');
    expect(await jsonOf(await remove(at, '?prefix=a&limit=2'))).toMatchObject({ hasMore: true });
    expect(await jsonOf(await remove(at, '?prefix=a&limit=2'))).toMatchObject({
      deleted: 1,
      hasMore: false,
    });
  });

  test('needs a prefix: nobody removes everything by a slip', async () => {
    const at = setUp();
    at.node.put('a', '');
    for (const query of ['', '?limit=3', '?start=a', '?prefix=a&x=1', '?prefix=a&limit=10001']) {
      expect((await remove(at, query)).status).toBe(400);
    }
    expect(at.node.store.keyCount).toBe(1);
    expect(await jsonOf(await remove(at, '?prefix='))).toMatchObject({ deleted: 1 });
  });

  test('of more than it may is 409, and removes none', async () => {
    const at = setUp();
    at.node.writeResult = {
      status: 'too-many-keys',
      revision: 0,
      failedAt: { list: 'operations', index: 0 },
    };
    const response = await remove(at, '?prefix=a');
    expect([response.status, (await jsonOf(response)).code]).toEqual([409, 'too_many_keys']);
  });
});

describe('POST /v1/batch', () => {
  const items = [
    { op: 'put', key: 'a', value: 'x' },
    { op: 'increment', key: 't' },
    { op: 'put', key: 'a', value: 'y', if: { revision: 9 } },
    { op: 'delete', key: 'gone' },
    { op: 'put', key: 'c', value: '', ttl: 3, if: { exists: false } },
  ];
  const results = [
    { op: 'put', key: 'a', status: 'created', revision: 2 },
    { op: 'increment', key: 't', error: { status: 409, code: 'not_a_number' } },
    {
      ...{ op: 'put', key: 'a' },
      error: {
        status: 412,
        code: 'precondition_failed',
        currentRevision: 2,
        current: { value: 'x' },
      },
    },
    { op: 'delete', key: 'gone', status: 'not-found', revision: 0 },
    { op: 'put', key: 'c', status: 'created', revision: 6, expiresIn: 3 },
  ];

  test('does each on its own, in order, and gives a result for each', async () => {
    const at = setUp();
    at.node.put('t', 'text');
    const response = await send(at, '/v1/batch', items);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject(results);
    const reads = await send(at, '/v1/batch', [
      { op: 'get', key: 'a' },
      { op: 'get', key: 'no' },
    ]);
    expect(await reads.json()).toMatchObject([
      { value: 'x', revision: 2 },
      { status: 'not-found' },
    ]);
  });

  test('speaks NDJSON to who speaks it', async () => {
    const at = setUp();
    at.node.put('t', 'text');
    const body = items.map((item) => `${JSON.stringify(item)}\n`).join('\n');
    const headers = { 'content-type': 'application/x-ndjson; charset=utf-8' };
    const response = await send(at, '/v1/batch', body, headers);
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = (await response.text()).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject(results);
  });

  test('again with the same key does nothing again', async () => {
    const at = setUp();
    const headers = { 'idempotency-key': '"b"' };
    const twice = [
      { op: 'increment', key: 'n' },
      { op: 'increment', key: 'n' },
      { op: 'put', key: 'p', value: '' },
    ];
    const first = await (await send(at, '/v1/batch', twice, headers)).json();
    expect(await (await send(at, '/v1/batch', twice, headers)).json()).toEqual(first);
    expect(at.node.textOf('n')).toBe('2');
  });

  test('attaches keys to a session, and says where there is none', async () => {
    const at = setUp();
    await at.app.request('/v1/sessions?ttl=30', { method: 'POST' });
    const tied = (key: string, session: string) => ({ op: 'put', key, value: '', session });
    const response = await send(at, '/v1/batch', [tied('a', '1'), tied('b', '9')]);
    expect(await response.json()).toMatchObject([
      { key: 'a', status: 'created' },
      { key: 'b', error: { status: 404, code: 'session_not_found' } },
    ]);
    expect([...at.node.store.sessions.keysOf(1)]).toEqual(['a']);
    const txn = await send(at, '/v1/txn', { then: [tied('c', '1')] });
    expect(txn.status).toBe(200);
    expect([...at.node.store.sessions.keysOf(1)]).toEqual(['a', 'c']);
  });

  test('an empty one is empty', async () => {
    expect(await (await send(setUp(), '/v1/batch', [])).json()).toEqual([]);
  });

  test('with one bad item is not begun', async () => {
    const at = setUp();
    const response = await send(at, '/v1/batch', [...items, { op: 'get' }]);
    expect([response.status, (await jsonOf(response)).detail]).toEqual([
      400,
      expect.stringContaining('[5].key'),
    ]);
    const line = await send(at, '/v1/batch', '{"op":"get","key":"a"}\n{', {
      'content-type': 'application/x-ndjson',
    });
    expect((await jsonOf(line)).detail).toContain('Line 2 is not JSON');
    expect((await send(at, '/v1/batch', '{}')).status).toBe(400);
    const many = Array(1001).fill({ op: 'get', key: 'a' });
    expect((await send(at, '/v1/batch', many)).status).toBe(413);
    expect(at.node.writes).toEqual([]);
  });

  test('an answer has at most 4 MiB of values: the rest is to be asked for again', async () => {
    const at = setUp();
    for (const key of ['a', 'b', 'c']) at.node.put(key, 'x'.repeat(2 * 1024 * 1024));
    const gets = ['a', 'b', 'c'].map((key) => ({ op: 'get', key }));
    expect(await (await send(at, '/v1/batch', gets)).json()).toMatchObject([
      { status: 'found' },
      { status: 'found' },
      { key: 'c', error: { code: 'too_large', outcome: 'not-applied' } },
    ]);
  });

  describe('that the end of the mastership cuts in two', () => {
    /** One item is done, one is on its way, and one was not begun. */
    function cut() {
      const at = setUp();
      const write = at.node.write.bind(at.node);
      const errors = [null, 'stepped_down', 'misdirected'] as const;
      at.node.write = (request, done) => {
        const error = errors[at.node.writes.length];
        if (error === null) return write(request, done);
        at.node.writes.push(request);
        at.node.standBy('http://127.0.0.1:2');
        done(new DsmError(error ?? 'internal'), null);
      };
      return at;
    }
    const deletes = ['a', 'b', 'c'].map((key) => ({ op: 'delete', key }));

    test('is run as a whole by the next master, where a key makes that harmless', async () => {
      const at = cut();
      at.transport.alwaysAnswer(replyOf(200, {}, '[]'));
      const response = await send(at, '/v1/batch', deletes, { 'idempotency-key': '"k"' });
      expect([response.status, await response.text()]).toEqual([200, '[]']);
      const [sent] = at.transport.sent;
      expect(sent?.request.headers).toMatchObject({ 'idempotency-key': '"k"' });
      expect(JSON.parse(new TextDecoder().decode(sent?.request.body))).toEqual(deletes);
    });

    test('says of each item how it ended, where there is no key', async () => {
      const at = cut();
      const response = await send(at, '/v1/batch', deletes);
      expect(await response.json()).toMatchObject([
        { status: 'not-found' },
        { error: { code: 'stepped_down', outcome: 'unknown' } },
        { error: { code: 'misdirected', outcome: 'not-applied' } },
      ]);
      expect(at.transport.sent).toEqual([]);
    });
  });

  test('has keys of its own for its items: no key of a client is one of them', async () => {
    const at = setUp();
    const key = (id: string) => ({ 'idempotency-key': `"${id}"` });
    await send(at, '/v1/batch', [{ op: 'put', key: 'a', value: 'x' }], key('b'));
    const put = { method: 'PUT', body: 'y', headers: key('b#0') };
    expect((await at.app.request('/v1/kv/a', put)).status).toBe(200);
    const ids = at.node.writes.map(({ request }) => request?.id ?? '');
    // No header can hold what is in it.
    expect(() => new Headers(key(ids[0] ?? ''))).toThrow(TypeError);
  });

  test('where no item could be served here it is sent on as a whole', async () => {
    const at = setUp();
    at.node.writeError = new DsmError('misdirected');
    at.transport.alwaysFail('timeout');
    const response = await send(at, '/v1/batch', [{ op: 'delete', key: 'a' }], {
      'dsm-no-forward': '1',
    });
    expect(response.status).toBe(421);
  });
});
