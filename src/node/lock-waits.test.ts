import { describe, expect, test } from 'vitest';
import { DsmError } from '../core/errors.ts';
import type { SessionCommand } from '../core/session-command.ts';
import { Store } from '../core/store.ts';
import { records } from '../sim/fixtures.ts';
import { LockWaits } from './lock-waits.ts';

/** A store in which session 1 holds the lock and session 3 waits for it. */
function setUp(countMax = 10) {
  const store = new Store();
  const apply = (act: SessionCommand['act'], session: number) => {
    const common = { lock: 'l', ttlMs: 1000, ttlLsn: 0, request: null };
    const command = { kind: 'session', act, session, ...common } as const;
    const [record] = records([command], store.appliedLsn + 1);
    if (record !== undefined) store.apply(record);
  };
  apply('create', 0);
  apply('acquire', 1);
  apply('create', 0);
  apply('acquire', 3);
  const told: (number | null | string)[] = [];
  const waits = new LockWaits(countMax);
  const wait = (session: number, deadlineMs: number) =>
    waits.add({
      name: 'l',
      session,
      deadlineMs,
      done: (error, token) => void told.push(error?.code ?? token),
    });
  return { store, apply, told, waits, wait };
}

describe('a call that waits for a lock', () => {
  test('is told when it is its turn, and not before a client may be told', () => {
    const { store, apply, told, waits, wait } = setUp();
    wait(3, 100);
    waits.settle(store, 4, 1);
    apply('release', 1);
    waits.settle(store, 4, 2);
    expect(told).toEqual([]);
    waits.settle(store, 5, 3);
    waits.settle(store, 5, 200);
    expect(told).toEqual([5]);
  });

  test('is told when its time is up, or its session has ended', () => {
    const { store, apply, told, waits, wait } = setUp();
    wait(3, 100);
    expect(waits.nextDeadlineMs).toBe(100);
    waits.settle(store, 4, 99);
    expect(told).toEqual([]);
    waits.settle(store, 4, 100);
    expect([told, waits.nextDeadlineMs]).toEqual([[null], Infinity]);
    wait(3, 500);
    apply('revoke', 3);
    waits.settle(store, 5, 101);
    expect(told).toEqual([null, null]);
  });

  test('is one of several of a session: the place in the queue is kept for those that wait on', () => {
    const { store, apply, told, waits, wait } = setUp();
    wait(3, 100);
    wait(3, 500);
    waits.settle(store, 4, 100);
    expect(told).toEqual(['lock_held']);
    waits.settle(store, 4, 499);
    apply('release', 1);
    waits.settle(store, 5, 499);
    expect(told).toEqual(['lock_held', 5]);
    wait(9, 600);
    wait(3, 600);
    wait(3, 600);
    apply('release', 3);
    waits.settle(store, 6, 600);
    // All at once: nobody of them waits on.
    expect(told.slice(2)).toEqual([null, null, null]);
  });

  test('is one of so many; the mastership over, it is told so', () => {
    const { told, waits, wait } = setUp(1);
    wait(3, 100);
    wait(3, 100);
    expect(told).toEqual(['overloaded']);
    waits.failAll(new DsmError('stepped_down'));
    expect(told).toEqual(['overloaded', 'stepped_down']);
  });
});
