import { describe, expect, test } from 'vitest';
import { DsmError } from '../core/errors.ts';
import { Waiters } from './waiters.ts';

/** What each waiter was told: 'ok' or the code of an error. */
function bench(countMax = 10) {
  const waiters = new Waiters(countMax, 'catching_up');
  const told: string[] = [];
  const add = (target: number, deadlineMs: number, name = `${target}`) =>
    waiters.add(target, deadlineMs, (error) => told.push(`${name} ${error?.code ?? 'ok'}`));
  return { waiters, told, add };
}

describe('waiters', () => {
  test('are let go when their target is reached, and get an error when they are late', () => {
    const { waiters, told, add } = bench();
    add(5, 100);
    add(9, 50);
    waiters.settle(4, 49);
    expect(told).toEqual([]);
    expect(waiters.nextDeadlineMs()).toBe(50);
    waiters.settle(5, 50);
    expect(told).toEqual(['5 ok', '9 catching_up']);
    expect(waiters.nextDeadlineMs()).toBe(Number.POSITIVE_INFINITY);
  });

  test('one that is reached and late at the same time has been reached', () => {
    const { waiters, told, add } = bench();
    add(5, 100);
    waiters.settle(5, 500);
    expect(told).toEqual(['5 ok']);
  });

  test('are bounded: one too many is told so at once', () => {
    const { waiters, told, add } = bench(2);
    for (const target of [1, 2, 3]) add(target, 100);
    expect(told).toEqual(['3 overloaded']);
    expect(waiters.size).toBe(2);
  });

  test('one that adds another while it is let go is called once, the other later', () => {
    const { waiters, told } = bench();
    waiters.add(1, 100, () => {
      told.push('first');
      waiters.add(2, 100, () => told.push('second'));
      waiters.settle(1, 0);
    });
    waiters.settle(1, 0);
    expect(told).toEqual(['first']);
    waiters.settle(2, 0);
    expect(told).toEqual(['first', 'second']);
  });

  test('all fail together when the node stops', () => {
    const { waiters, told, add } = bench();
    add(1, 100);
    add(2, 100);
    waiters.failAll(new DsmError('shutting_down'));
    expect(told).toEqual(['1 shutting_down', '2 shutting_down']);
    expect(waiters.size).toBe(0);
  });
});
