import { expect, test } from 'vitest';
import { createSystemClock } from './system-clock.ts';
import { createSystemRandom } from './system-random.ts';

test('a timer fires at or after its delay, never inside setTimer, and never when cancelled', async () => {
  const clock = createSystemClock();
  const startMs = clock.monotonicMs();
  const fired: string[] = [];
  clock.setTimer(1, () => fired.push('cancelled')).cancel();
  const lateMs = await new Promise<number>((resolve) => {
    clock.setTimer(0, () => fired.push('at once'));
    clock.setTimer(4.7, () => resolve(clock.monotonicMs() - startMs));
    expect(fired).toEqual([]);
    // A timer alone does not keep the process: this one does, for the length of the test.
    const holder = setTimeout(() => {}, 1000);
    clock.setTimer(20, () => clearTimeout(holder));
  });
  expect(lateMs).toBeGreaterThanOrEqual(4.7);
  expect(fired).toEqual(['at once']);
});

test('a delay longer than a runtime can wait does not fire at once', async () => {
  const clock = createSystemClock();
  let hasFired = false;
  const timer = clock.setTimer(2 ** 40, () => {
    hasFired = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  timer.cancel();
  timer.cancel();
  expect(hasFired).toBe(false);
});

test('monotonic time never goes back', () => {
  const clock = createSystemClock();
  const times = Array.from({ length: 1000 }, () => clock.monotonicMs());
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(Math.abs(clock.wallMs() - Date.now())).toBeLessThan(1000);
});

test('random numbers fill [0, 1)', () => {
  const random = createSystemRandom();
  const draws = Array.from({ length: 5000 }, () => random.next());
  expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...draws)).toBeLessThan(1);
  const tenths = new Set(draws.map((draw) => Math.floor(draw * 10)));
  expect(tenths.size).toBe(10);
});

test('ids differ, and are made of few letters', () => {
  const random = createSystemRandom();
  const ids = Array.from({ length: 5000 }, () => random.id());
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[0-9a-z]{16,64}$/);
  const letters = new Set(ids.join(''));
  expect(letters.size).toBe(32);
});
