import { describe, expect, test } from 'vitest';
import { SyncPace } from './sync-pace.ts';

describe('syncs on the event loop', () => {
  test('go on while they are quick', () => {
    const pace = new SyncPace();
    expect(pace.mayBlock(0)).toBe(true);
    pace.onBlocked(0.2, 10);
    expect(pace.mayBlock(10)).toBe(true);
  });

  test('take a hundredth of the time where one was slow', () => {
    const pace = new SyncPace();
    pace.onBlocked(3, 1000);
    expect(pace.mayBlock(1299)).toBe(false);
    expect(pace.mayBlock(1300)).toBe(true);
  });

  test('are not tried again on a disk that stays slow', () => {
    const pace = new SyncPace();
    pace.onBlocked(10, 1000);
    for (let nowMs = 1010; nowMs < 5000; nowMs += 10) {
      expect(pace.mayBlock(nowMs)).toBe(false);
      pace.onPooled(10, nowMs);
    }
    pace.onPooled(4, 5000);
    expect(pace.mayBlock(5989)).toBe(false);
    expect(pace.mayBlock(5990)).toBe(true);
  });
});
