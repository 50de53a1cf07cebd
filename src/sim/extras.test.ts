import { expect, test } from 'vitest';
import { Extras } from './extras.ts';
import { Scenario } from './scenario.ts';
import { SeededRandom } from './seeded-random.ts';

/** A calm cluster with these clients for a while. */
function lived(): { story: Scenario; extras: Extras } {
  const story = Scenario.ready();
  const extras = new Extras(story.world, new SeededRandom(7, 'extras'), 100, 1);
  extras.start();
  story.world.run(10_000);
  extras.stop();
  story.world.run(10_000);
  return { story, extras };
}

test('a calm cluster keeps all that is promised, and it was looked at', () => {
  const { story, extras } = lived();
  extras.check(story.active);
  expect(extras.looks.lifetimes).toBeGreaterThan(20);
  expect(extras.looks.tokens).toBeGreaterThan(5);
  story.settle();
});

test('an increment that nobody asked for is noticed', () => {
  const { story, extras } = lived();
  const operations = [{ kind: 'increment', key: 'sum', by: 1, ttlMs: 0 }] as const;
  const txn = { kind: 'txn', compares: [], operations, otherwise: [], request: null } as const;
  let isDone = false;
  story.world.node('m1').write(txn, () => {
    isDone = true;
  });
  story.world.until(() => isDone, 1000, 'the increment');
  expect(() => extras.check(story.active)).toThrow(/I7: the sum is \d+ after \d+ increments/);
});

test('a key that is gone too early is noticed', () => {
  const story = Scenario.ready();
  const extras = new Extras(story.world, new SeededRandom(7, 'extras'), 100, 1);
  for (const { node } of story.world.seats.values()) {
    if (node !== null) node.read = (_key, _options, done) => done(null, null);
  }
  extras.start();
  story.world.run(5000);
  extras.stop();
  story.world.run(10_000);
  expect(() => extras.check(story.active)).toThrow(/I7: live \d+ is gone/);
});
