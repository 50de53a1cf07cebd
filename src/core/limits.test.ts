import { describe, expect, test } from 'vitest';
import { prefixRange } from './key-range.ts';
import { defaultLimits, limitFaults, makeLimits } from './limits.ts';
import { decodeRecords, encodeBatch, joinFrames } from './record.ts';

describe('limits', () => {
  test('the defaults are sound, and frozen', () => {
    expect(limitFaults(defaultLimits)).toEqual([]);
    expect(Object.isFrozen(makeLimits())).toBe(true);
  });

  test.each([
    ['three heartbeats fit into a lease', { heartbeatMs: 301 }],
    ['a slave does not leave what is committed lying', { applyMs: 501 }],
    ['a lease ends before a failover', { leaseMs: 1000, failoverMs: 1000 }],
    ['a lease ends before its master steps down', { stepDownMs: 899 }],
    ['suspicion comes before removal', { removeMs: 500 }],
    ['a value fits into the queue', { valueBytesMax: 65 * 1024 * 1024 }],
    ['clocks are assumed to be better than half', { clockDriftShare: 0.5 }],
    ['the longest key, as the end of a range, fits into a record', { keyBytesMax: 65_535 }],
    ['a content type fits into a record', { contentTypeBytesMax: 65_536 }],
    ['a request id, with an index in a batch, fits into a record', { requestIdBytesMax: 65_532 }],
    ['no time is zero', { failoverMs: 0 }],
    ['nothing is negative', { minSlaves: -1 }],
    ['everything is a number', { lazyMs: Number.NaN }],
  ])('%s', (_, overrides) => {
    expect(() => makeLimits(overrides)).toThrow(RangeError);
  });

  test('the edge of each relation is allowed', () => {
    expect(() => makeLimits({ heartbeatMs: 150, leaseMs: 450, suspectMs: 480 })).not.toThrow();
    expect(() => makeLimits({ leaseMs: 900, stepDownMs: 900 })).not.toThrow();
    expect(() => makeLimits({ applyMs: 500, suspectMs: 500 })).not.toThrow();
    const zero = { minSlaves: 0, lazyMs: 0, applyMs: 0, failoverJitterMs: 0 };
    expect(() => makeLimits(zero)).not.toThrow();
  });

  test('the longest texts that they allow stand in records', () => {
    const longest = { keyBytesMax: 65_534, contentTypeBytesMax: 65_535, requestIdBytesMax: 65_531 };
    expect(() => makeLimits(longest)).not.toThrow();
    const { start, end } = prefixRange('\x7f'.repeat(longest.keyBytesMax));
    const range = { kind: 'delete-range', start, end, limit: 9, isPage: true } as const;
    const contentType = 'x'.repeat(longest.contentTypeBytesMax);
    const put = { kind: 'put', key: 'k', value: new Uint8Array(0), ttlMs: 0, session: 0 } as const;
    // As that of the last item of a batch.
    const id = ['i'.repeat(longest.requestIdBytesMax), '999'].join('\0');
    const command = {
      kind: 'txn',
      compares: [],
      operations: [range, { ...put, contentType }],
      otherwise: [],
      request: { id, payloadHash: 0, keyRevision: 0 },
    } as const;
    const { records } = encodeBatch([command], 1, 1, 0);
    expect(decodeRecords(joinFrames(records))).toMatchObject([{ command }]);
  });

  test('all faults are told at once', () => {
    const faults = () => makeLimits({ heartbeatMs: 1000, removeMs: 1, failoverMs: 1 });
    expect(faults).toThrow(/heartbeatMs.*leaseMs/);
    expect(faults).toThrow(/failoverMs/);
    expect(faults).toThrow(/removeMs/);
  });
});
