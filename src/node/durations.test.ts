import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Durations, durationBoundsMs } from './durations.ts';

test('a duration is counted in the first class whose bound it does not exceed', () => {
  const durations = new Durations();
  for (const ms of [0, 0.1, 0.11, 1, 2500, 2500.1]) durations.note(ms);
  const { counts, sumMs } = durations.view();
  expect(counts.length).toBe(durationBoundsMs.length + 1);
  expect([counts[0], counts[1], counts[3], counts.at(-2), counts.at(-1)]).toEqual([2, 1, 1, 1, 1]);
  expect(sumMs).toBeCloseTo(5001.31);
});

test('nothing is lost, and what was seen stays as it was', () => {
  const times = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { maxLength: 50 });
  fc.assert(
    fc.property(times, (all) => {
      const durations = new Durations();
      const empty = durations.view();
      for (const ms of all) durations.note(ms);
      const { counts } = durations.view();
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(all.length);
      const atMost1 = all.filter((ms) => ms <= 1).length;
      expect(counts.slice(0, 4).reduce((sum, count) => sum + count, 0)).toBe(atMost1);
      expect(empty).toEqual({ counts: counts.map(() => 0), sumMs: 0 });
    }),
  );
});
