import { expect, test } from 'vitest';
import type { Clock } from '../ports/clock.ts';
import { Deadlines } from './deadlines.ts';

/** Time that a test moves by hand, and the timers that are set. */
class HandClock implements Clock {
  nowMs = 0;
  readonly timers = new Map<number, { readonly dueMs: number; readonly onFire: () => void }>();
  #count = 0;

  monotonicMs(): number {
    return this.nowMs;
  }
  wallMs(): number {
    return this.nowMs;
  }
  setTimer(delayMs: number, onFire: () => void) {
    const id = this.#count++;
    this.timers.set(id, { dueMs: this.nowMs + delayMs, onFire });
    return { cancel: () => void this.timers.delete(id) };
  }
  advance(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const next = [...this.timers].toSorted((a, b) => a[1].dueMs - b[1].dueMs)[0];
      if (next === undefined || next[1].dueMs > endMs) break;
      this.timers.delete(next[0]);
      this.nowMs = next[1].dueMs;
      next[1].onFire();
    }
    this.nowMs = endMs;
  }
}

function setUp() {
  const clock = new HandClock();
  const expired: string[] = [];
  const deadlines = new Deadlines(clock, 10);
  const set = (timeoutMs: number, name: string) =>
    deadlines.set(timeoutMs, () => expired.push(`${name}@${clock.nowMs}`));
  return { clock, deadlines, expired, set };
}

test('a limit expires once, late by the resolution at most, never early', () => {
  const { clock, expired, set } = setUp();
  set(25, 'a');
  set(5, 'b');
  clock.advance(9);
  expect(expired).toEqual([]);
  clock.advance(1000);
  expect(expired).toEqual(['b@10', 'a@30']);
});

test('a lifted limit does not expire', () => {
  const { clock, deadlines, expired, set } = setUp();
  const limit = set(25, 'a');
  set(25, 'b');
  deadlines.lift(limit);
  deadlines.lift(limit);
  clock.advance(100);
  expect(expired).toEqual(['b@30']);
});

test('many limits use one timer, and none where there is nothing to watch', () => {
  const { clock, deadlines, set } = setUp();
  const limits = Array.from({ length: 100 }, (_, index) => set(index, String(index)));
  expect(clock.timers.size).toBe(1);
  for (const limit of limits) deadlines.lift(limit);
  clock.advance(10);
  expect(clock.timers.size).toBe(0);
  set(5, 'again');
  expect(clock.timers.size).toBe(1);
});

test('a limit that is set while another one expires is watched too', () => {
  const { clock, deadlines, expired, set } = setUp();
  deadlines.set(1, () => set(1, 'second'));
  clock.advance(100);
  expect(expired).toEqual(['second@20']);
  expect(clock.timers.size).toBe(0);
});

test('an expiry that throws leaves the others watched', () => {
  const { clock, deadlines, expired, set } = setUp();
  deadlines.set(1, () => {
    throw new Error('a bug');
  });
  set(1, 'other');
  expect(() => clock.advance(10)).toThrow('a bug');
  clock.advance(100);
  expect(expired).toEqual(['other@20']);
});
