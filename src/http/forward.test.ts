import { describe, expect, test } from 'vitest';
import { DsmError } from '../core/errors.ts';
import { jsonOf, replyOf, settled, setUp } from './testing/set-up.ts';

const master = 'http://127.0.0.1:1';
const other = 'http://127.0.0.1:2';

function standingBy(url: string | null = master) {
  const setup = setUp();
  setup.node.standBy(url);
  return setup;
}

const put = { method: 'PUT', body: 'v', headers: { 'content-type': 'text/plain' } };

const textOf = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

describe('a call that only the active master can serve', () => {
  test('is sent on with everything that matters, and its answer comes back as it is', async () => {
    const { app, node, transport } = standingBy();
    const headers = { etag: '"9"', 'dsm-epoch': '8', connection: 'keep-alive', date: 'x' };
    transport.alwaysAnswer(replyOf(201, headers));
    const response = await app.request('/v1/kv/a/%20b', {
      ...put,
      headers: {
        'content-type': 'text/plain',
        'if-match': '"3"',
        'idempotency-key': '"k1"',
        'dsm-key-revision': '2',
        'x-other': 'stays here',
      },
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('etag')).toBe('"9"');
    // The facts are the master's: this node has none to add.
    expect(response.headers.get('dsm-node')).toBe('node-m');
    expect(response.headers.get('dsm-epoch')).toBe('8');
    expect(response.headers.get('dsm-role')).toBeNull();
    expect(response.headers.get('connection')).toBeNull();
    const [sent] = transport.sent;
    expect(sent?.url).toBe(master);
    expect(sent?.request).toMatchObject({ method: 'PUT', path: '/v1/kv/a%2F%20b' });
    expect(sent?.request.headers).toEqual({
      'dsm-no-forward': '1',
      'content-type': 'text/plain',
      'if-match': '"3"',
      'idempotency-key': '"k1"',
      'dsm-key-revision': '2',
    });
    expect(textOf(sent?.request.body)).toBe('v');
    expect(node.writes).toEqual([]);
  });

  test('gets an idempotency key where it has none: the way may deliver it twice', async () => {
    const { app, transport } = standingBy();
    transport.alwaysAnswer(replyOf(204));
    const response = await app.request('/v1/kv/a', { method: 'DELETE' });
    expect(response.status).toBe(204);
    const headers = { 'dsm-no-forward': '1', 'idempotency-key': '"id-1"' };
    expect(transport.sent[0]?.request).toMatchObject({ method: 'DELETE', headers });
    expect(transport.sent[0]?.request).not.toHaveProperty('body');
  });

  test.each<[string, Record<string, string>, string]>([
    ['a key made here', {}, '"id-1"'],
    ['a key of the client', { 'idempotency-key': '"mine"' }, '"mine"'],
  ])(
    '%s says what was committed when it came: later it is not run again unseen',
    async (_, headers, key) => {
      const { app, node, transport } = standingBy();
      transport.alwaysAnswer(replyOf(204));
      for (let i = 0; i < 7; i += 1) node.put('x', '');
      await app.request('/v1/kv/a', { method: 'DELETE', headers });
      const sent = { 'idempotency-key': key, 'dsm-key-revision': '7' };
      expect(transport.sent[0]?.request.headers).toMatchObject(sent);
      // One that has not heard of the cluster for long knows too little.
      node.hasTouch = false;
      await app.request('/v1/kv/a', { method: 'DELETE', headers });
      expect(transport.sent[1]?.request.headers).not.toHaveProperty('dsm-key-revision');
    },
  );

  test.each([412, 404, 422, 503, 504, 507])('an answer %i is the answer', async (status) => {
    const { app, transport } = standingBy();
    transport.alwaysAnswer(replyOf(status, { 'retry-after': '2' }, '{"code":"x"}'));
    const response = await app.request('/v1/kv/a', put);
    expect(response.status).toBe(status);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(await response.text()).toBe('{"code":"x"}');
  });

  test('that was forwarded once is 421 with the master, and is not sent on', async () => {
    const { app, transport, node } = standingBy();
    for (const url of [master, null]) {
      node.standBy(url);
      const headers = { 'dsm-no-forward': '1' };
      const response = await app.request('/v1/kv/a', { method: 'DELETE', headers });
      expect(response.status).toBe(421);
      expect(response.headers.get('dsm-master')).toBe(url);
      expect(response.headers.get('dsm-role')).toBe('standby');
      expect(await jsonOf(response)).toMatchObject({ code: 'misdirected', outcome: 'not-applied' });
    }
    expect(transport.sent).toEqual([]);
  });

  test('that was forwarded once is served where the active master is', async () => {
    const { app } = setUp();
    const response = await app.request('/v1/kv/a', { ...put, headers: { 'dsm-no-forward': '1' } });
    expect(response.status).toBe(201);
  });

  test('an admin call that ends broken is 504 unknown: it has no idempotency key', async () => {
    const { app, transport, node } = standingBy();
    transport.alwaysFail('broken');
    const response = await app.request('/v1/admin/handoff', { method: 'POST' });
    expect(response.status).toBe(504);
    const problem = { code: 'forward_broken', outcome: 'unknown', retryable: true };
    expect(await jsonOf(response)).toMatchObject(problem);
    expect(transport.sent).toHaveLength(1);
    expect(node.forgotten).toEqual([]);
  });

  test('a write that finds its master stepped down is sent on', async () => {
    const { app, node, transport } = setUp();
    node.write = (_request, done) => {
      node.standBy(master);
      done(new DsmError('misdirected'), null);
    };
    transport.alwaysAnswer(replyOf(201));
    expect((await app.request('/v1/kv/a', put)).status).toBe(201);
    expect(transport.sent).toHaveLength(1);
  });
});

describe('while the active master is not there', () => {
  test.each([
    ['refuses the connection', (done: Fail) => done('refused', null)],
    ['says that it is none', (done: Fail) => done(null, replyOf(421))],
  ])('one that %s is forgotten, and the call waits for the next', async (_name, fail) => {
    const { app, node, transport, clock } = standingBy();
    transport.onSend = ({ url, done }) => {
      if (url === master) fail(done);
      else done(null, replyOf(201));
    };
    const writing = app.request('/v1/kv/a', put);
    await clock.advance(100);
    expect(node.forgotten).toEqual([master]);
    expect(node.held).toHaveLength(1);
    node.masterUrl = other;
    node.wake();
    expect((await writing).status).toBe(201);
    expect(transport.sent.map(({ url }) => url)).toEqual([master, other]);
    // It is one call: every attempt has the same key.
    const keys = transport.sent.map(({ request }) => request.headers['idempotency-key']);
    expect(keys).toEqual(['"id-1"', '"id-1"']);
  });

  type Fail = (failure: 'refused' | null, reply: ReturnType<typeof replyOf> | null) => void;

  test('a call that waits here is served here where this node takes over', async () => {
    const { app, node } = standingBy(null);
    const writing = app.request('/v1/kv/a', put);
    await settled();
    node.state = 'active';
    node.wake();
    expect((await writing).status).toBe(201);
    expect(node.writes).toHaveLength(1);
  });

  test('the time of all attempts together is bounded: then 503, certainly not applied', async () => {
    const { app, node, transport, clock } = standingBy();
    // A node that keeps believing in a dead master must not make its callers spin for ever.
    node.forgetActive = () => {};
    transport.alwaysFail('refused');
    const writing = app.request('/v1/kv/a', put);
    await clock.advance(node.limits.holdMs + 100);
    const response = await writing;
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await jsonOf(response)).toMatchObject({ code: 'no_master', outcome: 'not-applied' });
    expect(transport.sent.length).toBeLessThan(node.limits.holdMs / 20);
    expect(clock.timers).toBe(0);
  });

  test('a call that nobody wakes is 503 after its time', async () => {
    const { app, node, clock } = standingBy(null);
    const writing = app.request('/v1/kv/a', put);
    await clock.advance(node.limits.holdMs + 1);
    expect((await writing).status).toBe(503);
    // The node calls back late: nobody listens any more.
    node.wake();
    await settled();
    expect(node.writes).toEqual([]);
  });

  test('what the node says of the wait is the answer', async () => {
    const { app, node, clock } = standingBy(null);
    const writing = app.request('/v1/kv/a', { method: 'DELETE' });
    await settled();
    node.wake(new DsmError('overloaded'));
    const response = await writing;
    expect(response.status).toBe(503);
    expect(await jsonOf(response)).toMatchObject({ code: 'overloaded' });
    expect(clock.timers).toBe(0);
  });

  test('calls and bytes that wait are bounded', async () => {
    const { app, node } = standingBy(null);
    node.limits = { ...node.limits, heldCallsMax: 2, queueBytesMax: 3 };
    const deleting = { method: 'DELETE' };
    const held = [app.request('/v1/kv/a', put), app.request('/v1/kv/a', put)];
    await settled();
    const third = await app.request('/v1/kv/a', deleting);
    expect([third.status, (await jsonOf(third)).code]).toEqual([503, 'overloaded']);
    node.wake(new DsmError('no_master'));
    await Promise.all(held);
    const long = await app.request('/v1/kv/a', { ...put, body: 'four' });
    expect((await jsonOf(long)).code).toBe('overloaded');
    const fits = app.request('/v1/kv/a', { ...put, body: 'thr' });
    await settled();
    expect(node.held).toHaveLength(1);
    node.wake(new DsmError('no_master'));
    expect((await jsonOf(await fits)).code).toBe('no_master');
  });
});
