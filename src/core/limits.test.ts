import { describe, expect, test } from 'vitest';
import { defaultLimits, limitFaults, makeLimits } from './limits.ts';

describe('limits', () => {
  test('the defaults are sound, and frozen', () => {
    expect(limitFaults(defaultLimits)).toEqual([]);
    expect(Object.isFrozen(makeLimits())).toBe(true);
  });

  test.each([
    ['three heartbeats fit into a lease', { heartbeatMs: 301 }],
    ['a lease ends before a failover', { leaseMs: 1000, failoverMs: 1000 }],
    ['a lease ends before its master steps down', { stepDownMs: 899 }],
    ['suspicion comes before removal', { removeMs: 500 }],
    ['a value fits into the queue', { valueBytesMax: 65 * 1024 * 1024 }],
    ['clocks are assumed to be better than half', { clockDriftShare: 0.5 }],
    ['no time is zero', { failoverMs: 0 }],
    ['nothing is negative', { minSlaves: -1 }],
    ['everything is a number', { lazyMs: Number.NaN }],
  ])('%s', (_, overrides) => {
    expect(() => makeLimits(overrides)).toThrow(RangeError);
  });

  test('the edge of each relation is allowed', () => {
    expect(() => makeLimits({ heartbeatMs: 150, leaseMs: 450, suspectMs: 480 })).not.toThrow();
    expect(() => makeLimits({ leaseMs: 900, stepDownMs: 900 })).not.toThrow();
    expect(() => makeLimits({ minSlaves: 0, lazyMs: 0, failoverJitterMs: 0 })).not.toThrow();
  });

  test('all faults are told at once', () => {
    const faults = () => makeLimits({ heartbeatMs: 1000, removeMs: 1, failoverMs: 1 });
    expect(faults).toThrow(/heartbeatMs.*leaseMs/);
    expect(faults).toThrow(/failoverMs/);
    expect(faults).toThrow(/removeMs/);
  });
});
