import { describe, expect, test } from 'vitest';
import { runLeaseEdge } from './lease-edge.ts';
import { runTails } from './tails.ts';
import { runWalk } from './walk.ts';

describe.each(['orders', 'leases'] as const)('random walks for %s', (kind) => {
  test('nothing that can happen to a small cluster breaks a rule', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      expect(runWalk(seed, kind), `walk ${seed}`).toMatchObject({ failure: null });
    }
  });

  test('the same seed is the same walk', () => {
    for (const seed of [1, 2, 3]) expect(runWalk(seed, kind)).toEqual(runWalk(seed, kind));
  });
});

test.each([
  ['the edge of a lease', runLeaseEdge, 20],
  ['elections that end in their middle', runTails, 200],
] as const)('walks to %s break no rule, and are the same again', (_, run, seeds) => {
  for (let seed = 1; seed <= seeds; seed += 1) {
    expect(run(seed), `walk ${seed}`).toMatchObject({ failure: null });
  }
  expect(run(1)).toEqual(run(1));
});
