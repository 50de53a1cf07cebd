import { describe, expect, test } from 'vitest';
import { Scenario } from './scenario.ts';

function cutPower({ world }: Scenario): void {
  for (const name of world.seats.keys()) world.crash(name);
}

describe('a power cut', () => {
  test.each([
    [1, 0],
    [1, 1],
    [1, 3],
    [2, 0],
    [2, 1],
    [2, 3],
    [3, 4],
  ])('of %d masters and %d slaves: every acknowledged write is there again', (masters, slaves) => {
    for (let seed = 1; seed <= 4; seed += 1) {
      const story = new Scenario({ seed, masters, slaves, driftShare: 0.04 });
      const { world } = story;
      world.startAll();
      story.writes(10);
      world.run(2000);
      // In the middle of writes: what is acknowledged by then must survive, the rest may.
      for (let i = 0; i < 20; i += 1) {
        for (const name of world.activeNames()) story.begin(name);
        world.run(0.4);
      }
      cutPower(story);
      world.run(1000);
      world.startAll();
      story.write();
      story.expectNothingLost();
    }
  });

  test('L1: all slave ids are gone for good; the masters alone go on and take new slaves', () => {
    const story = Scenario.ready({ masters: 2, slaves: 3 });
    story.writes(3);
    const old = story.world.node('s1').nodeId;
    cutPower(story);
    story.world.startAll();
    story.expectHealthy();
    const { members } = story.world.node(story.active).status();
    expect(members.map(({ nodeId }) => nodeId)).not.toContain(old);
    expect(members).toHaveLength(5);
  });

  test('the masters come back one after the other: the second one completes every master', () => {
    const story = Scenario.ready();
    story.writes(5);
    cutPower(story);
    story.world.start('m2');
    for (const name of ['s1', 's2', 's3']) story.world.start(name);
    story.world.run(8000);
    // m2 alone is no quorum: the log of m1 may hold what it lacks.
    expect(story.world.activeNames()).toEqual([]);
    story.world.start('m1');
    story.expectHealthy();
  });

  test('three times in a row, the last time while it is still coming back', () => {
    const story = Scenario.ready({ seed: 4 });
    for (const pauseMs of [3000, 1300, 600, 100]) {
      story.writes(2);
      cutPower(story);
      story.world.startAll();
      story.world.run(pauseMs);
      cutPower(story);
      story.world.startAll();
    }
    story.expectHealthy();
  });

  test('M9: what the disk of a master had not synced was never acknowledged by it', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const story = Scenario.ready({ seed, masters: 2, slaves: 1 });
      const { world } = story;
      for (const name of ['m1', 'm2']) {
        world.seat(name).platter!.faults = { syncMs: [5, 30], failShare: 0 };
      }
      for (let i = 0; i < 12; i += 1) {
        story.begin('m1');
        world.run(7);
      }
      cutPower(story);
      world.startAll();
      story.expectHealthy();
    }
  });
});

describe('a power cut after a master was replaced or removed', () => {
  /** Members are looked at now and then only. */
  const proofMs = 500;

  test('the one that lost its disk is not waited for: the log proves that it was dropped', () => {
    const story = Scenario.ready();
    const { world } = story;
    story.writes(3);
    world.crash('m2');
    world.wipe('m2');
    world.start('m2');
    story.expectHealthy();
    world.run(proofMs);
    cutPower(story);
    world.startAll();
    story.expectHealthy();
  });

  test('nor is one that was removed for good', () => {
    const story = Scenario.ready({ masters: 3, slaves: 1 });
    const { world } = story;
    const { nodeId } = world.node('m3');
    world.crash('m3');
    expect(story.admin((done) => world.node(story.active).removeMember(nodeId, done))).toBe(null);
    story.settle();
    world.run(proofMs);
    cutPower(story);
    for (const name of ['m1', 'm2', 's1']) world.start(name);
    story.expectHealthy();
  });

  test('it is proved by one more record, and no more than that', () => {
    const story = Scenario.ready();
    const { world } = story;
    world.crash('m2');
    world.wipe('m2');
    world.start('m2');
    story.settle();
    world.run(proofMs);
    const { lastLsn } = world.node('m1').status();
    world.run(5000);
    expect(world.node('m1').status().lastLsn).toBe(lastLsn);
  });
});

describe('slaves that lose their memory', () => {
  test('one after the other, all of them, with writes going on', () => {
    const story = Scenario.ready();
    for (const name of ['s1', 's2', 's3', 's1', 's2', 's3']) {
      story.world.crash(name);
      story.world.start(name);
      story.writes(3);
      story.settle();
    }
    story.expectHealthy();
    expect(story.world.node('m1').status().voters).toBe(5);
  });

  test('L7: a rolling restart leaves no dead ids behind', () => {
    const story = Scenario.ready({ slaves: 4 });
    for (let round = 0; round < 3; round += 1) {
      for (const name of ['s1', 's2', 's3', 's4']) {
        story.world.crash(name);
        story.world.start(name);
        story.settle();
      }
    }
    expect(story.world.node('m1').status().voters).toBe(6);
    story.expectHealthy();
  });

  test('all of them at once: the master alone is every master, and replaces them', () => {
    const story = Scenario.ready({ masters: 1, slaves: 3 });
    story.writes(3);
    for (const name of ['s1', 's2', 's3']) {
      story.world.crash(name);
      story.world.start(name);
    }
    story.expectHealthy();
    expect(story.world.node('m1').epoch).toBe(2);
  });

  test('a reborn slave has a new name, and its ACKs do not count for the old one', () => {
    const story = Scenario.ready({ masters: 1, slaves: 1 });
    const { world } = story;
    const old = world.node('s1').nodeId;
    world.crash('s1');
    world.start('s1');
    expect(world.node('s1').nodeId).not.toBe(old);
    story.expectHealthy();
  });

  test('a slave that held the newest record dies with the master: the record is not lost', () => {
    const story = Scenario.ready({ masters: 2, slaves: 3 });
    const { world } = story;
    // Only m1 and s1 and s2 get the write; the backup hears nothing.
    world.network.cut('http://m1', 'http://m2');
    world.network.cut('http://m1', 'http://s3');
    story.writes(1);
    world.crash('s1');
    world.crash('m1');
    world.network.heal();
    world.start('s1');
    story.write();
    story.expectNothingLost('m2');
  });
});
