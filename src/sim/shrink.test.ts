import { describe, expect, test } from 'vitest';
import { describeFault, type Fault } from './faults.ts';
import { type Fails, shrinkPlan } from './shrink.ts';

function planOf(count: number): Fault[] {
  return Array.from({ length: count }, (_, index) => ({
    atMs: index,
    kind: 'kill',
    durationMs: 1000,
    seats: ['m1'],
    strength: 0.5,
  }));
}

const timesOf = (faults: readonly Fault[]) => faults.map(({ atMs }) => atMs);

/** Fails where all of these are there. */
const failsWith =
  (...needed: number[]): Fails =>
  async (faults) =>
    needed.every((atMs) => timesOf(faults).includes(atMs));

describe('shrinking a plan of faults', () => {
  test.each([[[]], [[0]], [[39]], [[3, 17]], [[0, 1, 20, 38, 39]]])(
    'leaves the faults %j, which are needed, and no others',
    async (needed) => {
      const { faults, runs } = await shrinkPlan(planOf(40), failsWith(...needed));
      expect(timesOf(faults)).toEqual(needed);
      expect(runs).toBeLessThan(120);
    },
  );

  test('leaves all where all are needed', async () => {
    const all = planOf(9);
    const { faults } = await shrinkPlan(all, async (some) => some.length === all.length);
    expect(faults).toEqual(all);
  });

  test('where either of two would do, leaves one of them', async () => {
    const either: Fails = async (faults) => faults.some(({ atMs }) => atMs === 4 || atMs === 30);
    const { faults } = await shrinkPlan(planOf(40), either);
    expect(faults).toHaveLength(1);
  });

  test('gives up after a number of runs, with a plan that fails', async () => {
    let runs = 0;
    const odd: Fails = async (faults) => {
      runs += 1;
      return faults.filter(({ atMs }) => atMs % 2 === 1).length === 500;
    };
    const { faults } = await shrinkPlan(planOf(1000), odd);
    expect(runs).toBeLessThanOrEqual(400);
    expect(await odd(faults)).toBe(true);
  });

  test('a fault is a line for people', () => {
    const [fault] = planOf(1);
    expect(describeFault(fault!)).toBe('0.000 s kill (m1) for 1.000 s, strength 0.50');
  });
});
