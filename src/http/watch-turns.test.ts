import { expect, test } from 'vitest';
import { HandClock, settled } from './testing/set-up.ts';
import { Turns } from './watch-turns.ts';

/** Turns, and jobs that take 1 ms each and say when they were done. */
function stage() {
  const clock = new HandClock();
  const turns = new Turns(clock);
  const done: string[] = [];
  const start = (name: string, ms = 1) =>
    turns.run(() => {
      clock.pass(ms);
      done.push(`${name} ${clock.monotonicMs()}`);
      return name;
    });
  return { clock, turns, done, start };
}

test('the first come are served at once, the others in their order, after a rest', async () => {
  const { clock, done, start } = stage();
  const all = ['a', 'b', 'c', 'd', 'e'].map((name) => start(name));
  expect(done).toEqual(['a 1', 'b 2']);
  // The rest is counted from the first piece; later ones from the end of the work.
  await clock.advance(2);
  expect(done.slice(2)).toEqual(['c 4', 'd 5']);
  const late = start('f');
  await clock.advance(2);
  expect(done.slice(4)).toEqual(['e 8', 'f 9']);
  expect(await Promise.all([...all, late])).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
});

test('a rest without work ends all waiting: no timer is left', async () => {
  const { clock, start } = stage();
  await start('a', 10);
  expect(clock.timers).toBe(1);
  await clock.advance(10);
  expect(clock.timers).toBe(0);
});

test('where time stands still nobody waits', () => {
  const { clock, done, start } = stage();
  for (let count = 0; count < 100; count += 1) void start('a', 0);
  expect([done.length, clock.timers]).toEqual([100, 0]);
});

test('what a job throws is its own failure: the next are served all the same', async () => {
  const { clock, turns, start } = stage();
  await start('a', 2);
  const failing = turns.run(() => {
    throw new Error('no such record');
  });
  const next = start('b');
  const [failure, name] = await Promise.all([
    failing.catch((error: Error) => error.message),
    clock.advance(5).then(() => next),
    settled(),
  ]);
  expect([failure, name]).toEqual(['no such record', 'b']);
});
