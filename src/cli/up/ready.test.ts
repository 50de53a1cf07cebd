import { afterEach, describe, expect, it } from 'vitest';
import { FakeNode, type FakeNodeOptions } from '../testing/fake-node.ts';
import type { PlannedNode } from './plan.ts';
import { checkReady } from './ready.ts';

let nodes: FakeNode[] = [];
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  nodes = [];
});

/** A fake node as `dsm up` started it. */
async function start(verb: PlannedNode['verb'], options: FakeNodeOptions = {}) {
  const role = verb === 'slave' ? 'slave' : 'master';
  const state = { master: 'active', backup: 'standby', slave: 'voter' }[verb];
  const fake = await new FakeNode({ nodeId: verb, role, state, ...options }).listen();
  nodes.push(fake);
  return { fake, url: fake.url, node: { name: verb, verb, port: 1 } };
}

const voterOf = ({ fake, node }: Awaited<ReturnType<typeof start>>, nodeId = node.verb) => ({
  nodeId,
  role: 'slave' as const,
  url: fake.url,
  voter: true,
});

describe('a local cluster is ready', () => {
  it('when the active master counts every node as a voter', async () => {
    const master = await start('master');
    const slave = await start('slave');
    const backup = await start('backup');
    const reasons = [];
    reasons.push(await checkReady([master, backup, slave]));
    master.fake.members.push(voterOf(slave));
    reasons.push(await checkReady([master, backup, slave]));
    master.fake.members.push(voterOf(backup));
    reasons.push(await checkReady([master, backup, slave]));
    expect(reasons).toEqual([
      { kind: 'waiting', reason: 'backup, slave did not become a voter yet' },
      { kind: 'waiting', reason: 'backup did not become a voter yet' },
      { kind: 'ready', active: expect.objectContaining({ nodeId: 'master' }) },
    ]);
  });

  it('without waiting for a backup that would make two voters', async () => {
    const nodes = [await start('master'), await start('backup')];
    expect(await checkReady(nodes)).toMatchObject({ kind: 'ready' });
  });

  it('not by a node that had the same URL before', async () => {
    const master = await start('master');
    const slave = await start('slave', { nodeId: 'born-again' });
    master.fake.members.push(voterOf(slave, 'slave'));
    expect(await checkReady([master, slave])).toMatchObject({ kind: 'waiting' });
  });

  it('not while a slave of an earlier start counts and is silent', async () => {
    const master = await start('master');
    const extra = await start('slave', { nodeId: 'extra' });
    const { members } = master.fake;
    members.push(voterOf(extra, 'slave'));
    expect(await checkReady([master])).toMatchObject({ kind: 'ready' });
    const url = 'http://127.0.0.1:1';
    members.push({ nodeId: 'stray', role: 'slave', url, voter: true });
    members.push({ nodeId: 'lost', role: 'master', url, voter: true });
    expect(await checkReady([master])).toMatchObject({
      kind: 'strays',
      strays: [{ nodeId: 'stray' }],
      reason: `${url} did not leave the cluster yet`,
    });
  });

  it('not while a node is silent, or none is active, or one says that it is not ready', async () => {
    const master = await start('master');
    const silent = {
      url: 'http://127.0.0.1:1',
      node: { name: 'x', verb: 'slave', port: 1 },
    } as const;
    const backup = await start('backup');
    const notReady = { status: 503, body: {} };
    const busy = await start('master', { faults: { 'GET /readyz': notReady } });
    const reasonOf = async (started: Parameters<typeof checkReady>[0]) => {
      const readiness = await checkReady(started);
      return readiness.kind === 'waiting' ? readiness.reason : readiness.kind;
    };
    expect(await reasonOf([master, silent])).toBe('x did not answer yet');
    expect(await reasonOf([backup])).toBe('no master is active yet');
    expect(await reasonOf([busy])).toBe('master did not get ready yet');
  });
});
