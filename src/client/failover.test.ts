import { describe, expect, it } from 'vitest';
import { createClient } from './client.ts';
import { answer, FakeNetwork, type FakeNode } from './testing.ts';
import type { ClientOptions, MasterChange } from './types.ts';

const a = 'http://a:1';
const b = 'http://b:1';
const c = 'http://c:1';

function setUp(nodes: Record<string, FakeNode>, options: Partial<ClientOptions> = {}) {
  const network = new FakeNetwork();
  for (const [url, node] of Object.entries(nodes)) network.nodes.set(url, node);
  const { environment, time } = network;
  const client = createClient({ masters: [a, b], environment, ...options });
  const changes: MasterChange[] = [];
  client.onMasterChange((change) => changes.push(change));
  return { client, network, time, changes };
}

/** An active master, standby or slave that serves everything. */
const serving =
  (headers: Record<string, string> = {}): FakeNode =>
  ({ path }) => {
    if (path === '/livez') return answer(200, null, headers);
    return answer(200, 'v', { etag: '"5"', ...headers });
  };

const standby = (epoch: string): Record<string, string> => ({
  'dsm-node': 'nb',
  'dsm-role': 'standby',
  'dsm-epoch': epoch,
});
const active = (node: string, epoch: string): Record<string, string> => ({
  'dsm-node': node,
  'dsm-role': 'active',
  'dsm-epoch': epoch,
});

/** Serves `/livez`, so that a write is sent, and gives the write this answer. */
const onWrite =
  (give: FakeNode): FakeNode =>
  (request) =>
    request.method === 'GET' ? answer(200) : give(request);

const notApplied = (headers: Record<string, string> = {}) =>
  answer(503, { code: 'no_quorum', outcome: 'not-applied', retryable: true }, headers);
const unknown = () =>
  answer(504, { code: 'write_timeout', outcome: 'unknown', retryable: true, detail: 'too slow' });

describe('which node is asked', () => {
  it('the primary first, then the backups', async () => {
    const { client, network, time } = setUp({ [b]: serving() });
    await time.run(client.get('k'));
    expect(network.log).toEqual([`GET ${a}`, `GET ${b}`]);
  });

  it('failover: the backup that became active is asked first from then on', async () => {
    const { client, network, time } = setUp({ [b]: serving(active('nb', '2')) });
    await time.run(client.get('k'));
    await time.run(client.get('k'));
    expect(network.log.slice(2)).toEqual([`GET ${b}`]);
    expect(client.master).toBe(b);
  });

  it('failback: the primary is not asked again because it is back, only when it is active', async () => {
    const { client, network, time } = setUp({ [b]: serving(active('nb', '2')) });
    await time.run(client.get('k'));
    network.nodes.set(a, serving(standby('2')));
    time.nowMs += 60_000;
    await time.run(client.get('k'));
    expect(network.log.at(-1)).toBe(`GET ${b}`);
    network.nodes.set(b, serving({ ...standby('3'), 'dsm-master': a }));
    network.nodes.set(a, serving(active('na', '3')));
    await time.run(client.get('k'));
    await time.run(client.get('k'));
    expect(network.log.slice(-2)).toEqual([`GET ${b}`, `GET ${a}`]);
  });

  it('the node that a hint names, at once, even where it is not listed', async () => {
    const { client, network, time } = setUp({
      [a]: () => answer(421, { code: 'misdirected' }, { ...standby('4'), 'dsm-master': c }),
      [c]: serving(active('nc', '4')),
    });
    await time.run(client.get('k'));
    expect(network.log).toEqual([`GET ${a}`, `GET ${c}`]);
    expect(time.nowMs).toBe(0);
  });

  it('not a standby that sent a write on, but the master that it was sent to', async () => {
    const sendsOn: FakeNode = ({ method }) =>
      method === 'GET'
        ? answer(200, 'v', { ...standby('2'), etag: '"5"' })
        : answer(200, null, {
            ...active('nb', '2'),
            'dsm-node': 'nc',
            etag: '"6"',
            'dsm-master': b,
          });
    const { client, network, time } = setUp({ [a]: sendsOn, [b]: serving(active('nc', '2')) });
    await time.run(client.put('k', 'v'));
    expect(client.master).toBe(b);
    await time.run(client.put('k', 'v'));
    expect(network.log).toEqual([`PUT ${a}`, `PUT ${b}`]);
  });

  it('the node that was asked, by the name that it was asked by', async () => {
    const { client, network, time } = setUp({
      [a]: onWrite(() => answer(200, null, { etag: '"6"', 'dsm-master': 'http://inside:1' })),
    });
    await time.run(client.put('k', 'v'));
    expect(client.master).toBe(a);
    expect(network.log).toEqual([`PUT ${a}`]);
  });

  it('not the node of a hint that is older than what is known', async () => {
    const { client, network, time } = setUp({ [a]: serving(active('na', '5')) });
    await time.run(client.get('k'));
    network.nodes.set(b, serving({ ...standby('4'), 'dsm-master': c }));
    await time.run(client.status({ node: b }).catch(() => null));
    expect(client.master).toBe(a);
  });

  it('a node that was silent comes last for a while, then in its place again', async () => {
    const { client, network, time } = setUp({ [a]: () => 'hang', [b]: serving(standby('1')) });
    await time.run(client.get('k'));
    await time.run(client.get('k'));
    expect(network.log).toEqual([`GET ${a}`, `GET ${b}`, `GET ${b}`]);
    time.nowMs += 5001;
    await time.run(client.get('k'));
    expect(network.log.slice(3)).toEqual([`GET ${a}`, `GET ${b}`]);
  });

  it('hints without end do not keep a round from ending', async () => {
    const network = new FakeNetwork();
    let n = 0;
    const misleading: FakeNode = () => {
      n += 1;
      network.nodes.set(`http://x${n}:1`, misleading);
      return answer(
        421,
        { code: 'misdirected' },
        { ...standby('1'), 'dsm-master': `http://x${n}:1` },
      );
    };
    network.nodes.set(a, misleading);
    const { environment, time } = network;
    const client = createClient({ masters: [a], environment, timeoutMs: 1000 });
    await expect(time.run(client.get('k'))).rejects.toMatchObject({ code: 'misdirected' });
    expect(network.requests.length).toBeLessThan(40);
  });
});

describe('a change of the active master is told', () => {
  it('once, when the new one has answered', async () => {
    const { client, network, time, changes } = setUp({ [a]: serving(active('na', '1')) });
    await time.run(client.get('k'));
    network.nodes.delete(a);
    network.nodes.set(b, serving(active('nb', '2')));
    await time.run(client.get('k'));
    await time.run(client.get('k'));
    expect(changes).toEqual([{ from: a, to: b }]);
  });

  it('not when the same node is reached by another name', async () => {
    const { client, network, time, changes } = setUp({ [a]: serving(active('na', '1')) });
    await time.run(client.get('k'));
    network.nodes.delete(a);
    network.nodes.set(b, serving(active('na', '1')));
    await time.run(client.get('k'));
    expect(changes).toEqual([]);
  });
});

describe('what may be asked again', () => {
  it('a read, whatever happened to it', async () => {
    const answers: ReturnType<FakeNode>[] = ['break', 'hang', unknown(), notApplied()];
    const { client, time } = setUp({ [a]: () => answers.shift() ?? serving()(request) });
    const request = { path: '/v1/kv/k', method: 'GET' } as Parameters<FakeNode>[0];
    expect((await time.run(client.get('k')))?.text()).toBe('v');
    expect(answers).toEqual([]);
  });

  it.each<[string, FakeNode]>([
    ['was refused before it counted', () => notApplied()],
    ['may have been applied', () => unknown()],
    ['broke', () => 'break'],
    ['hangs, as a stopped node does', () => 'hang'],
    ['came to the wrong node', () => answer(421, { code: 'misdirected' })],
    ['was answered by something else', () => new Response('hello')],
  ])('a write that %s', async (_, first) => {
    const { client, network, time } = setUp({ [a]: onWrite(first), [b]: onWrite(serving()) });
    expect(await time.run(client.put('k', 'v'))).toMatchObject({ ok: true });
    expect(network.log).toEqual([`PUT ${a}`, `PUT ${b}`]);
  });

  it.each(['invalid_request', 'too_large', 'memory_quota', 'idempotency_mismatch'])(
    'not a write that was refused as %s',
    async (code) => {
      const { client, network, time } = setUp({ [a]: onWrite(() => answer(400, { code })) });
      await expect(time.run(client.put('k', 'v'))).rejects.toMatchObject({
        code,
        outcome: 'not-applied',
      });
      expect(network.log).toEqual([`PUT ${a}`]);
    },
  );

  it('not a write whose key was forgotten: it may have been applied long ago', async () => {
    const { client, network, time } = setUp({
      [a]: onWrite(() => answer(504, { code: 'request_forgotten', retryable: false })),
    });
    await expect(time.run(client.put('k', 'v'))).rejects.toMatchObject({
      code: 'request_forgotten',
      outcome: 'unknown',
    });
    expect(network.log).toHaveLength(1);
  });
});

describe('time', () => {
  it('a hung node is left after the attempt, not after the call', async () => {
    const { client, time } = setUp({ [a]: () => 'hang', [b]: serving() });
    await time.run(client.get('k'));
    expect(time.nowMs).toBe(1500);
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
