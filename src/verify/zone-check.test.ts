import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { checkLinearization } from './linearization.ts';
import { createRegisterModel } from './register.ts';
import { anyRegisters, type RegisterShape } from './testing/arbitraries.ts';
import { isLinearizable } from './testing/brute-force.ts';
import { registerTimeline } from './testing/register-timeline.ts';
import { checkZones } from './zone-check.ts';

// Seconds on an idle machine; many more where others work too.
vi.setConfig({ testTimeout: 120_000 });

const putsAndGets: RegisterShape = {
  verbs: ['get', 'get', 'put'],
  values: undefined,
  initial: null,
  lengthMax: 7,
};

describe('the zone check', () => {
  test.each([null, ''])('agrees with brute force and the search, beginning as %j', (initial) => {
    const model = createRegisterModel(initial);
    const seen = { good: 0, bad: 0 };
    fc.assert(
      fc.property(anyRegisters({ ...putsAndGets, initial }), (invocations) => {
        const isGood = isLinearizable(model, invocations);
        const verdict = isGood ? 'linearizable' : 'not-linearizable';
        seen[isGood ? 'good' : 'bad'] += 1;
        expect(checkZones(invocations, initial).verdict).toBe(verdict);
        expect(checkLinearization(model, invocations).verdict).toBe(verdict);
      }),
      { numRuns: 1500 },
    );
    expect(Math.min(seen.good, seen.bad)).toBeGreaterThan(100);
  });

  test('agrees with the search on histories that are too long for brute force', () => {
    const model = createRegisterModel(null);
    const shape = { ...putsAndGets, lengthMax: 40 };
    fc.assert(
      fc.property(anyRegisters(shape), (invocations) => {
        const { verdict } = checkLinearization(model, invocations);
        expect(checkZones(invocations, null).verdict).toBe(verdict);
      }),
      { numRuns: 500 },
    );
  });

  test('says nothing where it does not apply', () => {
    const verdictOf = (picture: string) => checkZones(registerTimeline(picture), null).verdict;
    expect(verdictOf('A: [put 1] [put 1] [get 1]')).toBe('unknown');
    expect(verdictOf('A: [put 1] [cas 1→2]')).toBe('unknown');
    expect(verdictOf('A: [put 1] [app 1]')).toBe('unknown');
    // Written twice and never read: nothing depends on which is which.
    expect(verdictOf('A: [put 1] [put 1] [put 2] [get 2]')).toBe('linearizable');
  });

  test('zones that touch do not conflict', () => {
    const touching = `
      A: [put 1] [put 2     ]
      B:             [get 2]
      C:                   [get 1]`;
    const { verdict } = checkZones(registerTimeline(touching), null);
    expect(verdict).toBe('linearizable');
    const apart = touching.replace('      [get 1]', '       [get 1]');
    expect(checkZones(registerTimeline(apart), null).verdict).toBe('not-linearizable');
  });
});
