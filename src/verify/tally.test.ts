import { describe, expect, test } from 'vitest';
import { LockBook } from './lock-book.ts';
import { type Count, Tally } from './tally.ts';

describe('counts', () => {
  const fault = (counts: readonly Count[], sum: number, unknown = 0) => {
    const tally = new Tally();
    tally.counts.push(...counts);
    tally.unknown = unknown;
    return tally.fault(sum);
  };
  const count = (startMs: number, endMs: number, number: number) => ({ startMs, endMs, number });

  test('that are each one higher than those before them are right', () => {
    expect(fault([count(0, 5, 1), count(1, 4, 2), count(6, 7, 3)], 3)).toBeNull();
    expect(fault([count(0, 5, 2)], 2, 1)).toBeNull();
  });

  test.each([
    ['lost', [count(0, 5, 1), count(6, 7, 2)], 1, 0, /the sum is 1 after 2 counts/],
    ['doubled', [count(0, 5, 1)], 2, 0, /the sum is 2 after 1 counts that were done and 0 unk/],
    ['told twice', [count(0, 5, 1), count(1, 6, 1)], 2, 0, /two clients were told 1/],
    ['too high', [count(0, 5, 3)], 2, 1, /a client was told 3, and the sum is 2/],
    ['too old', [count(0, 5, 2), count(6, 7, 1)], 2, 0, /2 was told before a lower number/],
  ])('that are %s are not', (_, counts, sum, unknown, text) => {
    expect(fault(counts, sum, unknown)).toMatch(text);
  });
});

describe('holds of a lock', () => {
  const fault = (...holds: [token: number, fromMs: number, untilMs: number][]) => {
    const book = new LockBook();
    for (const [token, fromMs, untilMs] of holds) {
      book.holds.push({ name: 'l', token, fromMs, untilMs });
    }
    return book.fault();
  };

  test('one after the other, by rising tokens, are right', () => {
    expect(fault([6, 10, 20], [5, 0, 10])).toBeNull();
  });

  test('by two at once are not, nor by a token that does not rise', () => {
    expect(fault([5, 0, 10], [6, 9, 20])).toBe('5 and 6 both hold l at 9');
    expect(fault([5, 0, 10], [5, 11, 20])).toBe('token 5 of l after 5');
  });
});
