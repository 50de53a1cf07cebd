import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Deadline, DeadlineQueue } from './deadlines.ts';

/** The slow obvious one: the last lifetime of each key. */
class Model {
  readonly current = new Map<string, Deadline>();
  readonly queue = new DeadlineQueue(({ key, ttlLsn }) => this.current.get(key)?.ttlLsn === ttlLsn);
  set(deadline: Deadline): void {
    this.current.set(deadline.key, deadline);
    this.queue.push(deadline);
  }
  dueTimes(nowMs: number): number[] {
    const times = [...this.current.values()].map(({ atMs }) => atMs);
    return times.filter((atMs) => atMs <= nowMs).toSorted((a, b) => a - b);
  }
}

const step = fc.record({
  key: fc.integer({ min: 0, max: 30 }).map((number) => `k${number}`),
  atMs: fc.integer({ min: 0, max: 100 }),
  isRemoved: fc.boolean(),
});

describe('lifetimes', () => {
  test('are due in the order of their ends, and only while they are in force', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200 }),
        fc.nat(100),
        fc.nat(50),
        (steps, nowMs, countMax) => {
          const model = new Model();
          for (const [index, { key, atMs, isRemoved }] of steps.entries()) {
            if (isRemoved) model.current.delete(key);
            else model.set({ key, atMs, ttlLsn: index + 1 });
          }
          const expected = model.dueTimes(Infinity);
          expect(model.queue.nextMs()).toBe(expected[0] ?? Infinity);
          const due = model.queue.due(nowMs, countMax);
          expect(due.map(({ atMs }) => atMs)).toEqual(model.dueTimes(nowMs).slice(0, countMax));
          expect(due.every((one) => model.current.get(one.key) === one)).toBe(true);
          // What was due stays due until it is gone.
          expect(model.queue.due(nowMs, countMax)).toEqual(due);
        },
      ),
    );
  });

  test('renewed for ever, the queue stays in proportion to what lives', () => {
    const model = new Model();
    for (let lsn = 1; lsn <= 100_000; lsn += 1) {
      model.set({ key: `k${lsn % 10}`, atMs: lsn + 1000, ttlLsn: lsn });
    }
    expect(model.queue.size).toBeLessThanOrEqual(30);
    expect(model.queue.due(Infinity, 100)).toHaveLength(10);
  });

  test('a push looks at a few others only, however many there are', () => {
    let looks = 0;
    const queue = new DeadlineQueue(() => {
      looks += 1;
      return true;
    });
    let most = 0;
    for (let lsn = 1; lsn <= 5000; lsn += 1) {
      looks = 0;
      queue.push({ key: `k${lsn}`, atMs: lsn, ttlLsn: lsn });
      most = Math.max(most, looks);
    }
    expect(most).toBe(2);
  });
});
