import { describe, expect, test } from 'vitest';
import { Scenario } from './scenario.ts';

const shapes = [0, 1, 2, 3].flatMap((backups) =>
  [1, 2, 3, 5, 10].map((slaves) => ({ backups, slaves })),
);

describe('clusters of every shape', () => {
  test.each(shapes)(
    '$backups backups and $slaves slaves start, and a write needs half of the voters',
    ({ backups, slaves }) => {
      const story = Scenario.ready({ masters: 1 + backups, slaves });
      const voters = 1 + backups + slaves;
      const status = story.world.node('m1').status();
      expect(status.voters).toBe(voters);
      expect(status.writeQuorumAcks).toBe(Math.floor(voters / 2));
      if (backups === 1) expect(status.writeQuorumAcks).toBe(Math.ceil((slaves + 1) / 2));
      story.expectHealthy();
    },
  );

  test.each([
    [1, 1],
    [2, 3],
    [1, 5],
    [3, 2],
  ])(
    '%d backups and %d slaves: exactly as many may die as the write quorum spares',
    (backups, slaves) => {
      const story = Scenario.ready({ masters: 1 + backups, slaves, limits: { removeMs: 100_000 } });
      const { world } = story;
      const voters = 1 + backups + slaves;
      const spare = voters - (Math.floor(voters / 2) + 1);
      const victims = ['s5', 's4', 's3', 's2', 's1', 'm4', 'm3', 'm2'].filter((name) =>
        world.seats.has(name),
      );
      for (const name of victims.slice(0, spare)) world.crash(name);
      world.run(1000);
      expect(story.outcome('m1')).toBe('created');
      world.crash(victims[spare] ?? '');
      world.run(1000);
      expect(story.outcome('m1')).toMatch(/^(no_quorum|misdirected) not-applied$/);
    },
  );

  test('a lone master works alone, and says that nobody else is needed', () => {
    const story = Scenario.ready({ masters: 1, slaves: 0 });
    expect(story.world.node('m1').status().writeQuorumAcks).toBe(0);
    story.expectHealthy();
    expect(story.world.node('m1').readNow('key 1')).not.toBeUndefined();
  });

  test('a backup without any slave does not vote: two voters would be worse than one', () => {
    const story = new Scenario({ masters: 2, slaves: 0 });
    const { world } = story;
    world.startAll();
    story.write();
    world.run(3000);
    expect(world.node('m1').status().voters).toBe(1);
    world.crash('m2');
    story.write();
  });

  test('an idle cluster of fourteen is quiet', () => {
    const story = Scenario.ready({ masters: 4, slaves: 10 });
    story.world.run(1000);
    // A heartbeat each 150 ms to thirteen others, and some events for each of them.
    expect(story.busyness(3000)).toBeLessThan(2);
  });

  test('nodes without a cluster are quiet too', () => {
    const story = new Scenario({ masters: 2, slaves: 5 });
    for (const name of ['m2', 's1', 's2', 's3', 's4', 's5']) story.world.start(name);
    expect(story.busyness(10_000)).toBeLessThan(1);
  });

  test('candidates that cannot win are quiet too', () => {
    const story = Scenario.ready({ masters: 3, slaves: 4 });
    for (const name of ['m1', 's1', 's2', 's3', 's4']) story.world.crash(name);
    story.world.run(5000);
    expect(story.world.activeNames()).toEqual([]);
    expect(story.busyness(10_000)).toBeLessThan(1);
  });
});
