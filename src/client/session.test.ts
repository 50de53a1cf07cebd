import { describe, expect, it } from 'vitest';
import { answer } from './testing.ts';
import { sleep, withSessions } from './testing-client.ts';

const over = () => answer(404, { code: 'session_not_found', retryable: false, detail: 'over' });

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
