import { describe, expect, test } from 'vitest';
import { Scenario } from './scenario.ts';
import { SimClock } from './sim-clock.ts';

/** So small that every node that misses a little needs a snapshot. */
const tiny = { snapshotEveryBytes: 1500, logTailBytesMax: 1200, batchBytesMax: 400 };

const baseOf = ({ world }: Scenario, name: string) => world.node(name).inspect().log.base.lsn;

describe('with a log of a few records only', () => {
  test('a slave that was cut off catches up by a snapshot', () => {
    const story = Scenario.ready({ limits: tiny });
    const { world } = story;
    world.partition(['s2']);
    const { lastLsn } = world.node('s2').status();
    story.writes(40);
    expect(baseOf(story, 'm1')).toBeGreaterThan(lastLsn);
    world.network.heal();
    story.expectHealthy();
  });

  test('a backup that was cut off does too, and writes it to its disk before it says so', () => {
    const story = Scenario.ready({ limits: tiny });
    const { world } = story;
    world.partition(['m2']);
    story.writes(40);
    world.network.heal();
    world.until(() => world.node('m2').appliedLsn > 40);
    world.crash('m2');
    world.start('m2');
    story.expectHealthy();
    world.crash('m1');
    story.expectHealthy();
  });

  test('a candidate that is too far behind adopts a snapshot from a slave', () => {
    const story = Scenario.ready({ limits: tiny });
    const { world } = story;
    world.network.cut('http://m1', 'http://m2');
    world.network.cut('http://m2', 'http://m1');
    story.writes(60);
    expect(baseOf(story, 's1')).toBeGreaterThan(world.node('m2').status().lastLsn);
    world.crash('m1');
    story.expectHealthy();
    expect(story.active).toBe('m2');
  });

  test('with a divergent tail of its own it is replaced whole', () => {
    const story = Scenario.ready({ limits: tiny });
    const { world } = story;
    world.partition(['m1']);
    for (let i = 0; i < 30; i += 1) {
      story.begin('m1');
      world.run(4);
    }
    world.until(() => world.activeNames().includes('m2'), 5000);
    story.writes(60);
    world.network.heal();
    story.expectHealthy();
    expect(world.node('m1').state).toBe('standby');
  });

  test('a learner joins while writes go on without a pause', () => {
    const story = Scenario.ready({ limits: tiny, slaves: 2 });
    const { world } = story;
    world.crash('s2');
    story.writes(30);
    world.start('s2');
    for (let i = 0; i < 60; i += 1) {
      story.begin('m1');
      world.run(3);
    }
    story.expectHealthy();
  });

  test('a restart begins with the snapshot and the few records after it', () => {
    const story = Scenario.ready({ limits: tiny, masters: 1, slaves: 1 });
    const { world } = story;
    story.writes(50);
    world.run(500);
    const kept = world.seat('m1').platter?.open(new SimClock(world.queue)).recover();
    expect(kept?.snapshot).not.toBeNull();
    expect(kept?.records.length).toBeLessThan(20);
    world.crash('m1');
    world.start('m1');
    story.expectHealthy();
  });

  test('a power cut with ten slaves: all ten get the state within seconds', () => {
    const story = Scenario.ready({ limits: tiny, masters: 2, slaves: 10 });
    const { world } = story;
    story.writes(30);
    for (const name of world.seats.keys()) world.crash(name);
    world.startAll();
    story.write();
    story.settle(6000);
    story.expectNothingLost();
  });

  test('a slave that cannot get its snapshot hears the heartbeat, and no hail of appends', () => {
    const story = Scenario.ready({ limits: tiny });
    const { world } = story;
    world.partition(['s2']);
    story.writes(40);
    world.network.heal();
    const node = world.node('m1');
    const take = node.onPeerCall.bind(node);
    node.onPeerCall = (name, message, body, reply) =>
      name === 'snapshot' ? reply({ status: 503, message: {} }) : take(name, message, body, reply);
    let appends = 0;
    world.network.onCall = (_from, to, { name }) => {
      if (to === 'http://s2' && name === 'append') appends += 1;
    };
    for (let i = 0; i < 30; i += 1) {
      story.write();
      world.run(100);
    }
    expect(appends).toBeLessThan(60);
    node.onPeerCall = take;
    story.expectHealthy();
  });

  test('a run of failovers and cuts loses nothing', () => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const story = Scenario.ready({ seed, limits: tiny, masters: 3, driftShare: 0.04 });
      const { world } = story;
      for (const name of ['m1', 's1', 'm2', 's2', 'm3', 's3']) {
        world.partition([name]);
        for (let i = 0; i < 15; i += 1) {
          for (const active of world.activeNames()) story.begin(active);
          world.run(100);
        }
        world.network.heal();
        story.write();
      }
      story.expectHealthy();
    }
  });
});
