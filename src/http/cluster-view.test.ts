import { describe, expect, test } from 'vitest';
import type { MemberStatus, NodeStatus } from '../node/api.ts';
import type { LoggedEvent } from '../ports/logger.ts';
import { FakeNode } from './testing/fake-node.ts';
import { jsonOf, replyOf, type Setup, settled, setUp } from './testing/set-up.ts';

const here = 'http://127.0.0.1:12345';
const there = 'http://127.0.0.1:12346';
const slave = 'http://127.0.0.1:20000';

const member = (url: string, more: Partial<MemberStatus> = {}): MemberStatus => ({
  ...{ nodeId: `id of ${url}`, role: url === slave ? 'slave' : 'master', url, voter: true },
  ...{ ackedLsn: 7, appliedLsn: 7, silentMs: 3, suspect: false },
  ...more,
});

const event = (atMs: number, message: string): LoggedEvent => ({
  ...{ atMs, level: 'info', message, facts: { epoch: 3 }, count: 1 },
});

const statusOf = (url: string, more: Partial<NodeStatus> = {}): NodeStatus => ({
  ...new FakeNode().status(),
  ...{ nodeId: `id of ${url}`, url, state: 'standby', counters: { reads: 5, watches: 3 } },
  ...more,
});

/** Nodes that answer; all others refuse. */
function answering(stage: Setup, statuses: readonly object[]): void {
  stage.transport.onSend = ({ url, done }) => {
    const status = statuses.find((one) => 'url' in one && one.url === url);
    if (status === undefined) done('refused', null);
    else done(null, replyOf(200, {}, JSON.stringify(status)));
  };
}

/** This node is the active master of a cluster with these members. */
function lead(stage: Setup, members: readonly MemberStatus[]): void {
  const own = stage.node.status();
  stage.node.status = () => ({ ...own, members });
}

const look = async ({ app }: Setup) => jsonOf(await app.request('/v1/cluster'));

describe('/v1/cluster', () => {
  test('says of every member what it says itself, and what the active master knows of it', async () => {
    const stage = setUp({ recentEvents: () => [event(1, 'old'), event(5, 'new')] });
    lead(stage, [member(slave), member(there, { suspect: true }), member(here)]);
    answering(stage, [{ ...statusOf(slave, { state: 'voter' }), events: [event(3, 'between')] }]);
    const cluster = await look(stage);
    expect(cluster).toMatchObject({ url: here, active: here, voters: 1, writeQuorumAcks: 0 });
    expect(cluster.nodes).toMatchObject([
      { url: here, role: 'master', status: { state: 'active', nodeId: 'node-a' } },
      { url: there, role: 'master', voter: true, suspect: true, status: null },
      { url: slave, role: 'slave', ackedLsn: 7, silentMs: 3, status: { reads: 5, watches: 3 } },
    ]);
    expect(cluster.events).toMatchObject([
      { message: 'new', url: here },
      { message: 'between', url: slave },
      { message: 'old', url: here },
    ]);
    const asked = stage.transport.sent.map(({ url, request }) => [url, request.path]);
    expect(asked.toSorted()).toEqual([
      [there, '/v1/status?events'],
      [slave, '/v1/status?events'],
    ]);
  });

  test('is the same at a node that is not active: who is, is asked, and whom that one names', async () => {
    const stage = setUp();
    stage.node.standBy(there);
    const own = stage.node.status();
    stage.node.status = () => ({ ...own, master: { nodeId: 'm', url: there } });
    const members = [member(there), member(here), member(slave, { voter: false })];
    answering(stage, [statusOf(there, { state: 'active', members, voters: 2 }), statusOf(slave)]);
    const cluster = await look(stage);
    expect(cluster).toMatchObject({ url: here, active: there, voters: 2 });
    expect(cluster.nodes).toMatchObject([
      { url: here, status: { state: 'standby' } },
      { url: there, status: { state: 'active' } },
      { url: slave, voter: false, status: {} },
    ]);
  });

  test('says that nobody is active, and of two that believe they are, the one of the higher epoch', async () => {
    const stage = setUp();
    stage.node.standBy(null);
    expect(await look(stage)).toMatchObject({ active: null, nodes: [{ url: here }] });
    const both = setUp();
    lead(both, [member(here), member(there)]);
    answering(both, [statusOf(there, { state: 'active', epoch: 4 })]);
    expect(await look(both)).toMatchObject({ active: there });
  });

  test('shows nothing of a node of another cluster at the URL of a member', async () => {
    const stage = setUp();
    lead(stage, [member(here), member(there)]);
    answering(stage, [statusOf(there, { state: 'active', epoch: 9, clusterId: 'another' })]);
    const cluster = await look(stage);
    expect(cluster).toMatchObject({ active: here, clusterId: 'cluster-1' });
    expect(cluster.nodes).toMatchObject([{ url: here }, { url: there, status: null }]);
  });

  test('shows one node for each URL, and believes nothing of what is no node', async () => {
    const stage = setUp();
    lead(stage, [member(here), member(slave, { nodeId: 'old' }), member(slave, { voter: false })]);
    stage.transport.alwaysAnswer({
      ...replyOf(200, {}, '{"members":[]}'),
      header: () => undefined,
    });
    const { nodes } = await look(stage);
    expect(nodes).toMatchObject([{ url: here }, { url: slave, voter: true, status: null }]);
  });

  test.each(['', '[]', 'null', '{}', '{"members":5}'])(
    'is there though a node answers %j',
    async (text) => {
      const stage = setUp();
      lead(stage, [member(here), member(there)]);
      stage.transport.alwaysAnswer(replyOf(200, {}, text));
      expect((await look(stage)).nodes).toMatchObject([{ url: here }, { status: null }]);
    },
  );

  test('costs one round of questions, however many look', async () => {
    const stage = setUp();
    lead(stage, [member(here), member(there)]);
    const looks = [look(stage), look(stage), look(stage)];
    await settled();
    expect(stage.transport.sent.length).toBe(1);
    stage.transport.sent[0]?.done('timeout', null);
    await Promise.all(looks);
    await look(stage);
    expect(stage.transport.sent.length).toBe(1);
    await stage.clock.advance(500);
    answering(stage, []);
    await look(stage);
    expect(stage.transport.sent.length).toBe(2);
  });
});

test('/v1/status tells what happened only where that is asked for', async () => {
  const { app } = setUp({ recentEvents: () => [event(1, 'it began')] });
  expect(await jsonOf(await app.request('/v1/status'))).not.toHaveProperty('events');
  const { events } = await jsonOf(await app.request('/v1/status?events'));
  expect(events).toMatchObject([{ message: 'it began' }]);
});
