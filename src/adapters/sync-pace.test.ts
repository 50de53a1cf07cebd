import { describe, expect, test } from 'vitest';
import { SyncPace } from './sync-pace.ts';

describe('syncs on the event loop', () => {
  test('go on while they are quick', () => {
    const pace = new SyncPace();
    expect(pace.mayBlock(0)).toBe(true);
    pace.onBlocked(0.2, 10);
    expect(pace.mayBlock(10)).toBe(true);
  });

  test('go on though a busy machine makes most of them slow', () => {
    const pace = new SyncPace();
    for (let round = 0; round < 3; round += 1) {
      for (const tookMs of [3, 3, 20, 3, 3, 3, 50, 0.1]) {
        pace.onBlocked(tookMs, 1000);
        expect(pace.mayBlock(1000)).toBe(true);
      }
    }
  });

  test('take a hundredth of the time where the disk is slow', () => {
    const pace = new SyncPace();
    for (let i = 0; i < 8; i += 1) {
      expect(pace.mayBlock(1003)).toBe(true);
      pace.onBlocked(3, 1003);
    }
    expect(pace.mayBlock(1302)).toBe(false);
    expect(pace.mayBlock(1303)).toBe(true);
    // Still slow: one is enough now.
    pace.onBlocked(3, 1306);
    expect(pace.mayBlock(1605)).toBe(false);
    expect(pace.mayBlock(1606)).toBe(true);
  });

  test('wait at once where one was slower than any busy machine makes it', () => {
    const pace = new SyncPace();
    pace.onBlocked(51, 1000);
    expect(pace.mayBlock(6099)).toBe(false);
    expect(pace.mayBlock(6100)).toBe(true);
  });

  test('are not tried again on a disk that hangs', () => {
    const pace = new SyncPace();
    pace.onBlocked(100, 1000);
    for (let nowMs = 1100; nowMs < 50_000; nowMs += 100) {
      expect(pace.mayBlock(nowMs)).toBe(false);
      pace.onPooled(100, nowMs);
    }
    pace.onPooled(50, 50_000);
    expect(pace.mayBlock(59_899)).toBe(false);
    expect(pace.mayBlock(59_900)).toBe(true);
  });
});
