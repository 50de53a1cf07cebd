import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { config, logOf, members, puts, records } from '../sim/fixtures.ts';
import { Log } from './log.ts';
import { decodeRecords, joinFrames, type Record } from './record.ts';

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
    log.settle(7);
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
    log.settle(9_600);
    for (let lsn = 500; lsn <= 9_500; lsn += 500) {
      log.trim(lsn);
      expect(log.at(lsn + 1)?.lsn).toBe(lsn + 1);
      expect(log.lastLsn).toBe(10_000);
    }
    log.cut(9_800);
    expect(log.last).toEqual({ epoch: 1, lsn: 9_799 });
    const rest = log.framesFrom(9_501, Number.POSITIVE_INFINITY);
    expect(rest.count).toBe(299);
    expect(log.bytes).toBe(rest.bytes.length);
  });

  test('lets go of the buffers of trimmed records at once', async () => {
    const log = new Log();
    const append = (lsn: number): WeakRef<object> => {
      // As it came over the network: in a buffer of its own.
      const [record] = decodeRecords(joinFrames(puts(1, lsn)).slice());
      if (record !== undefined) log.append(record);
      return new WeakRef(record?.bytes.buffer ?? {});
    };
    const buffers = [1, 2, 3].map(append);
    log.settle(3);
    log.trim(2);
    // What a WeakRef was asked for or made with stays until the turn is over.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    const isHeld = buffers.map((buffer) => buffer.deref() !== undefined);
    expect(isHeld).toEqual([false, false, true]);
    expect(log.framesFrom(3, 1).count).toBe(1);
  });

  test('cuts and trims only on its own side of what is settled', () => {
    const log = logOf('m1', puts(5, 2));
    log.settle(4);
    expect(() => log.cut(4)).toThrow('cut at 4, which is applied');
    expect(() => log.trim(5)).toThrow('trimmed to 5, which is not settled');
    log.cut(5);
    log.trim(4);
    expect(log.base).toEqual({ epoch: 1, lsn: 4 });
    expect(log.last).toEqual({ epoch: 1, lsn: 4 });
  });

  test('gives frames by bytes, but never less than one record', () => {
    const log = logOf('m1', puts(5, 2));
    const one = log.at(2)?.frameBytes ?? 0;
    for (const settled of [0, 2, 3, 6]) {
      log.settle(settled);
      expect(log.framesFrom(2, 1).count).toBe(1);
      expect(log.framesFrom(2, one * 3).count).toBe(3);
      expect(log.framesFrom(7, 1000)).toEqual({ bytes: new Uint8Array(0), count: 0 });
    }
  });

  test('orders logs by the epoch of the last record first', () => {
    const log = logOf('m1', puts(3, 2, 4));
    expect(log.isAtLeast({ epoch: 3, lsn: 100 })).toBe(true);
    expect(log.isAtLeast({ epoch: 4, lsn: 4 })).toBe(true);
    expect(log.isAtLeast({ epoch: 4, lsn: 5 })).toBe(false);
    expect(log.isAtLeast({ epoch: 5, lsn: 1 })).toBe(false);
  });
});

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

/** What the log is to others: every record of it, by position. */
class ModelLog {
  baseLsn = 0;
  settledLsn = 0;
  records: Record[] = [];

  from(lsn: number): Record[] {
    return this.records.filter((record) => record.lsn >= lsn);
  }
}

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 6 }) }),
    fc.record({
      kind: fc.constantFrom('settle' as const, 'cut' as const, 'trim' as const, 'epoch' as const),
      count: fc.integer({ min: 0, max: 8 }),
    }),
  ),
  { maxLength: 60 },
);

describe('a log, settled or not,', () => {
  test('is the same log to who reads it', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 2000 }), (plan, bytesMax) => {
        const log = new Log();
        const model = new ModelLog();
        let epoch = 1;
        for (const { kind, count } of plan) {
          if (kind === 'epoch') epoch += count % 2;
          else step(log, model, kind, count, epoch);
          expectSame(log, model, bytesMax);
        }
      }),
      { numRuns: 300 },
    );
  });
});

function step(
  log: Log,
  model: ModelLog,
  kind: 'append' | 'settle' | 'cut' | 'trim',
  count: number,
  epoch: number,
): void {
  switch (kind) {
    case 'append':
      for (const record of puts(count, log.lastLsn + 1, epoch)) {
        log.append(record);
        model.records.push(record);
      }
      return;
    case 'settle':
      model.settledLsn = Math.min(model.settledLsn + count, log.lastLsn);
      log.settle(model.settledLsn);
      return;
    case 'cut': {
      const lsn = Math.max(model.settledLsn + 1, log.lastLsn + 1 - count);
      log.cut(lsn);
      model.records = model.records.filter((record) => record.lsn < lsn);
      return;
    }
    case 'trim':
      model.baseLsn = Math.min(model.baseLsn + count, model.settledLsn);
      log.trim(model.baseLsn);
      model.records = model.from(model.baseLsn + 1);
  }
}

function expectSame(log: Log, model: ModelLog, bytesMax: number): void {
  const { baseLsn, records: expected } = model;
  expect(log.base.lsn).toBe(baseLsn);
  expect(log.lastLsn).toBe(baseLsn + expected.length);
  expect(log.at(baseLsn)).toBeUndefined();
  expect(log.bytes).toBe(expected.reduce((sum, { frameBytes }) => sum + frameBytes, 0));
  for (const { lsn, epoch, command } of expected) {
    expect(log.epochAt(lsn)).toBe(epoch);
    expect(log.at(lsn)?.command).toEqual(command);
    const { bytes, count } = log.framesFrom(lsn, bytesMax);
    const sent = model.from(lsn).slice(0, count);
    expect([...bytes]).toEqual(sent.flatMap(({ frame }) => [...frame]));
    const next = model.from(lsn)[count];
    expect(bytes.length <= bytesMax || count === 1).toBe(true);
    if (next !== undefined) expect(bytes.length + next.frameBytes).toBeGreaterThan(bytesMax);
  }
}
