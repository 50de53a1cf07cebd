import { describe, expect, it } from 'vitest';
import { createClient } from './client.ts';
import { answer, FakeNetwork, type FakeNode } from './testing.ts';
import {
  a,
  active,
  b,
  c,
  notApplied,
  onWrite,
  serving,
  setUp,
  standby,
  unknown,
} from './testing-client.ts';

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

  it('failback: the primary is not asked because it is back, only when it is active', async () => {
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

  it.each([
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [404, 'no_route'],
    [418, 'invalid_request'],
  ])('not what every gateway refuses: %i', async (status, code) => {
    const refusing = () => new Response('no token', { status });
    const { client, network, time } = setUp({ [a]: refusing, [b]: refusing });
    const refusal = { code, outcome: 'not-applied' };
    await expect(time.run(client.get('k'))).rejects.toMatchObject(refusal);
    expect(network.log).toEqual([`GET ${a}`, `GET ${b}`]);
    expect(time.nowMs).toBe(0);
    await expect(time.run(client.put('k', 'v'))).rejects.toMatchObject(refusal);
  });

  it.each([408, 425, 429, 502])('what a gateway answers with %i', async (status) => {
    const answers = [new Response('later', { status, headers: { 'retry-after': '2' } })];
    const { client, time } = setUp(
      { [a]: (request) => answers.shift() ?? serving()(request) },
      { masters: [a] },
    );
    expect((await time.run(client.get('k')))?.text()).toBe('v');
    expect(time.nowMs).toBe(2000);
  });

  it('what one URL refuses and another does not: somebody else may have its port', async () => {
    const { client, time } = setUp({
      [a]: () => new Response('?', { status: 404 }),
      [b]: serving(),
    });
    expect((await time.run(client.get('k')))?.text()).toBe('v');
  });

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
