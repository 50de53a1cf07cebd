import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { SeededRandom } from '../sim/seeded-random.ts';
import { dsmModel } from './check-history.ts';
import { explainFailure, formatExplanation } from './explain.ts';
import { checkLinearization } from './linearization.ts';
import { cutAt, firstFailure, minimizeFailure } from './minimize.ts';
import { createRegisterModel } from './register.ts';
import { registerInvocations } from './register-history.ts';
import { searchOrder } from './search.ts';
import { anyRegisters } from './testing/arbitraries.ts';
import { isLinearizable } from './testing/brute-force.ts';
import { timeline } from './testing/timeline.ts';
import { appendWorkload, withLateAnomaly } from './testing/workloads.ts';

// Seconds on an idle machine; many more where others work too.
vi.setConfig({ testTimeout: 120_000 });

const stale = registerInvocations(
  timeline(`
    A: [put 1 @1] [get 1 @1] [put 2 @2] [get 2 @2]            [put 3 @3] [put 4 @4]
    B:            [put 0 >                         [get 1 @1]       [get 3 @3]`),
);

describe('the explanation of a failure', () => {
  const explanation = explainFailure(dsmModel, stale);
  const text = explanation ? formatExplanation(explanation, dsmModel.describeState) : '';

  test('names the answer that has no place, and the order before it', () => {
    expect(explanation?.unplaced.map(({ label }) => label)).toEqual([
      expect.stringContaining('get x="1" @1 by B'),
    ]);
    expect(explanation?.order.map(({ id }) => id)).toEqual([0, 1, 2, 3]);
    expect(text).toContain('after which the state is "2" @2. Then no order has a place for');
  });

  test('leaves out what has no part in it', () => {
    const labels = explanation?.core.map(({ label }) => label.split(' by ')[0]);
    expect(labels).toEqual(['put x="1" @1', 'put x="2" @2', 'get x="1" @1']);
  });

  test('there is none for a history that is linearizable', () => {
    const good = stale.filter(({ id }) => id !== 7);
    expect(explainFailure(dsmModel, cutAt(good, 40))).toBeUndefined();
  });
});

describe('a history that is made smaller', () => {
  const shape = {
    verbs: ['get', 'get', 'put', 'append', 'cas', 'delete'],
    values: ['a', 'b'],
    initial: null,
    lengthMax: 7,
  } as const;
  const model = createRegisterModel(null);

  test('still fails, and never where the whole does not', () => {
    fc.assert(
      fc.property(anyRegisters(shape), (invocations) => {
        const small = minimizeFailure(model, invocations);
        expect(isLinearizable(model, small)).toBe(isLinearizable(model, invocations));
        expect(small.length).toBeLessThanOrEqual(invocations.length);
      }),
      { numRuns: 400 },
    );
  });

  test('fails at the first return at which brute force says so', () => {
    fc.assert(
      fc.property(anyRegisters(shape), (invocations) => {
        const times = invocations.map(({ returnTime }) => returnTime).filter(Number.isFinite);
        const failing = times.filter((time) => !isLinearizable(model, cutAt(invocations, time)));
        const expected = failing.length === 0 ? undefined : Math.min(...failing);
        expect(firstFailure(model, invocations)).toBe(expected);
      }),
      { numRuns: 300 },
    );
  });

  test('is a handful of 200 operations', () => {
    const workload = { clients: 10, keys: 1, operations: 200, unknownShare: 0.05 };
    const bad = withLateAnomaly(appendWorkload(new SeededRandom(7), workload));
    const appends = createRegisterModel('');
    expect(checkLinearization(appends, bad).verdict).toBe('not-linearizable');
    const small = minimizeFailure(appends, bad);
    expect(searchOrder(appends, small).verdict).toBe('not-linearizable');
    expect(small.length).toBeLessThan(20);
    expect(small.map(({ label }) => label)).toContain('the anomaly');
  });
});
