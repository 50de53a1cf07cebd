import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { anyHistory, goodHistory, type HistoryShape } from './testing/arbitraries.ts';
import { isLinearizable } from './testing/brute-force.ts';
import { timeline } from './testing/timeline.ts';
import { versionedInvocations, versionedModel } from './testing/versioned-model.ts';
import { checkVersions } from './version-check.ts';

// Seconds on an idle machine; many more where others work too.
vi.setConfig({ testTimeout: 120_000 });

const everything: HistoryShape = {
  operations: ['get', 'get', 'put', 'put', 'delete', 'increment', 'get-and-delete'],
  conditions: ['none', 'none', 'absent', 'present', 'current', 'older'],
  hasUnknown: true,
  hasStale: true,
  keys: ['x', 'y'],
  values: ['1', '2', 'a'],
  lengthMax: 14,
};

describe('the version check', () => {
  test('never objects to a store that tells the truth', () => {
    fc.assert(
      fc.property(goodHistory(everything), (history) => {
        expect(checkVersions(history).violations).toEqual([]);
      }),
      { numRuns: 2500 },
    );
  });

  test('does not guess which of equal writes has which revision', () => {
    const history = timeline(`
      A: [put 1 @1] [put 2 >
      B:            [put 2 if 1 >
      C:                          [get 2 @2] [get 2 @3]`);
    expect(checkVersions(history).violations).toEqual([]);
    expect(checkVersions(history.toReversed()).violations).toEqual([]);
  });

  test('agrees with brute force where every outcome is known', () => {
    const shape = { ...everything, hasUnknown: false, keys: ['x'], lengthMax: 6 };
    const seen = { good: 0, bad: 0 };
    fc.assert(
      fc.property(anyHistory(shape), (history) => {
        const isGood = isLinearizable(versionedModel, versionedInvocations(history));
        seen[isGood ? 'good' : 'bad'] += 1;
        expect(checkVersions(history).verdict).toBe(isGood ? 'linearizable' : 'not-linearizable');
      }),
      { numRuns: 2500 },
    );
    expect(Math.min(seen.good, seen.bad)).toBeGreaterThan(80);
  });

  test('is not whole where an answer names no revision', () => {
    expect(checkVersions(timeline('A: [put 1] [get 1 @1]')).verdict).toBe('unknown');
    expect(checkVersions(timeline('A: [put 1 @1] [get 1]')).verdict).toBe('unknown');
    expect(checkVersions(timeline('A: [put 1 @1] [del] [get -]')).verdict).toBe('linearizable');
  });

  test('lets a write of unknown outcome stand anywhere after its call', () => {
    const open = `
      A: [put 1 @1]                                   [put 3 if 1 @9] [get 3 @9]
      B:            [put 2 >
      C:                      [get 1 @1]`;
    expect(checkVersions(timeline(open)).violations).toEqual([]);
    const between = open.replace('[put 3 if 1 @9]', '[put 3 if 5 @9]');
    expect(checkVersions(timeline(between)).violations).toEqual([]);
  });

  test('gives absence the only room that the revisions leave', () => {
    const full = `
      A: [put 1 @1] [put 2 @2]
      B: [del >
      C:                       [get -] [get 2 @2]`;
    const { violations } = checkVersions(timeline(full));
    expect(violations.map(({ rule }) => rule)).toEqual(['non-monotonic-read']);
    expect(checkVersions(timeline(full.replace('[get 2 @2]', ''))).violations).toEqual([]);
    // Between 1 and 2 there is no room for a delete.
    const run = `
      A: [put 1 @1] [put 2                @2]
      B: [del >
      C:                 [get -] [get 2 @2]`;
    expect(checkVersions(timeline(run)).violations).toHaveLength(1);
    const gap = run.replaceAll('@2', '@3');
    expect(checkVersions(timeline(gap)).violations).toEqual([]);
  });

  test('does not take an increment of unknown outcome for a put', () => {
    const history = timeline(`
      A: [put 1 @1] [put 4 @2]
      B:                       [inc 1 >
      C:                       [put 5 if 1 >
      D:                                     [get 5 @3]`);
    expect(checkVersions(history).violations).toEqual([]);
    expect(checkVersions(history.filter(({ op }) => op !== 'increment')).violations).toHaveLength(
      1,
    );
  });
});
