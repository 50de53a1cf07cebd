import { describe, expect, test } from 'vitest';
import { DsmError } from '../core/errors.ts';
import type { FakeNode } from './testing/fake-node.ts';
import { jsonOf, replyOf, setUp } from './testing/set-up.ts';

const master = 'http://127.0.0.1:1';
const other = 'http://127.0.0.1:2';

function standingBy() {
  const setup = setUp();
  setup.node.standBy(master);
  return setup;
}

const put = { method: 'PUT', body: 'v', headers: { 'content-type': 'text/plain' } };

describe('a write whose forward breaks', () => {
  const stranger = { ...replyOf(200), header: () => undefined, headers: () => ({}) };

  test.each([
    ['the connection breaks', 'broken', null],
    ['nothing answers in time', 'timeout', null],
    ['something else than a node answers', null, stranger],
  ] as const)(
    '%s: it is sent again, as the same write, and answered',
    async (_name, failure, reply) => {
      const { app, transport, node, clock } = standingBy();
      transport.onSend = ({ done }) =>
        transport.sent.length === 1 ? done(failure, reply) : done(null, replyOf(201));
      const writing = app.request('/v1/kv/a', put);
      await clock.advance(100);
      expect((await writing).status).toBe(201);
      const keys = transport.sent.map(({ request }) => request.headers['idempotency-key']);
      expect(keys).toEqual(['"id-1"', '"id-1"']);
      expect(node.forgotten).toEqual([]);
    },
  );

  test('the master died: it is sent to its successor, as the same write', async () => {
    const { app, transport, node, clock } = standingBy();
    transport.onSend = ({ url, done }) => {
      if (url === other) done(null, replyOf(200));
      else done(transport.sent.length === 1 ? 'broken' : 'refused', null);
    };
    const headers = { 'idempotency-key': '"mine"', 'dsm-key-revision': '4' };
    const writing = app.request('/v1/kv/a', { ...put, headers });
    await clock.advance(200);
    node.masterUrl = other;
    node.wake();
    expect((await writing).status).toBe(200);
    expect(transport.sent.map(({ url }) => url)).toEqual([master, master, other]);
    for (const { request } of transport.sent) expect(request.headers).toMatchObject(headers);
  });

  test('this node is the successor: it runs it here under the key that was sent', async () => {
    const { app, transport, node, clock } = standingBy();
    transport.onSend = ({ done }) => {
      node.state = 'active';
      done('broken', null);
    };
    const writing = app.request('/v1/kv/a', put);
    await clock.advance(100);
    expect((await writing).status).toBe(201);
    expect(node.writes.map(({ request }) => request?.id)).toEqual(['id-1']);
  });

  test.each([
    ['nobody answers', (node: FakeNode) => node.wake(new DsmError('no_master'))],
    ['it is refused here', refuseHere],
  ])('%s after that: 504 unknown, for it may have been applied', async (_name, go) => {
    const { app, transport, node, clock } = standingBy();
    transport.onSend = ({ done }) => {
      node.standBy(null);
      done('broken', null);
    };
    const writing = app.request('/v1/kv/a', put);
    await clock.advance(100);
    go(node);
    await expectUnknown(await writing);
  });

  function refuseHere(node: FakeNode): void {
    node.state = 'active';
    node.writeError = new DsmError('no_quorum');
    node.wake();
  }

  test.each([503, 507])(
    'a refusal %i of the next attempt does not settle the first',
    async (status) => {
      const { app, transport, node, clock } = standingBy();
      transport.onSend = ({ done }) =>
        transport.sent.length === 1 ? done('broken', null) : done(null, replyOf(status));
      const writing = app.request('/v1/kv/a', put);
      await clock.advance(node.limits.holdMs + 100);
      await expectUnknown(await writing);
      expect(transport.sent.length).toBeGreaterThan(2);
      expect(transport.sent.length).toBeLessThan(node.limits.holdMs / 20);
      expect(clock.timers).toBe(0);
    },
  );

  describe('by a master that steps down meanwhile', () => {
    const steppedDown = replyOf(504, {}, '{"code":"stepped_down","outcome":"unknown"}');

    test('it is sent to the successor, as the same write', async () => {
      const { app, transport, node, clock } = standingBy();
      transport.onSend = ({ url, done }) => {
        node.standBy(other);
        done(null, url === master ? steppedDown : replyOf(200));
      };
      const writing = app.request('/v1/kv/a', put);
      await clock.advance(100);
      expect((await writing).status).toBe(200);
      expect(transport.sent.map(({ url }) => url)).toEqual([master, other]);
      const keys = transport.sent.map(({ request }) => request.headers['idempotency-key']);
      expect(keys).toEqual(['"id-1"', '"id-1"']);
    });

    /** This node is it, with a successor that answers `status`. */
    function steppingDown(status: number) {
      const setup = setUp();
      const { node, transport } = setup;
      node.write = (request, done) => {
        node.writes.push(request);
        node.standBy(status === 0 ? null : other);
        done(new DsmError('stepped_down'), null);
      };
      transport.alwaysAnswer(replyOf(status));
      return setup;
    }
    const keyed = { ...put, headers: { ...put.headers, 'idempotency-key': '"k"' } };

    test('and is this one: with a key it is sent on, without one nobody knows', async () => {
      const { app, transport, node } = steppingDown(200);
      expect((await app.request('/v1/kv/a', keyed)).status).toBe(200);
      expect(transport.sent.map(({ url }) => url)).toEqual([other]);
      node.state = 'active';
      const response = await app.request('/v1/kv/a', put);
      expect([response.status, (await jsonOf(response)).code]).toEqual([504, 'stepped_down']);
      expect(transport.sent).toHaveLength(1);
    });

    test.each([0, 503])(
      'and nobody takes it (%i): 504 unknown, for it may have been applied',
      async (status) => {
        const { app, node, clock } = steppingDown(status);
        const writing = app.request('/v1/kv/a', keyed);
        await clock.advance(node.limits.holdMs + 100);
        expect(await jsonOf(await writing)).toMatchObject({ outcome: 'unknown' });
      },
    );

    test('one that was sent on already is not sent on again', async () => {
      const { app, transport } = steppingDown(200);
      const headers = { ...keyed.headers, 'dsm-no-forward': '1' };
      const response = await app.request('/v1/kv/a', { ...put, headers });
      expect([response.status, (await jsonOf(response)).code]).toEqual([504, 'stepped_down']);
      expect(transport.sent).toEqual([]);
    });
  });

  describe('that hangs at a master with a successor', () => {
    /** The first attempt hangs; the others end with `status` at once. */
    function hanging(status: number) {
      const setup = standingBy();
      const { node, transport } = setup;
      transport.onSend = ({ url, done }) => {
        if (url === other) done(null, replyOf(status));
      };
      return { ...setup, succeed: () => node.standBy(other) };
    }

    test('it is sent to the successor, as the same write', async () => {
      const { app, transport, clock, succeed } = hanging(201);
      const writing = app.request('/v1/kv/a', put);
      await clock.advance(450);
      expect(transport.sent).toHaveLength(1);
      succeed();
      await clock.advance(150);
      expect((await writing).status).toBe(201);
      expect(transport.sent.map(({ url }) => url)).toEqual([master, other]);
      const keys = transport.sent.map(({ request }) => request.headers['idempotency-key']);
      expect(keys).toEqual(['"id-1"', '"id-1"']);
    });

    test.each([200, 412])(
      'a late answer %i is the answer, for the write ran once',
      async (late) => {
        const { app, transport, clock, succeed } = hanging(503);
        const writing = app.request('/v1/kv/a', put);
        await clock.advance(50);
        succeed();
        await clock.advance(200);
        transport.sent[0]?.done(null, replyOf(late));
        expect((await writing).status).toBe(late);
      },
    );

    test.each([503, 504, 421])('a late answer %i says nothing', async (late) => {
      const { app, transport, node, clock } = standingBy();
      const writing = app.request('/v1/kv/a', put);
      await clock.advance(50);
      node.standBy(null);
      await clock.advance(100);
      transport.sent[0]?.done(null, replyOf(late));
      transport.onSend = ({ done }) => done(null, replyOf(201));
      node.masterUrl = other;
      node.wake();
      expect((await writing).status).toBe(201);
      expect(transport.sent).toHaveLength(2);
    });

    test('nobody takes over: 504 unknown when its time is over', async () => {
      const { app, node, clock } = standingBy();
      const writing = app.request('/v1/kv/a', put);
      await clock.advance(50);
      node.standBy(null);
      await clock.advance(node.limits.holdMs);
      await expectUnknown(await writing);
    });

    test('an admin call waits for the one that was asked: it has no idempotency key', async () => {
      const { app, node, transport, clock, succeed } = hanging(200);
      const handing = app.request('/v1/admin/handoff', { method: 'POST' });
      await clock.advance(50);
      succeed();
      await clock.advance(node.limits.holdMs);
      transport.sent[0]?.done(null, replyOf(200));
      expect((await handing).status).toBe(200);
      expect(transport.sent).toHaveLength(1);
    });
  });

  async function expectUnknown(response: Response): Promise<void> {
    expect(response.status).toBe(504);
    const problem = { code: 'forward_broken', outcome: 'unknown', retryable: true };
    expect(await jsonOf(response)).toMatchObject(problem);
  }
});
