import { describe, expect, test } from 'vitest';
import { Scenario } from './scenario.ts';

const names = ['m1', 'm2', 's1', 's2', 's3'];
const pairs = names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b] as const));

/** Cuts for 12 s; clients write to whoever serves, and in the end all is well again. */
function liveWith(cut: (story: Scenario) => void): Scenario {
  const story = Scenario.ready({ seed: 3, driftShare: 0.04 });
  story.writes(3);
  cut(story);
  for (let i = 0; i < 12; i += 1) {
    story.write(5000);
    story.world.run(1000);
  }
  story.world.network.heal();
  story.world.ready();
  story.expectHealthy();
  return story;
}

describe('a link that is cut', () => {
  test.each(pairs)('between %s and %s stops nobody', (a, b) => {
    liveWith(({ world }) => {
      world.network.cut(`http://${a}`, `http://${b}`);
      world.network.cut(`http://${b}`, `http://${a}`);
    });
  });

  test.each(pairs.flatMap(([a, b]) => [[a, b] as const, [b, a] as const]))(
    'from %s to %s only stops nobody',
    (a, b) => {
      liveWith(({ world }) => world.network.cut(`http://${a}`, `http://${b}`));
    },
  );

  test('a cut between two followers does not even make an election', () => {
    const story = liveWith(({ world }) => {
      world.network.cut('http://m2', 'http://s1');
      world.network.cut('http://s1', 'http://m2');
    });
    expect(story.active).toBe('m1');
    expect(story.world.node('m1').epoch).toBe(2);
  });
});

describe('a partition', () => {
  test.each([
    [['m1', 's1']],
    [['m1', 's1', 's2']],
    [['m2', 's1', 's2']],
    [['m1', 'm2']],
    [['m2']],
    [['s1', 's2', 's3']],
  ])('that cuts %s off: one side goes on, at most one, and it heals', (side) => {
    const story = Scenario.ready({ seed: 7 });
    const { world } = story;
    story.writes(3);
    world.partition(side);
    const hasQuorum = (some: string[]) => some.length >= 3 && some.some((name) => name < 'n');
    const other = names.filter((name) => !side.includes(name));
    const lucky = hasQuorum(side) || hasQuorum(other);
    world.run(4000);
    if (lucky) story.write(5000);
    else expect(story.outcome('m1', 6000)).toMatch(/^(no_quorum|misdirected) not-applied$/);
    world.run(4000);
    world.network.heal();
    world.ready();
    story.expectHealthy();
  });

  test('flaky and slow networks lose nothing and answer no write twice', () => {
    for (let seed = 1; seed <= 3; seed += 1) {
      const story = Scenario.ready({ seed, driftShare: 0.04 });
      const { world } = story;
      const open = [];
      world.network.faults = {
        ...world.network.faults,
        delayMs: [0.2, 5],
        lossShare: 0.1,
        duplicateShare: 0.3,
        slowShare: 0.2,
        slowMs: 400,
      };
      for (let i = 0; i < 100; i += 1) {
        for (const name of world.activeNames()) open.push(story.begin(name));
        world.run(60);
      }
      world.network.faults = { ...world.network.faults, lossShare: 0, slowShare: 0 };
      world.run(7000);
      expect(open.filter(({ result }) => result === null)).toEqual([]);
      expect(story.done.size).toBeGreaterThan(20);
      story.expectHealthy();
    }
  });

  test('a link too slow for large messages carries small ones until all is caught up', () => {
    const story = Scenario.ready();
    const { world } = story;
    world.partition(['s1']);
    for (let i = 0; i < 40; i += 1) {
      const { error } = world.await(world.put('m1', `large ${i}`, 'x'.repeat(60_000)));
      expect(error).toBeNull();
    }
    world.network.heal();
    const node = world.node('s1');
    const take = node.onPeerCall.bind(node);
    node.onPeerCall = (name, message, body, reply) => {
      if (body.length <= 200_000) take(name, message, body, reply);
    };
    story.expectHealthy();
  });
});
