/** The two structures that the search stands on, against plain ones that do the same. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigurationSet, mix, stateFactor } from './configuration-set.ts';
import { EventList } from './event-list.ts';
import type { Invocation } from './model.ts';

const invocations = fc
  .array(fc.tuple(fc.nat(9), fc.nat(9), fc.boolean()), { minLength: 1, maxLength: 12 })
  .map((spans) =>
    spans.map(
      ([callTime, length, isRequired], id): Invocation<string> => ({
        id,
        callTime,
        returnTime: isRequired ? callTime + length : Number.POSITIVE_INFINITY,
        isRequired,
        action: '',
        label: '',
      }),
    ),
  );

function callable(list: EventList): Set<number> {
  const found = new Set<number>();
  for (let at = list.firstCallable(); at !== -1; at = list.nextCallable(at)) found.add(at);
  return found;
}

test('the list offers what was called before any remaining one returned', () => {
  fc.assert(
    fc.property(invocations, fc.array(fc.nat()), (all, choices) => {
      const list = new EventList(all);
      const lifted: number[] = [];
      const expected = () => {
        const left = all.filter((_, at) => !lifted.includes(at));
        const firstReturn = Math.min(...left.map(({ returnTime }) => returnTime));
        return new Set(left.filter(({ callTime }) => callTime <= firstReturn).map(({ id }) => id));
      };
      for (const choice of choices) {
        expect(callable(list)).toEqual(expected());
        const offered = [...callable(list)];
        if (choice % 3 === 0 && lifted.length > 0) list.unlift(lifted.pop()!);
        else if (offered.length > 0) {
          const at = offered[choice % offered.length]!;
          list.lift(at);
          lifted.push(at);
        }
      }
      while (lifted.length > 0) list.unlift(lifted.pop()!);
      expect(callable(list)).toEqual(expected());
    }),
  );
});

/** Of an odd number, modulo 2³², by Newton's method. */
function inverse(odd: number): number {
  let found = odd;
  for (let round = 0; round < 5; round += 1) {
    found = Math.imul(found, 2 - Math.imul(odd, found));
  }
  return found;
}

describe('the set of configurations', () => {
  const bits = (members: ReadonlySet<number>, required: number, isRequired: boolean) =>
    [...members].filter((at) => at < required === isRequired).sort((a, b) => a - b);

  test('knows what it was given, and what has less left to choose from', () => {
    const sizes = fc.constantFrom<[number, number]>([3, 6], [32, 40], [64, 64], [70, 140], [0, 9]);
    const moves = fc.array(fc.tuple(fc.nat(), fc.nat(3)), { maxLength: 200, size: 'max' });
    fc.assert(
      fc.property(sizes, moves, ([required, count], steps) => {
        const set = new ConfigurationSet(required, count, 1 << 20);
        const members = new Set<number>();
        const known: { required: string; optional: number[] }[] = [];
        for (const [choice, state] of steps) {
          const at = choice % count;
          if (members.delete(at)) set.restore(at);
          else {
            members.add(at);
            set.take(at);
          }
          const optional = bits(members, required, false);
          const key = `${state} ${bits(members, required, true)}`;
          const isKnown = known.some(
            (other) => other.required === key && other.optional.every((bit) => members.has(bit)),
          );
          expect(set.seenOrAdd(state)).toBe(isKnown);
          if (!isKnown) known.push({ required: key, optional });
        }
      }),
      { numRuns: 300 },
    );
  });

  test('tells sets apart that have one hash', () => {
    /** The number of a state that gives a set of required invocations a hash of nothing but `key`. */
    const stateFor = (members: readonly number[], key: number): number => {
      const hash = members.reduce((sum, member) => sum ^ mix(member + 1), 0);
      return (Math.imul(hash ^ key, inverse(stateFactor)) - 1) | 0;
    };
    const words = Array.from({ length: 32 }, (_, bit) => bit);
    for (const members of [[], [0], [1], [1, 40], words, [...words, 40]]) {
      for (const others of [[], [0], [1], [1, 40], words, [...words, 40]]) {
        const set = new ConfigurationSet(70, 70, 1 << 20);
        for (const member of members) set.take(member);
        expect(set.seenOrAdd(stateFor(members, 99))).toBe(false);
        for (const member of members) set.restore(member);
        for (const other of others) set.take(other);
        expect(set.seenOrAdd(stateFor(others, 99))).toBe(`${members}` === `${others}`);
      }
    }
  });

  test('keeps its entries while it grows, and says when it is full', () => {
    const set = new ConfigurationSet(8, 8, 70_000);
    for (let state = 0; state < 20_000; state += 1) expect(set.seenOrAdd(state)).toBe(false);
    for (let state = 0; state < 20_000; state += 1) expect(set.seenOrAdd(state)).toBe(true);
    expect(set.hasRoom).toBe(false);
  });
});
