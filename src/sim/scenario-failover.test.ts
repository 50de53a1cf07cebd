import { describe, expect, test } from 'vitest';
import { Scenario } from './scenario.ts';

describe('failover', () => {
  test('the backup takes over when the active master dies, and nothing is lost', () => {
    const story = Scenario.ready();
    story.writes(20);
    story.world.crash('m1');
    story.world.until(() => story.world.activeNames().includes('m2'), 3000);
    story.expectNothingLost('m2');
    story.expectHealthy();
  });

  test('takes about failoverMs, not longer than two of it', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const { world } = Scenario.ready({ seed });
      world.crash('m1');
      const startMs = world.queue.nowMs;
      world.until(() => world.activeNames().includes('m2'), 2000);
      expect(world.queue.nowMs - startMs).toBeGreaterThan(world.limits.leaseMs / 2);
    }
  });

  test('is no later where a forwarded call has found the master dead', () => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const { world } = Scenario.ready({ seed });
      const { failoverMs, failoverJitterMs, heartbeatMs } = world.limits;
      const { url } = world.node('m1').status();
      world.crash('m1');
      world.node('m2').forgetActive(url);
      const startMs = world.queue.nowMs;
      world.until(() => world.activeNames().includes('m2'), 2000);
      const boundMs = failoverMs + failoverJitterMs + heartbeatMs;
      expect(world.queue.nowMs - startMs).toBeLessThan(boundMs);
    }
  });

  test('the old master comes back as a standby, catches up, and takes over in its turn', () => {
    const story = Scenario.ready();
    story.world.crash('m1');
    story.writes(5);
    story.world.start('m1');
    story.expectHealthy();
    expect(story.world.node('m1').state).toBe('standby');
    story.world.crash('m2');
    expect(story.active).toBe('m1');
    story.expectHealthy();
  });

  test('a restarted active master starts a new epoch, and does not resume its old one', () => {
    const story = Scenario.ready({ masters: 1, slaves: 2 });
    story.writes(3);
    const { epoch } = story.world.node('m1');
    story.world.crash('m1');
    story.world.start('m1');
    story.write();
    expect(story.world.node('m1').epoch).toBeGreaterThan(epoch);
    story.expectHealthy();
  });

  test('of three backups the first in the configuration takes over, without a fight', () => {
    for (let seed = 1; seed <= 8; seed += 1) {
      const story = Scenario.ready({ seed, masters: 4, slaves: 3 });
      const { epoch, members } = story.world.node('m1').status();
      const masters = members.filter(({ role }) => role === 'master').map(({ nodeId }) => nodeId);
      story.world.crash('m1');
      const { nodeId, epoch: next } = story.world.node(story.active);
      expect(nodeId).toBe(masters[1]);
      expect(next).toBe(epoch + 1);
    }
  });

  test('when the first backup is dead too, the second one takes over', () => {
    const story = Scenario.ready({ masters: 3, slaves: 3 });
    story.writes(3);
    story.world.crash('m2');
    story.world.crash('m1');
    expect(story.active).toBe('m3');
    story.expectHealthy();
  });

  test('ten failovers in a row lose nothing', () => {
    const story = Scenario.ready({ seed: 5, driftShare: 0.04 });
    for (let round = 0; round < 10; round += 1) {
      story.writes(3);
      const name = story.active;
      story.world.crash(name);
      story.writes(2);
      story.world.start(name);
      story.world.ready();
    }
    story.expectHealthy();
  });

  test('writes under way end as unknown or done, and a retry finds the same result', () => {
    const story = Scenario.ready();
    const began = Array.from({ length: 30 }, () => story.begin('m1'));
    story.world.run(1.2);
    story.world.crash('m1');
    const { revision } = story.world.mustPut('after', 'x');
    // The client asks again with the same keys: each is run exactly once, before or now.
    for (let i = 1; i <= began.length; i += 1) {
      const again = story.world.await(story.begin('m2', `key ${i}`, `value of key ${i}`));
      const first = began[i - 1]?.result?.value;
      if (first !== undefined) expect(again.value).toEqual(first);
      expect(again.error).toBeNull();
      if (first !== undefined) expect(first?.revision).toBeLessThan(revision);
    }
    story.expectHealthy();
  });

  test('writes in the queue of a master that steps down certainly did not happen', () => {
    const story = Scenario.ready();
    const { world } = story;
    world.seat('m1').platter!.faults = { syncMs: [60, 60], failShare: 0 };
    const inLog = story.begin('m1');
    world.run(5);
    const queued = story.begin('m1');
    let handedOff = false;
    // A higher epoch at once: both writes are still open.
    world.node('m1').onPeerCall(
      'log',
      {
        clusterId: world.node('m1').status().clusterId,
        nodeId: world.node('m2').nodeId,
        url: 'http://m2',
        promised: 99,
        synced: { epoch: 0, lsn: 0 },
        appliedLsn: 0,
        waitMs: 0,
        echo: null,
        candidateEpoch: 0,
      },
      new Uint8Array(0),
      () => {
        handedOff = true;
      },
    );
    expect(handedOff).toBe(true);
    expect(inLog.result?.error?.outcome).toBe('unknown');
    expect(queued.result?.error?.outcome).toBe('not-applied');
  });
});

describe('handoff', () => {
  test('moves the mastership at once, without waiting for the lease', () => {
    const story = Scenario.ready();
    story.writes(3);
    const startMs = story.world.queue.nowMs;
    expect(story.admin((done) => story.world.node('m1').handoff('', done))).toBeNull();
    story.world.until(() => story.world.activeNames().includes('m2'));
    expect(story.world.queue.nowMs - startMs).toBeLessThan(200);
    story.expectHealthy();
    expect(story.world.activeNames()).toEqual(['m2']);
  });

  test('under load loses nothing and answers every write', () => {
    const story = Scenario.ready({ masters: 3 });
    const open: { result: unknown }[] = [];
    for (let round = 0; round < 6; round += 1) {
      const name = story.active;
      for (let i = 0; i < 20; i += 1) {
        open.push(story.begin(name));
        story.world.run(0.3);
      }
      story.world.node(name).handoff('', () => {});
      for (let i = 0; i < 5; i += 1) open.push(story.begin(name));
      story.world.until(() => !story.world.activeNames().includes(name), 3000);
    }
    story.world.run(6000);
    expect(open.filter(({ result }) => result === null)).toEqual([]);
    expect(story.done.size).toBeGreaterThan(60);
    story.expectHealthy();
  });

  test('to a node that is no standby voter is refused, and nothing changes', () => {
    const story = Scenario.ready();
    const { world } = story;
    const slaveId = world.node('s1').nodeId;
    expect(story.admin((done) => world.node('m1').handoff(slaveId, done))).toBe('conflict');
    expect(story.admin((done) => world.node('m1').handoff('nobody', done))).toBe('conflict');
    expect(story.admin((done) => world.node('s1').handoff('', done))).toBe('misdirected');
    expect(world.activeNames()).toEqual(['m1']);
    story.expectHealthy();
  });

  test('to a standby that cannot catch up ends after holdMs, and writes go on', () => {
    const story = Scenario.ready();
    const { world } = story;
    world.network.cut('http://m1', 'http://m2');
    const open = story.begin('m1');
    expect(story.admin((done) => world.node('m1').handoff('', done))).toBe('conflict');
    expect(open.result?.error ?? null).toBeNull();
    expect(story.outcome('m1')).toBe('created');
    world.network.heal();
    story.expectHealthy();
  });

  test('M6: a late copy of an old handoff releases no later lease', () => {
    const story = Scenario.ready();
    const { world } = story;
    let copy: object | null = null;
    world.network.onCall = (_from, _to, call) => {
      if (call.name === 'handoff') copy = call.message;
    };
    story.admin((done) => world.node('m1').handoff('', done));
    world.until(() => world.activeNames().includes('m2'));
    world.run(500);
    story.admin((done) => world.node('m2').handoff('', done));
    world.until(() => world.activeNames().includes('m1'));
    story.writes(2);
    const first = copy as object | null;
    expect(first).not.toBeNull();
    const { epoch } = world.node('m1');
    // The first handoff named m2 as the successor of m1 in its old epoch.
    const old = { ...(first as object), epoch: 2, candidateId: world.node('m2').nodeId };
    let status = 0;
    world.node('m2').onPeerCall('handoff', old, new Uint8Array(0), (answer) => {
      status = answer.status;
    });
    world.run(3000);
    expect(status).toBe(409);
    expect(world.activeNames()).toEqual(['m1']);
    expect(world.node('m1').epoch).toBe(epoch);
  });
});
