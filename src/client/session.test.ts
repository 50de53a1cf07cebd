import { describe, expect, it } from 'vitest';
import { answer, type FakeAnswer, type FakeRequest } from './testing.ts';
import { a, setUp } from './testing-client.ts';

const held = () => answer(409, { code: 'lock_held', outcome: 'not-applied', retryable: true });
const over = () => answer(404, { code: 'session_not_found', retryable: false, detail: 'over' });

/** A node with sessions; `lock` answers who asks for one. */
function withSessions(lock: () => FakeAnswer = held) {
  const calls: string[] = [];
  const state: { keepAlive: () => FakeAnswer } = { keepAlive: () => answer(200, {}) };
  const node = ({ method, path }: FakeRequest): FakeAnswer => {
    if (path === '/livez') return answer(200);
    calls.push(`${method} ${path}`);
    if (method === 'DELETE') return answer(204);
    if (path.includes('keep-alive')) return state.keepAlive();
    if (path.startsWith('/v1/locks/')) return lock();
    return answer(201, { session: '17', ttl: 9 });
  };
  const options = { attemptTimeoutMs: 200, backoffMsMax: 50 };
  return { ...setUp({ [a]: node }, options), calls, state };
}

const sleep = (time: ReturnType<typeof withSessions>['time'], ms: number) =>
  time.run(new Promise<void>((resolve) => time.setTimer(ms, resolve)));

const keepAlive = 'POST /v1/sessions/17?op=keep-alive';

describe('a session', () => {
  it('is kept alive three times in its lifetime, until it is closed', async () => {
    const { client, time, calls } = withSessions();
    const session = await time.run(client.session({ ttl: 9 }));
    expect(session.id).toBe('17');
    await sleep(time, 9500);
    expect(calls).toEqual(['POST /v1/sessions?ttl=9', keepAlive, keepAlive, keepAlive]);
    await time.run(session.close());
    await time.run(session.close());
    expect(calls.slice(4)).toEqual(['DELETE /v1/sessions/17']);
    expect(session.signal.aborted).toBe(true);
    expect(time.pendingTimers).toBe(0);
  });

  it('is lost when nobody can be reached for nearly its lifetime, and not before', async () => {
    const { client, time, state } = withSessions();
    const session = await time.run(client.session({ ttl: 9 }));
    state.keepAlive = () => 'break';
    let lostAtMs = 0;
    session.signal.addEventListener('abort', () => {
      lostAtMs = time.nowMs;
    });
    await sleep(time, 20_000);
    expect(lostAtMs).toBeGreaterThan(7000);
    expect(lostAtMs).toBeLessThan(9000);
    expect(session.signal.reason).toMatchObject({ code: 'session_not_found' });
    expect(time.pendingTimers).toBe(0);
  });

  it('survives a failover that is shorter than its lifetime', async () => {
    const { client, time, state } = withSessions();
    const session = await time.run(client.session({ ttl: 9 }));
    state.keepAlive = () => 'break';
    await sleep(time, 6000);
    state.keepAlive = () => answer(200, {});
    await sleep(time, 20_000);
    expect(session.signal.aborted).toBe(false);
    await time.run(session.close());
  });

  it('is lost as soon as a node says that it is over', async () => {
    const { client, time, state } = withSessions();
    const session = await time.run(client.session({ ttl: 9 }));
    state.keepAlive = over;
    await sleep(time, 3100);
    expect(session.signal.reason).toMatchObject({ code: 'session_not_found' });
  });

  it('ends with its signal, and with `await using`', async () => {
    const { client, time, calls } = withSessions();
    const controller = new AbortController();
    const session = await time.run(client.session({ ttl: 9, signal: controller.signal }));
    controller.abort(new Error('enough'));
    await sleep(time, 100);
    expect(session.signal.reason).toEqual(new Error('enough'));
    const use = async () => {
      await using second = await client.session();
      expect(second.signal.aborted).toBe(false);
    };
    await time.run(use());
    expect(calls.filter((call) => call === 'DELETE /v1/sessions/17')).toHaveLength(2);
  });

  it('is named by the keys that end with it', async () => {
    const { client, time, calls } = withSessions();
    const stored = time.run(client.put('k', 'v', { session: '17', ttl: 5 }));
    await expect(stored).rejects.toThrow('ETag');
    expect(calls).toEqual(['PUT /v1/kv/k?ttl=5&session=17']);
  });
});

describe('a lock', () => {
  const taken = () => answer(200, { name: 'job', session: '17', token: 42 });

  it('is held with a token until it is released', async () => {
    const { client, time, calls } = withSessions(taken);
    const use = async () => {
      await using lock = await client.lock('a/job', { ttl: 9 });
      expect([lock.name, lock.token, lock.signal.aborted]).toEqual(['a/job', 42, false]);
      return lock;
    };
    const lock = await time.run(use());
    expect(lock.signal.aborted).toBe(true);
    expect(calls).toEqual([
      'POST /v1/sessions?ttl=9',
      'POST /v1/locks/a%2Fjob?session=17&stay=true&wait=10',
      'DELETE /v1/sessions/17',
    ]);
    expect(time.pendingTimers).toBe(0);
  });

  it('is asked for again, each time anew, until it is there', async () => {
    let asked = 0;
    const { client, time, network } = withSessions(() => {
      asked += 1;
      return asked < 4 ? held() : taken();
    });
    const lock = await time.run(client.lock('job'));
    const asks = network.requests.filter(({ path }) => path.startsWith('/v1/locks/'));
    const keys = asks.map(({ headers }) => headers.get('idempotency-key'));
    expect(new Set(keys).size).toBe(4);
    await time.run(lock.release());
  });

  it('for which too many wait is asked for with pauses that grow', async () => {
    const full = () => answer(503, { code: 'overloaded', outcome: 'not-applied', retryable: true });
    const { client, time, network } = withSessions(full);
    const locked = time.run(client.lock('job', { waitMs: 30_000 }));
    await expect(locked).rejects.toMatchObject({ code: 'lock_held' });
    const asks = network.requests.filter(({ path }) => path.startsWith('/v1/locks/'));
    expect(asks.map(({ atMs }) => atMs)).toEqual([0, 1000, 3000, 7000, 15_000, 23_000, 30_000]);
    expect(new Set(asks.map(({ headers }) => headers.get('idempotency-key'))).size).toBe(7);
  });

  it('that is held by another is null to who does not wait', async () => {
    const { client, time, calls } = withSessions();
    expect(await time.run(client.tryLock('job', { ttl: 9 }))).toBeNull();
    expect(calls).toEqual([
      'POST /v1/sessions?ttl=9',
      'POST /v1/locks/job?session=17&stay=true&wait=0',
      'DELETE /v1/sessions/17',
    ]);
  });

  it('is an error where the wait was not enough', async () => {
    const { client, time, calls } = withSessions(() => {
      time.nowMs += 1000;
      return held();
    });
    const locked = time.run(client.lock('job', { waitMs: 2500 }));
    await expect(locked).rejects.toMatchObject({ code: 'lock_held' });
    expect(calls.filter((call) => call.includes('/locks/')).map((call) => call.slice(-8))).toEqual([
      ...['wait=2.5', 'wait=1.5', 'wait=0.5'],
    ]);
    expect(time.pendingTimers).toBe(0);
  });

  it('is given up with the reason of the signal', async () => {
    const controller = new AbortController();
    const { client, time, calls } = withSessions(() => 'hang');
    const locked = client.lock('job', { signal: controller.signal });
    const given = expect(locked).rejects.toThrow('enough');
    await sleep(time, 1000);
    controller.abort(new Error('enough'));
    await given;
    await sleep(time, 100);
    expect(calls.at(-1)).toBe('DELETE /v1/sessions/17');
    expect(time.pendingTimers).toBe(0);
  });
});
