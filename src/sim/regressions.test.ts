import { describe, expect, test } from 'vitest';
import { regressions } from './regressions.ts';
import { runSeed } from './run-seed.ts';

describe('what once broke a rule holds', () => {
  test.each(regressions)('$rule, seed $seed of $profile', async ({ seed, profile, faults }) => {
    const { failure, faults: done } = await runSeed({ seed, profile, faults });
    expect(failure).toBeNull();
    // All of them found something to strike: else the run proves nothing any more.
    expect(Object.values(done).reduce((sum, count) => sum + count, 0)).toBe(faults.length);
  });
});
