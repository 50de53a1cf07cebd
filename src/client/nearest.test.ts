import { describe, expect, it } from 'vitest';
import { Nearest } from './nearest.ts';
import { answer, type FakeNode } from './testing.ts';
import { a, b, c, setUp } from './testing-client.ts';

function nearest(luck: () => number = () => 0.5) {
  const time = { nowMs: 0 };
  const nodes = new Nearest(() => time.nowMs, luck);
  nodes.onMembers([a, b, c]);
  return { nodes, time };
}

describe('the nearest nodes', () => {
  it('are those that answer fastest; the others follow', () => {
    const { nodes } = nearest();
    nodes.note(a, 90);
    nodes.note(b, 20);
    nodes.note(c, 50);
    expect(nodes.order()).toEqual([b, c, a]);
  });

  it('share the reads where they are about as near', () => {
    const firsts = new Set<string>();
    let draws = 0;
    const { nodes } = nearest(() => {
      draws += 1;
      return (draws * 0.37) % 1;
    });
    for (const [url, ms] of [[a, 10] as const, [b, 12] as const, [c, 80] as const])
      nodes.note(url, ms);
    for (let reads = 0; reads < 20; reads += 1) firsts.add(nodes.order()[0] ?? '');
    expect(firsts).toEqual(new Set([a, b]));
  });

  it('are measured by being asked, and anew after a while', () => {
    const { nodes, time } = nearest();
    nodes.note(a, 5);
    expect(nodes.order().at(-1)).toBe(a);
    nodes.note(b, 50);
    nodes.note(c, 50);
    expect(nodes.order()[0]).toBe(a);
    time.nowMs = 31_000;
    nodes.note(a, 5);
    expect(nodes.order().at(-1)).toBe(a);
  });

  it('follow a node that becomes slow, and forget one that is no member', () => {
    const { nodes } = nearest();
    for (const url of [a, b, c]) nodes.note(url, 10);
    for (let reads = 0; reads < 10; reads += 1) nodes.note(a, 200);
    expect(nodes.order().at(-1)).toBe(a);
    nodes.onMembers([a]);
    nodes.note(b, 1);
    expect(nodes.order()).toEqual([a]);
  });
});

describe('a client that reads from the nearest node', () => {
  const members = [a, b, c].map((url) => ({ url, nodeId: url, role: 'slave' }));
  const reading =
    (role: string, onRead: () => void): FakeNode =>
    ({ path, method }) => {
      const headers = { 'dsm-role': role, 'dsm-node': role };
      if (path === '/v1/status') return answer(200, { nodeId: 'n', state: 'active', members });
      if (path === '/livez') return answer(200, null, headers);
      if (method === 'PUT') return answer(200, null, { etag: '"6"', ...headers });
      onRead();
      return answer(200, 'v', { etag: '"5"', ...headers });
    };

  it('reads there, writes to the active master, and goes elsewhere when it fails', async () => {
    const { client, network, time } = setUp({}, { readFrom: 'nearest' });
    const add = (url: string, role: string, ms: number) => {
      const onRead = () => {
        time.nowMs += ms;
      };
      network.nodes.set(url, reading(role, onRead));
    };
    add(a, 'active', 50);
    add(b, 'standby', 50);
    add(c, 'voter', 2);
    const read = () => time.run(client.get('k'));
    // The first goes the usual way; then each is measured.
    for (let reads = 0; reads < 5; reads += 1) await read();
    network.requests.length = 0;
    await read();
    await read();
    await time.run(client.put('k', 'v'));
    const asked = network.requests.filter(({ path }) => path !== '/livez');
    expect(asked.map((request) => `${request.method} ${request.node}`)).toEqual([
      ...[`GET ${c}`, `GET ${c}`, `PUT ${a}`],
    ]);
    network.nodes.delete(c);
    expect((await read())?.text()).toBe('v');
  });

  it('reads where it always did while no member is known', async () => {
    const broken: FakeNode = ({ path }) =>
      path === '/v1/status' ? 'break' : answer(200, 'v', { etag: '"5"' });
    const { client, time } = setUp({ [a]: broken }, { readFrom: 'nearest' });
    expect((await time.run(client.get('k')))?.text()).toBe('v');
  });
});
