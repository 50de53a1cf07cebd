/** The interleavings that broke earlier wordings of the protocol, played with whole nodes. */
import { describe, expect, test } from 'vitest';
import type { PeerCallName } from '../ports/peers.ts';
import { request } from './fixtures.ts';
import { Scenario } from './scenario.ts';

/** A call from outside, as another node would make it; the status of its answer. */
function call(story: Scenario, name: string, kind: PeerCallName, message: object): number {
  let status = 0;
  story.world.node(name).onPeerCall(kind, message, new Uint8Array(0), (answer) => {
    status = answer.status;
  });
  return status;
}

const ofCluster = ({ world }: Scenario, promise: ReturnType<typeof request>) => ({
  ...promise,
  clusterId: world.node('m2').status().clusterId,
});

describe('changes of members', () => {
  test('C1: a master that removed the other one on its own disk only does not win alone', () => {
    const story = Scenario.ready({ masters: 2, slaves: 1 });
    const { world } = story;
    world.partition(['m1']);
    const removed = world.node('m2').nodeId;
    // By then m2 is silent for m1, and m1 has not stepped down.
    world.run(700);
    let answer: string | null | undefined;
    world.node('m1').removeMember(removed, (error) => {
      answer = error?.code ?? null;
    });
    world.run(50);
    // On its own disk only: it is not done, and nobody is told that it is.
    expect(answer).toBeUndefined();
    expect(world.node('m1').inspect().members).toHaveLength(2);
    world.until(() => world.activeNames().includes('m2'), 5000);
    story.write();
    world.until(() => answer !== undefined, 5000, 'an answer to the administrator');
    expect(answer).toBe('stepped_down');
    world.crash('m1');
    world.start('m1');
    world.run(8000);
    expect(world.node('m1').isActive()).toBe(false);
    // With the slave, a majority of both configurations, it may; and it must take what m2 wrote.
    world.crash('m2');
    world.network.heal();
    story.write();
    story.expectNothingLost('m1');
    world.start('m2');
    story.expectHealthy();
  });

  test('C2: a new master cannot win by a config record that the old one did not sync', () => {
    let cases = 0;
    for (let seed = 1; seed <= 12; seed += 1) {
      const story = new Scenario({ seed, masters: 2, slaves: 2 });
      const { world } = story;
      // m2 has given its word that it knows no cluster, and then joins later.
      world.startAll();
      world.until(() => world.activeNames().includes('m1'));
      world.crash('m2');
      world.until(() => world.node('m1').status().voters === 3);
      world.run(500);
      world.seat('m1').platter!.faults = { syncMs: [80, 80], failShare: 0 };
      world.start('m2');
      const hasRecord = () => world.seat('m2').node?.status().members.length === 4;
      world.until(hasRecord, 10_000);
      const { durableLsn, lastLsn } = world.node('m1').status();
      if (durableLsn < lastLsn) cases += 1;
      world.crash('m1');
      world.seat('m1').platter!.faults = { syncMs: [0.1, 0.5], failShare: 0 };
      world.run(5000);
      // {m2, s1, s2} are three of four voters, but no quorum of the configuration before.
      expect(world.activeNames()).toEqual([]);
      world.partition(['m1']);
      world.start('m1');
      world.run(5000);
      expect(world.activeNames().length).toBeLessThanOrEqual(1);
      world.network.heal();
      story.expectHealthy();
    }
    expect(cases).toBeGreaterThan(0);
  });

  test('the active master dies at any moment of a change of members', () => {
    for (let afterMs = 0; afterMs < 60; afterMs += 4) {
      const story = Scenario.ready({ seed: afterMs + 1, masters: 3, slaves: 3 });
      const { world } = story;
      world.crash('s1');
      world.start('s1');
      world.until(() => world.node('m1').status().lastLsn > world.node('m1').appliedLsn, 5000);
      world.run(afterMs / 10);
      world.crash('m1');
      story.write();
      story.expectNothingLost();
      world.start('m1');
      story.expectHealthy();
    }
  });
});

describe('promises', () => {
  test('H5: a promise of a higher log, whose giver then dies, does not count', () => {
    const story = Scenario.ready();
    const { world } = story;
    // m1, s1 and s2 hold the write; m2 and s3 do not.
    for (const far of ['http://m2', 'http://s3']) world.network.cut('http://m1', far);
    story.write();
    world.partition(['s2']);
    world.network.onAnswer = (from, _to, { name }, { status }) => {
      if (from === 'http://s1' && name === 'promise' && status === 200) {
        world.queue.after(0, () => world.crash('s1'));
      }
    };
    world.crash('m1');
    world.run(8000);
    // s1 has promised and is dead; {m2, s3} with its promise would be three of five.
    expect(world.seat('s1').node).toBeNull();
    expect(world.activeNames()).toEqual([]);
    world.network.heal();
    world.until(() => world.activeNames().includes('m2'));
    story.expectNothingLost('m2');
  });

  test('H10: an active master that grants a promise has stepped down in the same step', () => {
    const story = Scenario.ready({ masters: 2, slaves: 3 });
    const { world } = story;
    world.partition(['m1']);
    const open = story.begin('m1');
    // The lease has run out, and stepDownMs has not.
    world.run(1100);
    expect(world.node('m1').isActive()).toBe(true);
    const promise = request(world.node('m1').epoch + 1, world.node('m2').nodeId);
    call(story, 'm1', 'promise', ofCluster(story, promise));
    expect(world.node('m1').isActive()).toBe(false);
    expect(world.node('m1').readNow('k')).toBeUndefined();
    expect(open.result?.error?.outcome).toBe('unknown');
  });

  test('an active master whose lease runs promises nothing', () => {
    const story = Scenario.ready();
    const { epoch } = story.world.node('m1');
    const promise = request(epoch + 5, story.world.node('m2').nodeId);
    expect(call(story, 'm1', 'promise', ofCluster(story, promise))).toBe(423);
    expect(call(story, 's1', 'promise', ofCluster(story, promise))).toBe(423);
    expect(story.world.node('m1').isActive()).toBe(true);
    story.expectHealthy();
    expect(story.world.node('m1').epoch).toBe(epoch);
  });

  test('M7: a log is given to a candidate only while the promise to it stands', () => {
    const story = Scenario.ready({ masters: 3, slaves: 2 });
    const { world } = story;
    world.crash('m1');
    world.run(950);
    const epoch = world.node('s1').epoch + 3;
    const poll = (name: string, candidateEpoch: number) =>
      call(story, 's1', 'log', {
        clusterId: world.node('m2').status().clusterId,
        nodeId: world.node(name).nodeId,
        url: `http://${name}`,
        promised: candidateEpoch,
        synced: { epoch: 0, lsn: 0 },
        appliedLsn: 0,
        waitMs: 0,
        echo: null,
        candidateEpoch,
      });
    const ask = (name: string, at: number) =>
      call(story, 's1', 'promise', ofCluster(story, request(at, world.node(name).nodeId)));
    expect(poll('m2', epoch)).toBe(409);
    expect(ask('m2', epoch)).toBe(200);
    expect(poll('m2', epoch)).toBe(200);
    expect(poll('m3', epoch)).toBe(409);
    expect(ask('m3', epoch + 1)).toBe(200);
    expect(poll('m2', epoch)).toBe(409);
    story.expectHealthy();
  });

  test('M12: a restarted standby keeps the vow that it made before', () => {
    const story = Scenario.ready({ masters: 3, slaves: 1 });
    const { world } = story;
    world.run(1000);
    world.crash('m2');
    world.start('m2');
    const promise = request(50, world.node('m3').nodeId);
    expect(call(story, 'm2', 'promise', ofCluster(story, promise))).toBe(423);
    story.expectHealthy();
    expect(story.active).toBe('m1');
  });

  test('I4: a promise survives the crash of who gave it', () => {
    const story = Scenario.ready({ masters: 3, slaves: 2 });
    const { world } = story;
    world.crash('m1');
    world.run(950);
    const to = world.node('m3').nodeId;
    const { epoch } = world.node('m2');
    let isAnswered = false;
    const message = ofCluster(story, request(epoch + 10, to));
    world.node('m2').onPeerCall('promise', message, new Uint8Array(0), ({ status }) => {
      isAnswered = status === 200;
    });
    world.until(() => isAnswered, 1000);
    world.crash('m2');
    world.start('m2');
    expect(world.node('m2').inspect().promised).toBe(epoch + 10);
    expect(world.node('m2').inspect().promisedTo).toBe(to);
    world.start('m1');
    story.expectHealthy();
  });
});

describe('standbys', () => {
  test('one that is a voter and has not heard so can still take over', () => {
    for (let seed = 1; seed <= 6; seed += 1) {
      const story = new Scenario({ seed, masters: 2, slaves: 3 });
      const { world } = story;
      world.startAll();
      // One other node must know of the commit: until then the only master of the old configuration
      // is needed by it, and m1 takes that knowledge with it (§4).
      const isKnown = (name: string) => {
        const { log, committedLsn } = world.node(name).inspect();
        const isNamed = log.members.some(({ nodeId }) => nodeId.startsWith('m2'));
        return isNamed && log.configLsn <= committedLsn;
      };
      world.until(() => ['s1', 's2', 's3'].some(isKnown), 20_000);
      world.crash('m1');
      const before = world.node('m2').status().members.length;
      story.write();
      expect(story.active).toBe('m2');
      expect(before).toBeLessThanOrEqual(5);
    }
  });

  test('L5: a master that stepped down and still answers does not keep its backup quiet', () => {
    const story = Scenario.ready({ masters: 3, slaves: 2 });
    const { world } = story;
    for (const name of ['m3', 's1', 's2']) {
      world.network.cut('http://m1', `http://${name}`);
      world.network.cut(`http://${name}`, 'http://m1');
    }
    // m1 and m2 hear each other: no quorum of any kind. Only m2 hears all others.
    world.run(8000);
    expect(world.activeNames()).toHaveLength(1);
    expect(story.active).not.toBe('m1');
    story.write();
    world.network.heal();
    story.expectHealthy();
  });
});
