import { describe, expect, test } from 'vitest';
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
