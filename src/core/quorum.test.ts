import { describe, expect, test } from 'vitest';
import { members } from '../sim/fixtures.ts';
import { isMajority, isQuorum, majorityOf, majorityValue, quorumValue } from './quorum.ts';
import type { Member } from './record.ts';

/** Every configuration of up to 3 masters and 4 slaves with at least one voter. */
const configurations: Member[][] = [];
for (let masters = 0; masters <= 3; masters += 1) {
  for (let slaves = 0; slaves <= 4; slaves += 1) {
    const ids = [
      ...Array.from({ length: masters }, (_, i) => `m${i}`),
      ...Array.from({ length: slaves }, (_, i) => `s${i}`),
    ];
    if (ids.length > 0) configurations.push(members(ids.join(' ')));
  }
}

function subsets(voters: readonly Member[]): Set<string>[] {
  const all: Set<string>[] = [];
  for (let bits = 0; bits < 1 << voters.length; bits += 1) {
    all.push(new Set(voters.filter((_, i) => bits & (1 << i)).map(({ nodeId }) => nodeId)));
  }
  return all;
}

const has = (set: ReadonlySet<string>) => (nodeId: string) => set.has(nodeId);

/** DESIGN.md §4, word by word. */
function slowMajority(voters: readonly Member[], set: ReadonlySet<string>): boolean {
  const present = voters.filter(({ nodeId }) => set.has(nodeId));
  return present.length * 2 > voters.length && present.some(({ role }) => role === 'master');
}
function slowQuorum(voters: readonly Member[], set: ReadonlySet<string>): boolean {
  const masters = voters.filter(({ role }) => role === 'master');
  const everyMaster = masters.length > 0 && masters.every(({ nodeId }) => set.has(nodeId));
  return slowMajority(voters, set) || everyMaster;
}

describe('the quorum rule', () => {
  test('agrees with its own words on every set of every small configuration', () => {
    for (const voters of configurations) {
      for (const set of subsets(voters)) {
        expect(isMajority([voters], has(set))).toBe(slowMajority(voters, set));
        expect(isQuorum([voters], has(set))).toBe(slowQuorum(voters, set));
      }
    }
  });

  test('any two quorums of one configuration meet', () => {
    for (const voters of configurations) {
      const quorums = subsets(voters).filter((set) => isQuorum([voters], has(set)));
      for (const one of quorums) {
        for (const other of quorums) expect([...one].some(has(other))).toBe(true);
      }
    }
  });

  test('with two configurations in force a quorum is one of each', () => {
    const before = members('m0 m1 s0');
    const after = members('m0 s0 s1 s2');
    for (const set of subsets(members('m0 m1 s0 s1 s2'))) {
      const both = slowQuorum(before, set) && slowQuorum(after, set);
      expect(isQuorum([before, after], has(set))).toBe(both);
    }
    // C1: {m0} is "every master" after, but no quorum before.
    expect(isQuorum([before, members('m0 s0')], has(new Set(['m0'])))).toBe(false);
  });

  test('nobody is a quorum where no configuration is known, or none has a master', () => {
    expect(isQuorum([], () => true)).toBe(false);
    expect(isMajority([[]], () => true)).toBe(false);
    expect(isQuorum([members('s0 s1')], () => true)).toBe(false);
  });

  test('a write needs ⌊V/2⌋ others', () => {
    expect([1, 2, 3, 4, 5, 6, 11, 14].map((voters) => majorityOf(voters) - 1)).toEqual([
      0, 1, 1, 2, 2, 3, 5, 7,
    ]);
  });
});

describe('the value that a quorum has reached', () => {
  /** The highest value v such that those at v or above are a quorum: the obvious way. */
  const slow = (voters: readonly Member[], values: readonly number[], rule: typeof slowQuorum) =>
    Math.max(
      Number.NEGATIVE_INFINITY,
      ...values.filter((least) =>
        rule(voters, new Set(voters.filter((_, i) => (values[i] ?? 0) >= least).map(idOf))),
      ),
    );
  const idOf = ({ nodeId }: Member) => nodeId;

  test('agrees with the obvious way for all values of small configurations', () => {
    for (const voters of configurations.filter(({ length }) => length <= 5)) {
      for (const values of products(voters.length, [1, 2, 3])) {
        const reached = (nodeId: string) =>
          values[voters.findIndex((voter) => voter.nodeId === nodeId)] ?? 0;
        expect(majorityValue([voters], reached)).toBe(slow(voters, values, slowMajority));
        expect(quorumValue([voters], reached)).toBe(slow(voters, values, slowQuorum));
      }
    }
  });

  test('is the lower one of two configurations in force', () => {
    const reached = (nodeId: string) => ({ m0: 9, s0: 9, s1: 2, s2: 3 })[nodeId] ?? 0;
    expect(majorityValue([members('m0 s0 s1')], reached)).toBe(9);
    expect(majorityValue([members('m0 s0 s1'), members('m0 s1 s2')], reached)).toBe(3);
  });
});

function products(length: number, choices: readonly number[]): number[][] {
  if (length === 0) return [[]];
  return products(length - 1, choices).flatMap((rest) => choices.map((one) => [...rest, one]));
}
