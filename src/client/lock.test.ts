import { describe, expect, it } from 'vitest';
import { answer } from './testing.ts';
import { held, sleep, withSessions } from './testing-client.ts';

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
