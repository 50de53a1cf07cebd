import { describe, expect, test } from 'vitest';
import { DsmError } from '../core/errors.ts';
import { sessionCommand } from './session-routes.ts';
import { jsonOf, replyOf, type Setup, setUp } from './testing/set-up.ts';

const send = ({ app }: Setup, method: string, path: string, headers = {}) =>
  app.request(path, { method, headers });

describe('/v1/sessions', () => {
  test('are made, shown, kept alive and revoked', async () => {
    const at = setUp();
    const made = await send(at, 'POST', '/v1/sessions?ttl=30');
    expect([made.status, made.headers.get('location')]).toEqual([201, '/v1/sessions/1']);
    const facts = { session: '1', ttl: 30, expiresIn: 30, keys: [], locks: [] };
    expect(await jsonOf(made)).toEqual(facts);
    await at.app.request('/v1/kv/k?session=1', { method: 'PUT', body: 'v' });
    at.node.logTime = 10_000;
    const shown = await jsonOf(await send(at, 'GET', '/v1/sessions/1'));
    expect(shown).toEqual({ ...facts, expiresIn: 20, keys: ['k'] });
    const kept = await send(at, 'POST', '/v1/sessions/1?op=keep-alive');
    expect([kept.status, (await jsonOf(kept)).expiresIn]).toEqual([200, 30]);
    expect((await send(at, 'DELETE', '/v1/sessions/1')).status).toBe(204);
    expect(at.node.store.keyCount).toBe(0);
    for (const method of ['GET', 'DELETE']) {
      const gone = await send(at, method, '/v1/sessions/1');
      expect([gone.status, (await jsonOf(gone)).code]).toEqual([404, 'session_not_found']);
    }
    expect((await send(at, 'POST', '/v1/sessions/1?op=keep-alive')).status).toBe(404);
  });

  test('a repeated request makes no second one', async () => {
    const at = setUp();
    const headers = { 'idempotency-key': '"s"' };
    const first = await (await send(at, 'POST', '/v1/sessions?ttl=30', headers)).text();
    expect(await (await send(at, 'POST', '/v1/sessions?ttl=30', headers)).text()).toBe(first);
    await send(at, 'DELETE', '/v1/sessions/1');
    expect((await send(at, 'POST', '/v1/sessions?ttl=30', headers)).status).toBe(404);
    expect(at.node.store.sessions.size).toBe(0);
  });

  test('a key of no session is not stored', async () => {
    const at = setUp();
    const response = await at.app.request('/v1/kv/k?session=7', { method: 'PUT', body: 'v' });
    expect([response.status, (await jsonOf(response)).code]).toEqual([404, 'session_not_found']);
    const bad = await at.app.request('/v1/kv/k?session=x', { method: 'PUT', body: 'v' });
    expect(bad.status).toBe(400);
    expect(at.node.store.keyCount).toBe(0);
  });

  test.each(['', '?ttl=0', '?ttl=0.05', '?ttl=86401', '?ttl=x', '?tll=3'])(
    'POST /v1/sessions%s is refused',
    async (query) => {
      const at = setUp();
      expect((await send(at, 'POST', `/v1/sessions${query}`)).status).toBe(400);
      expect(at.node.writes).toEqual([]);
    },
  );
});

describe('/v1/locks', () => {
  const session = async (at: Setup) =>
    String((await jsonOf(await send(at, 'POST', '/v1/sessions?ttl=30'))).session);

  test('are acquired with a token, shown, and released', async () => {
    const at = setUp();
    const id = await session(at);
    const got = await send(at, 'POST', `/v1/locks/a%2Fb?session=${id}`);
    expect([got.status, await jsonOf(got)]).toEqual([200, { name: 'a/b', session: id, token: 2 }]);
    expect(await jsonOf(await send(at, 'GET', '/v1/locks/a/b'))).toEqual({
      ...{ name: 'a/b', session: id, token: 2 },
      waiting: 0,
    });
    expect((await send(at, 'DELETE', `/v1/locks/a/b?session=${id}`)).status).toBe(204);
    expect((await send(at, 'GET', '/v1/locks/a/b')).status).toBe(404);
    expect((await send(at, 'DELETE', `/v1/locks/a/b?session=${id}`)).status).toBe(404);
  });

  test('held by another it is 409 after the wait, and no place in the queue is left', async () => {
    const at = setUp();
    const [one, other] = [await session(at), await session(at)];
    await send(at, 'POST', `/v1/locks/l?session=${one}`);
    const late = await send(at, 'POST', `/v1/locks/l?session=${other}&wait=2`);
    expect([late.status, (await jsonOf(late)).code]).toEqual([409, 'lock_held']);
    expect(at.node.store.sessions.lock('l')?.queue).toEqual([Number(one)]);
  });

  test('with stay it keeps the place in the queue, for as long as the session lives', async () => {
    const at = setUp();
    const [one, other] = [await session(at), await session(at)];
    await send(at, 'POST', `/v1/locks/l?session=${one}`);
    for (let i = 0; i < 2; i += 1) {
      const late = await send(at, 'POST', `/v1/locks/l?session=${other}&wait=1&stay=true`);
      expect([late.status, (await jsonOf(late)).code]).toEqual([409, 'lock_held']);
      expect(at.node.store.sessions.lock('l')?.queue).toEqual([Number(one), Number(other)]);
    }
    at.node.awaitLock = (_name, id, _waitMs, done) => {
      at.node.write(sessionCommand('revoke', { session: id })(null), () => done(null, null));
    };
    const over = await send(at, 'POST', `/v1/locks/l?session=${other}&wait=1&stay=true`);
    expect([over.status, (await jsonOf(over)).code]).toEqual([404, 'session_not_found']);
  });

  test('with ttl it brings a session of its own, which ends with it', async () => {
    const at = setUp();
    const got = await jsonOf(await send(at, 'POST', '/v1/locks/l?ttl=30'));
    expect(got).toEqual({ name: 'l', session: '1', token: 1 });
    const late = await send(at, 'POST', '/v1/locks/l?ttl=30');
    expect([late.status, at.node.store.sessions.size]).toEqual([409, 1]);
    expect((await send(at, 'DELETE', '/v1/locks/l?session=1')).status).toBe(204);
    expect(at.node.store.sessions.size).toBe(0);
  });

  test('a repeated request does not get a lock that was lost since', async () => {
    const at = setUp();
    for (let i = 0; i < 2; i += 1) await send(at, 'POST', '/v1/sessions?ttl=30');
    const headers = { 'idempotency-key': '"l"' };
    const acquire = () => send(at, 'POST', '/v1/locks/job?session=1', headers);
    expect((await acquire()).status).toBe(200);
    await send(at, 'DELETE', '/v1/sessions/1');
    expect((await send(at, 'POST', '/v1/locks/job?session=2')).status).toBe(200);
    const late = await acquire();
    expect([late.status, (await jsonOf(late)).code]).toEqual([404, 'session_not_found']);
  });

  test('a repeated request gets the same lock', async () => {
    const at = setUp();
    const headers = { 'idempotency-key': '"l"' };
    const first = await (await send(at, 'POST', '/v1/locks/l?ttl=30', headers)).text();
    expect(await (await send(at, 'POST', '/v1/locks/l?ttl=30', headers)).text()).toBe(first);
    expect(at.node.store.sessions.size).toBe(1);
  });

  test('made for who has hung up meanwhile is given back, and its session ends', async () => {
    const at = setUp();
    await send(at, 'POST', '/v1/locks/l?ttl=3');
    const hangUp = new AbortController();
    at.node.awaitLock = (_name, id, _waitMs, done) => {
      // The owner's turn ends while this one waits, but not for long enough.
      hangUp.abort();
      at.node.write(sessionCommand('revoke', { session: 1 })(null), () => done(null, id));
    };
    const { signal } = hangUp;
    await at.app.request('/v1/locks/l?ttl=60&wait=8', { method: 'POST', signal });
    expect([at.node.store.sessions.lock('l'), at.node.store.sessions.size]).toEqual([undefined, 0]);
  });

  test('made by the master for who has hung up here is given back through here', async () => {
    const at = setUp();
    at.node.standBy('http://127.0.0.1:1');
    const hangUp = new AbortController();
    at.transport.onSend = ({ request, done }) => {
      hangUp.abort();
      const held = replyOf(200, {}, JSON.stringify({ name: 'a/b', session: '17', token: 17 }));
      done(null, request.method === 'POST' ? held : replyOf(204));
    };
    const { signal } = hangUp;
    await at.app.request('/v1/locks/a%2Fb?ttl=60&wait=8', { method: 'POST', signal });
    const sent = at.transport.sent.map(({ request }) => `${request.method} ${request.path}`);
    expect(sent).toEqual([
      'POST /v1/locks/a%2Fb?ttl=60&wait=8',
      'DELETE /v1/locks/a%2Fb?session=17',
    ]);
  });

  test.each([
    ['has a session of its own', '?session=1', {}],
    ['may come back for the answer', '?ttl=60', { 'idempotency-key': '"l"' }],
  ])('is kept for who hung up and %s', async (_, query, headers) => {
    const at = setUp();
    await session(at);
    const signal = AbortSignal.abort();
    await at.app.request(`/v1/locks/l${query}`, { method: 'POST', headers, signal });
    expect(at.node.store.sessions.lock('l')?.queue).toHaveLength(1);
  });

  test('for which too many wait is 503 with Retry-After: who asks pauses', async () => {
    const at = setUp();
    at.node.writeResult = { status: 'queue-full', revision: 0, results: [] };
    const refused = await send(at, 'POST', '/v1/locks/l?ttl=30&wait=5');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await jsonOf(refused)).toMatchObject({ code: 'overloaded', outcome: 'not-applied' });
  });

  test('a wait that cannot be kept gives the place up; one that is broken off does not say no', async () => {
    const at = setUp();
    await send(at, 'POST', '/v1/locks/l?ttl=30');
    at.node.lockError = new DsmError('overloaded');
    expect((await send(at, 'POST', '/v1/locks/l?ttl=30&wait=1')).status).toBe(409);
    expect(at.node.store.sessions.lock('l')?.queue).toHaveLength(1);
    const id = await session(at);
    const staying = `/v1/locks/l?session=${id}&wait=1&stay=true`;
    expect((await send(at, 'POST', staying)).status).toBe(503);
    expect(at.node.store.sessions.lock('l')?.queue).toHaveLength(2);
    at.node.lockError = new DsmError('stepped_down');
    const broken = await send(at, 'POST', '/v1/locks/l?ttl=30&wait=1');
    expect([broken.status, (await jsonOf(broken)).outcome]).toEqual([504, 'unknown']);
  });

  test.each([
    ['overloaded', 'write_timeout'],
    ['no_quorum', 'write_timeout'],
    ['misdirected', 'stepped_down'],
  ] as const)('a place that cannot be given up, for %s, is 504 unknown', async (cause, code) => {
    const at = setUp();
    await send(at, 'POST', '/v1/locks/l?ttl=30');
    at.node.awaitLock = (_name, _session, _waitMs, done) => {
      at.node.writeError = new DsmError(cause);
      done(null, null);
    };
    const late = await send(at, 'POST', '/v1/locks/l?ttl=30&wait=2');
    expect([late.status, await jsonOf(late)]).toMatchObject([504, { code, outcome: 'unknown' }]);
    // Where it is not the master any more, it is not asked for a second place elsewhere either.
    expect(at.transport.sent).toEqual([]);
    expect(at.node.store.sessions.lock('l')?.queue).toHaveLength(2);
  });

  test.each<[string, DsmError | null, DsmError | null]>([
    ['the wait begins', new DsmError('misdirected'), null],
    ['the place is given up', null, new DsmError('misdirected')],
  ])(
    'a mastership that ends as %s is asked again elsewhere, with a key only',
    async (_, lockError, writeError) => {
      for (const headers of [{}, { 'idempotency-key': '"l"' }]) {
        const at = setUp();
        await send(at, 'POST', '/v1/locks/l?ttl=30');
        at.node.awaitLock = (_name, _session, _waitMs, done) => {
          at.node.standBy('http://127.0.0.1:1');
          at.node.writeError = writeError;
          done(lockError, null);
        };
        at.transport.alwaysAnswer(replyOf(409, {}, '{"code":"lock_held"}'));
        const late = await send(at, 'POST', '/v1/locks/l?ttl=30&wait=2', headers);
        const sentKeys = at.transport.sent.map(
          ({ request }) => request.headers?.['idempotency-key'],
        );
        const isRepeatable = 'idempotency-key' in headers;
        expect([late.status, sentKeys]).toEqual(isRepeatable ? [409, ['"l"']] : [504, []]);
      }
    },
  );

  test.each([
    '',
    '?session=1&ttl=3',
    '?ttl=3&stay=true',
    '?session=1&stay=yes',
    '?ttl=3&wait=3',
    '?ttl=30&wait=11',
    '?session=0',
    '?session=a',
  ])('POST /v1/locks/l%s is refused', async (query) => {
    const at = setUp();
    expect((await send(at, 'POST', `/v1/locks/l${query}`)).status).toBe(400);
    expect(at.node.writes).toEqual([]);
  });

  test('a session that is over holds nothing', async () => {
    const at = setUp();
    const response = await send(at, 'POST', '/v1/locks/l?session=9');
    expect([response.status, (await jsonOf(response)).code]).toEqual([404, 'session_not_found']);
    expect((await send(at, 'DELETE', '/v1/locks/l')).status).toBe(400);
  });
});
