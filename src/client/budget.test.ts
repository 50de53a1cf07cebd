import { describe, expect, it } from 'vitest';
import { createClient } from './client.ts';
import { answer, FakeNetwork } from './testing.ts';
import { a, b, notApplied, onWrite, serving, setUp, unknown } from './testing-client.ts';

describe('time', () => {
  it('a hung node is left after the attempt, not after the call', async () => {
    const { client, time } = setUp({ [a]: () => 'hang', [b]: serving() });
    await time.run(client.get('k'));
    expect(time.nowMs).toBe(1500);
  });

  it('a read of a revision to come is waited for as long as nodes wait for it', async () => {
    const { client, time } = setUp({ [a]: () => 'hang', [b]: serving() });
    await time.run(client.get('k', { minRevision: 99 }));
    expect(time.nowMs).toBe(3500);
  });

  it('the pauses between rounds double from 10 to 500 ms, with full jitter', async () => {
    const { client, network, time } = setUp({}, { masters: [a] });
    await expect(time.run(client.get('k'))).rejects.toThrow();
    const times = network.requests.map((request) => request.atMs);
    const pauses = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));
    expect(pauses.slice(0, 8)).toEqual([10, 20, 40, 80, 160, 320, 500, 500]);
  });

  it('Retry-After is honoured where every node that answers asks for it', async () => {
    const { client, network, time } = setUp({
      [b]: (request) =>
        request.atMs < 3000 ? notApplied({ 'retry-after': '3' }) : serving()(request),
    });
    await time.run(client.get('k'));
    expect(network.log).toEqual([`GET ${a}`, `GET ${b}`, `GET ${b}`]);
    expect(time.nowMs).toBe(3000);
  });

  it('a Retry-After beyond the budget ends the call at once', async () => {
    const { client, time } = setUp({ [a]: () => notApplied({ 'retry-after': '60' }) });
    await expect(time.run(client.get('k'))).rejects.toMatchObject({ code: 'no_quorum' });
    expect(time.nowMs).toBe(0);
  });

  it('a call never takes longer than its budget, and leaves no timer behind', async () => {
    const { client, time } = setUp({ [a]: () => 'hang', [b]: () => 'hang' });
    await expect(time.run(client.get('k'))).rejects.toMatchObject({ code: 'read_timeout' });
    expect(time.nowMs).toBe(10_000);
    await expect(time.run(client.get('k', { timeoutMs: 700 }))).rejects.toThrow();
    expect(time.nowMs).toBe(10_700);
    expect(time.pendingTimers).toBe(0);
  });
});

describe('the error at the end', () => {
  it('says not-applied where every connection was refused', async () => {
    const { client, time } = setUp({});
    const failing = time.run(client.put('k', 'v'));
    await expect(failing).rejects.toMatchObject({ code: 'no_master', outcome: 'not-applied' });
    await expect(failing).rejects.toThrow(/http:\/\/a:1 refused the connection ×\d+/);
  });

  it('says unknown as soon as one attempt may have been applied, whatever came after', async () => {
    let isFirst = true;
    const { client, time } = setUp({
      [a]: onWrite(() => {
        if (!isFirst) return notApplied();
        isFirst = false;
        return 'break';
      }),
    });
    await expect(time.run(client.put('k', 'v'))).rejects.toMatchObject({
      code: 'write_timeout',
      outcome: 'unknown',
    });
  });

  it('says unknown where a refusal follows an attempt that may have been applied', async () => {
    const { client, time } = setUp({
      [a]: onWrite(() => 'break'),
      [b]: onWrite(() => answer(507, { code: 'memory_quota' })),
    });
    await expect(time.run(client.put('k', 'v'))).rejects.toMatchObject({ outcome: 'unknown' });
  });

  it('lists what was tried', async () => {
    const { client, time } = setUp({ [a]: onWrite(() => unknown()) }, { timeoutMs: 40 });
    await expect(time.run(client.put('k', 'v'))).rejects.toThrow(
      'WRITE "k" may or may not have been applied; tried for 30 ms: ' +
        'http://a:1 answered 504 write_timeout (too slow) ×3, ' +
        'http://b:1 refused the connection ×3',
    );
  });
});

describe('abort', () => {
  it('rejects with the reason of the signal, while a node hangs', async () => {
    const { client, time } = setUp({ [a]: () => 'hang' });
    const controller = new AbortController();
    const reading = client.get('k', { signal: controller.signal });
    controller.abort('enough');
    await expect(time.run(reading)).rejects.toBe('enough');
    expect(time.pendingTimers).toBe(0);
  });

  it('says nothing about the node that was asked', async () => {
    const { client, network, time } = setUp({ [a]: () => 'hang' });
    const controller = new AbortController();
    const reading = client.get('k', { signal: controller.signal });
    controller.abort('enough');
    await expect(time.run(reading)).rejects.toBe('enough');
    network.nodes.set(a, serving());
    await time.run(client.get('k'));
    expect(network.log).toEqual([`GET ${a}`, `GET ${a}`]);
  });

  it('rejects with the reason of the signal, in a pause', async () => {
    const { client, network, time } = setUp({});
    const controller = new AbortController();
    const reading = client.get('k', { signal: controller.signal });
    network.time.setTimer(15, () => controller.abort('enough'));
    await expect(time.run(reading)).rejects.toBe('enough');
    expect(time.nowMs).toBe(15);
  });

  it('sends nothing where the signal, of the call or of the client, is aborted already', async () => {
    const signal = AbortSignal.abort('closed');
    const { client, network, time } = setUp({ [a]: serving() }, { signal });
    await expect(time.run(client.get('k'))).rejects.toBe('closed');
    await expect(time.run(client.put('k', 'v'))).rejects.toBe('closed');
    expect(network.requests).toEqual([]);
  });

  it('works where fetch does not listen to the signal', async () => {
    const { environment, time } = new FakeNetwork();
    const deaf = { ...environment, fetch: () => new Promise<Response>(() => {}) };
    const client = createClient({ masters: [a], environment: deaf });
    await expect(time.run(client.get('k'))).rejects.toMatchObject({ code: 'read_timeout' });
  });
});
