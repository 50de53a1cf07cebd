import { describe, expect, test } from 'vitest';
import { Scenario } from './scenario.ts';

describe('birth (rule 12)', () => {
  test('H8: a wiped first master founds no second cluster while the backup is not heard', () => {
    const story = Scenario.ready();
    const { world } = story;
    story.writes(2);
    story.settle();
    for (const name of world.seats.keys()) world.crash(name);
    world.wipe('m1');
    world.start('m1');
    world.run(20_000);
    expect(world.node('m1').status().clusterId).toBe('');
    for (const name of ['m2', 's1', 's2', 's3']) world.start(name);
    world.run(10_000);
    // A lost disk and all slave ids gone: no quorum is left, and nobody pretends to be one.
    expect(world.activeNames()).toEqual([]);
    expect(story.admin((done) => world.node('m2').forceConfig(done))).toBeNull();
    story.expectHealthy();
    expect(world.node('m2').status().voters).toBe(5);
  });

  test('H8: a wiped lone master founds none beside living slaves that have its old data', () => {
    const story = Scenario.ready({ masters: 1, slaves: 2 });
    const { world } = story;
    story.writes(2);
    world.crash('m1');
    world.wipe('m1');
    world.start('m1');
    world.run(20_000);
    expect(world.node('m1').status().clusterId).toBe('');
    expect(world.activeNames()).toEqual([]);
  });

  test('a backup never founds a cluster, however long it is alone', () => {
    const story = new Scenario({ masters: 2, slaves: 2 });
    for (const name of ['m2', 's1', 's2']) story.world.start(name);
    story.world.run(20_000);
    expect(story.world.activeNames()).toEqual([]);
    story.world.start('m1');
    story.expectHealthy();
  });

  test('the first master waits for the word of every other one it was told of', () => {
    const story = new Scenario({ masters: 2, slaves: 1 });
    story.world.start('m1');
    story.world.run(10_000);
    expect(story.world.activeNames()).toEqual([]);
    story.world.start('m2');
    story.world.start('s1');
    story.expectHealthy();
  });

  test('in any order and at any time of starting the same one cluster comes about', () => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const story = new Scenario({ seed, masters: 3, slaves: 3, driftShare: 0.04 });
      const { world } = story;
      const names = [...world.seats.keys()];
      for (const [i, name] of names.entries()) {
        world.queue.after(((i + 1) * seed * 997) % 4000, () => world.start(name));
      }
      world.run(4000);
      story.expectHealthy();
      const clusters = names.map((name) => world.node(name).status().clusterId);
      expect(new Set(clusters).size).toBe(1);
    }
  });

  test('a power cut at any moment of the birth leaves nothing that cannot go on', () => {
    for (let atMs = 1150; atMs < 1450; atMs += 15) {
      const story = new Scenario({ seed: atMs, masters: 1, slaves: 1 });
      const { world } = story;
      const disk = world.seat('m1').platter!;
      disk.faults = { syncMs: [60, 60], failShare: 0 };
      world.startAll();
      world.run(atMs);
      world.crash('m1');
      disk.faults = { syncMs: [0.1, 0.5], failShare: 0 };
      world.start('m1');
      story.expectHealthy();
    }
  });
});
