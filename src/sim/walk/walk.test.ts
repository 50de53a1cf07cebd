import { describe, expect, test } from 'vitest';
import { runWalk } from './walk.ts';

describe('random walks', () => {
  test('nothing that can happen to a small cluster breaks a rule', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      expect(runWalk(seed), `walk ${seed}`).toMatchObject({ failure: null });
    }
  });

  test('the same seed is the same walk', () => {
    for (const seed of [1, 2, 3]) expect(runWalk(seed)).toEqual(runWalk(seed));
  });
});
