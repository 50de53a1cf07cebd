import { describe, expect, test } from 'vitest';
import { config, logOf, members, puts, records } from '../sim/fixtures.ts';
import { Log } from './log.ts';

describe('the log', () => {
  test('holds exactly the records that were appended, and knows its last one', () => {
    const log = logOf('m1', puts(3, 2));
    expect(log.last).toEqual({ epoch: 1, lsn: 4 });
    expect(log.holds({ epoch: 1, lsn: 4 })).toBe(true);
    expect(log.holds({ epoch: 2, lsn: 4 })).toBe(false);
    expect(log.holds({ epoch: 1, lsn: 5 })).toBe(false);
    expect(log.holds({ epoch: 0, lsn: 0 })).toBe(true);
  });

  test('refuses a gap and a falling epoch', () => {
    const log = logOf('m1', puts(1, 2, 3));
    const [gap] = puts(1, 4, 3);
    const [fallen] = puts(1, 3, 2);
    expect(() => gap && log.append(gap)).toThrow('record 4 appended after 2');
    expect(() => fallen && log.append(fallen)).toThrow('epoch 2 appended after 3');
  });

  test('cutting brings back the configuration that was in force before', () => {
    const log = logOf('m1 s1', records([config('m1 s1', 'm1 s1 s2')], 2));
    expect(log.configLsn).toBe(2);
    log.cut(2);
    expect(log.configLsn).toBe(1);
    expect(log.members).toEqual(members('m1 s1'));
    expect(log.lastLsn).toBe(1);
  });

  test('both configurations are in force until the last one is known to be committed', () => {
    const log = logOf('m1 s1', records([config('m1 s1', 'm1 s2')], 2));
    expect(log.configsInForce(1)).toEqual([members('m1 s1'), members('m1 s2')]);
    expect(log.configsInForce(2)).toEqual([members('m1 s2')]);
    expect(new Log().configsInForce(0)).toEqual([]);
  });

  test('trimming keeps positions, the configuration in force, and the size right', () => {
    const log = logOf('m1 s1', [...records([config('m1 s1', 'm1 s2')], 2), ...puts(8, 3)]);
    const before = log.bytes;
    const dropped = [1, 2, 3, 4, 5].reduce((sum, lsn) => sum + (log.at(lsn)?.frame.length ?? 0), 0);
    log.trim(5);
    expect(log.base).toEqual({ epoch: 1, lsn: 5 });
    expect(log.lastLsn).toBe(10);
    expect(log.at(5)).toBeUndefined();
    expect(log.at(6)?.lsn).toBe(6);
    expect(log.epochAt(5)).toBe(1);
    expect(log.epochAt(4)).toBeUndefined();
    expect(log.bytes).toBe(before - dropped);
    expect(log.members).toEqual(members('m1 s2'));
    expect(log.membersAt(5)).toEqual(members('m1 s2'));
  });

  test('trims many records in blocks without losing count', () => {
    const log = new Log();
    for (const record of puts(10_000, 1)) log.append(record);
    for (let lsn = 500; lsn <= 9_500; lsn += 500) {
      log.trim(lsn);
      expect(log.at(lsn + 1)?.lsn).toBe(lsn + 1);
      expect(log.lastLsn).toBe(10_000);
    }
    log.cut(9_800);
    expect(log.last).toEqual({ epoch: 1, lsn: 9_799 });
    const rest = log.slice(9_501, Number.POSITIVE_INFINITY);
    expect(log.bytes).toBe(rest.reduce((sum, { frame }) => sum + frame.length, 0));
  });

  test('cuts nothing at or below what was trimmed: that is applied', () => {
    const log = logOf('m1', puts(5, 2));
    log.trim(3);
    expect(() => log.cut(3)).toThrow('at or below the applied base');
  });

  test('slices by bytes, but never less than one record', () => {
    const log = logOf('m1', puts(5, 2));
    expect(log.slice(2, 1)).toHaveLength(1);
    const one = log.at(2)?.frame.length ?? 0;
    expect(log.slice(2, one * 3)).toHaveLength(3);
    expect(log.slice(7, 1000)).toEqual([]);
  });

  test('orders logs by the epoch of the last record first', () => {
    const log = logOf('m1', puts(3, 2, 4));
    expect(log.isAtLeast({ epoch: 3, lsn: 100 })).toBe(true);
    expect(log.isAtLeast({ epoch: 4, lsn: 4 })).toBe(true);
    expect(log.isAtLeast({ epoch: 4, lsn: 5 })).toBe(false);
    expect(log.isAtLeast({ epoch: 5, lsn: 1 })).toBe(false);
  });
});
