import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { checkHistory, dsmModel } from './check-history.ts';
import { HistoryRecorder } from './recorder.ts';
import { registerInvocations } from './register-history.ts';
import { anyHistory, goodHistory, type HistoryShape } from './testing/arbitraries.ts';
import { isLinearizable } from './testing/brute-force.ts';
import { timeline } from './testing/timeline.ts';

// Seconds on an idle machine; many more where others work too.
vi.setConfig({ testTimeout: 120_000 });

const plain: HistoryShape = {
  operations: ['get', 'get', 'put'],
  conditions: ['none'],
  hasUnknown: true,
  hasStale: true,
  keys: ['x'],
  values: undefined,
  lengthMax: 7,
};

describe('the three checkers together', () => {
  test('agree with each other and with brute force on what all can decide', () => {
    fc.assert(
      fc.property(anyHistory(plain), (history) => {
        const black = history.map(({ revision, ...rest }) => rest);
        const isGood = isLinearizable(dsmModel, registerInvocations(black));
        const verdict = isGood ? 'linearizable' : 'not-linearizable';
        const { zones, search } = checkHistory(black);
        expect([zones, search.verdict]).toEqual([verdict, verdict]);
        // The version check asks for more: that the order is the one that the store claims.
        const claimed = checkHistory(history);
        if (!isGood) expect(claimed.versions).toBe('not-linearizable');
        expect(claimed.zones).toBe(verdict);
      }),
      { numRuns: 1500 },
    );
  });

  test('agree that a store tells the truth', () => {
    fc.assert(
      fc.property(goodHistory({ ...plain, keys: ['x', 'y'], lengthMax: 20 }), (history) => {
        const { verdict, versions, zones, search } = checkHistory(history);
        const verdicts = [verdict, versions, zones, search.verdict];
        expect(new Set(verdicts)).toEqual(new Set(['linearizable']));
      }),
      { numRuns: 500 },
    );
  });

  test('do not object to a store that tells the truth, whatever it was asked', () => {
    const shape: HistoryShape = {
      operations: ['get', 'get', 'put', 'put', 'delete', 'increment', 'get-and-delete'],
      conditions: ['none', 'none', 'absent', 'present', 'current', 'older'],
      hasUnknown: true,
      hasStale: true,
      keys: ['x'],
      values: ['1', 'a'],
      lengthMax: 12,
    };
    fc.assert(
      fc.property(goodHistory(shape), (history) => {
        const { verdict, violations } = checkHistory(history);
        expect({ verdict, violations }).toEqual({ verdict: 'linearizable', violations: [] });
      }),
      { numRuns: 2000 },
    );
  });

  test('an undecided key is undecided, unless the zones decide it', () => {
    const none = { stepsMax: 0, memoryWordsMax: 1 << 20 };
    const plainly = timeline('A: [put 1 @1] [put 2 @2] [get 2 @2]');
    expect(checkHistory(plainly, none)).toMatchObject({
      verdict: 'linearizable',
      search: { verdict: 'unknown' },
    });
    const other = timeline('A: [put 1 @1] [put 2 if 1 @2] [get 2 @2]');
    expect(checkHistory(other, none).verdict).toBe('unknown');
  });
});

describe('the recorder', () => {
  test('records what the checkers read', () => {
    let nowUs = 0;
    const recorder = new HistoryRecorder(() => {
      nowUs += 10.7;
      return nowUs;
    });
    recorder.call({ process: 1, op: 'put', key: 'x', value: '1' }).ok({ revision: 1 });
    recorder.call({ process: 1, op: 'get', key: 'x' }).ok({ value: '1', revision: 1 });
    recorder.call({ process: 2, op: 'delete', key: 'x', condition: 7 }).notApplied(1);
    recorder.call({ process: 2, op: 'put', key: 'x', value: '2' }).notApplied();
    recorder.call({ process: 3, op: 'put', key: 'x', value: '3' }).unknown();
    recorder.call({ process: 4, op: 'delete', key: 'x' });
    const history = recorder.history();
    expect(history.map(({ outcome }) => outcome)).toEqual([
      'ok',
      'ok',
      'not-applied',
      'not-applied',
      'unknown',
      'unknown',
    ]);
    expect(history.map(({ callUs }) => callUs)).toEqual([10, 32, 53, 74, 96, 117]);
    expect(history.at(-1)?.returnUs).toBe(Number.POSITIVE_INFINITY);
    expect(checkHistory(history).verdict).toBe('linearizable');
  });

  test('is bounded, and ends a call once', () => {
    const recorder = new HistoryRecorder(() => 0, 1);
    const call = recorder.call({ process: 1, op: 'get', key: 'x' });
    call.ok({ value: null });
    expect(() => call.unknown()).toThrow('ended twice');
    expect(() => recorder.call({ process: 1, op: 'get', key: 'x' })).toThrow(RangeError);
  });
});
