import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { dsmModel } from './check-history.ts';
import { checkLinearization } from './linearization.ts';
import type { Model } from './model.ts';
import {
  createRegisterModel,
  type RegisterAction,
  type RegisterInvocation,
  type RegisterState,
} from './register.ts';
import { registerInvocations } from './register-history.ts';
import { searchOrder } from './search.ts';
import { anyHistory, anyRegisters, type RegisterShape } from './testing/arbitraries.ts';
import { isLinearizable } from './testing/brute-force.ts';
import { registerTimeline } from './testing/register-timeline.ts';

// Seconds on an idle machine; many more where others work too.
vi.setConfig({ testTimeout: 120_000 });

type RegisterModel = Model<RegisterState, RegisterAction>;

/** The plain search: no foresight, and every read and every equal call is a choice. */
function plain({ lookAhead, ...model }: RegisterModel): RegisterModel {
  let count = 0;
  return { ...model, isReadOnly: () => false, actionKey: () => `${count++}` };
}

const limits = { stepsMax: 20_000, memoryWordsMax: 1 << 20 };

const verdictOf = (model: RegisterModel, invocations: readonly RegisterInvocation[]) =>
  checkLinearization(model, invocations, limits).verdict;

const shapes: Readonly<Record<string, RegisterShape>> = {
  'few values': {
    verbs: ['get', 'get', 'put', 'append', 'cas', 'delete'],
    values: ['', 'a', 'b', 'ab'],
    initial: '',
    lengthMax: 7,
  },
  'compare-and-set': {
    verbs: ['get', 'put', 'cas', 'cas'],
    values: ['a', 'b', 'c'],
    initial: null,
    lengthMax: 7,
  },
  'unique appends': {
    verbs: ['get', 'get', 'put', 'append', 'append'],
    values: undefined,
    initial: '',
    lengthMax: 7,
  },
  deletes: {
    verbs: ['get', 'get', 'get', 'put', 'put', 'delete', 'append'],
    values: ['a', 'aa'],
    initial: null,
    lengthMax: 7,
  },
};

describe.each(Object.entries(shapes))('the search on registers with %s', (_, shape) => {
  const model = createRegisterModel(shape.initial);

  test('agrees with brute force, with and without foresight', () => {
    const seen = { good: 0, bad: 0 };
    fc.assert(
      fc.property(anyRegisters(shape), (invocations) => {
        const isGood = isLinearizable(model, invocations);
        const verdict = isGood ? 'linearizable' : 'not-linearizable';
        seen[isGood ? 'good' : 'bad'] += 1;
        expect(verdictOf(model, invocations)).toBe(verdict);
        expect(verdictOf(plain(model), invocations)).toBe(verdict);
      }),
      { numRuns: 1000 },
    );
    expect(Math.min(seen.good, seen.bad)).toBeGreaterThan(40);
  });

  test('foresight changes no verdict on longer histories', () => {
    fc.assert(
      fc.property(anyRegisters({ ...shape, lengthMax: 24 }), (invocations) => {
        const verdict = verdictOf(plain(model), invocations);
        if (verdict !== 'unknown') expect(verdictOf(model, invocations)).toBe(verdict);
      }),
      { numRuns: 300 },
    );
  });

  test('the order that it finds is one', () => {
    fc.assert(
      fc.property(anyRegisters({ ...shape, lengthMax: 30 }), (invocations) => {
        const { verdict, order, state } = searchOrder(model, invocations);
        const isComplete = invocations.every((one) => !one.isRequired || order.includes(one));
        expect(verdict === 'linearizable').toBe(isComplete);
        for (const [place, one] of order.entries()) {
          const later = order.slice(place + 1);
          expect(later.every(({ returnTime }) => returnTime >= one.callTime)).toBe(true);
        }
        expect(
          order.reduce<RegisterState | null>(
            (before, { action }) => before && model.step(before, action),
            model.initial,
          ),
        ).toEqual(state);
      }),
      { numRuns: 200 },
    );
  });
});

test('the search on histories of dsm agrees with brute force, with and without revisions', () => {
  const shape = {
    operations: ['get', 'get', 'put', 'put', 'delete', 'increment', 'get-and-delete'],
    conditions: ['none', 'none', 'absent', 'present', 'current', 'older'],
    hasUnknown: true,
    hasStale: true,
    keys: ['x'],
    values: ['1', '2', 'a'],
    lengthMax: 7,
  } as const;
  fc.assert(
    fc.property(anyHistory(shape), fc.boolean(), (history, hasRevisions) => {
      const said = hasRevisions ? history : history.map(({ revision, ...rest }) => rest);
      const invocations = registerInvocations(said);
      const isGood = isLinearizable(dsmModel, invocations);
      expect(verdictOf(dsmModel, invocations)).toBe(isGood ? 'linearizable' : 'not-linearizable');
      expect(verdictOf(plain(dsmModel), invocations)).toBe(
        isGood ? 'linearizable' : 'not-linearizable',
      );
    }),
    { numRuns: 2000 },
  );
});

describe('the limits of the search', () => {
  /** Ten open appends and a read that needs one more: 10! orders to the plain search. */
  const hard = registerTimeline(
    [...'abcdefghij']
      .map((text) => `${text}: [app ${text}            ]`)
      .concat('r:                  [get abcdefghijk]')
      .join('\n'),
  );

  test('end in unknown, never in a verdict', () => {
    const model = plain(createRegisterModel(''));
    const few = { stepsMax: 1000, memoryWordsMax: 1 << 20 };
    expect(searchOrder(model, hard, few).verdict).toBe('unknown');
    const small = { stepsMax: 1_000_000, memoryWordsMax: 1000 };
    expect(searchOrder(model, hard, small).verdict).toBe('unknown');
  });

  test('are far away where foresight helps', () => {
    const { verdict, steps } = searchOrder(createRegisterModel(''), hard);
    expect(verdict).toBe('not-linearizable');
    expect(steps).toBeLessThan(100);
  });

  test('one hard key does not keep the others from their verdict', () => {
    const bad = registerTimeline('A: [put y:1] [get y:2]\nB: [put y:2 ] [get y:1] [get y:2]');
    const result = checkLinearization(plain(createRegisterModel('')), [...hard, ...bad], limits);
    expect(result.verdict).toBe('not-linearizable');
  });
});
