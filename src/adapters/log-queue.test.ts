import { describe, expect, test } from 'vitest';
import { notedLog, SimLog } from '../sim/sim-log.ts';
import { watermarkEveryMs } from './log-watermark.ts';
import { makeMeta, makeRecords } from './storage-fixtures.ts';

describe('group commit', () => {
  test('an append is one write and one sync, the first also a name', () => {
    const { log, calls } = notedLog();
    log.append(makeRecords(1, 20));
    expect(calls).toEqual(['write log', 'sync log', 'sync directory']);
    calls.length = 0;
    log.append(makeRecords(21, 20));
    expect(calls).toEqual(['write log', 'sync log']);
  });

  test('what waits while a sync runs is written together, and answered in order', () => {
    const { log, calls } = notedLog();
    log.append(makeRecords(1, 1));
    calls.length = 0;
    const answers: number[] = [];
    for (let lsn = 2; lsn <= 50; lsn += 1) {
      log.storage.append(makeRecords(lsn, 1), () => answers.push(lsn));
    }
    log.wait(20);
    expect(calls).toEqual(['write log', 'sync log', 'write log', 'sync log']);
    expect(answers).toEqual(Array.from({ length: 49 }, (_, index) => index + 2));
  });

  test('what is appended in answer to a write waits for its other answers', () => {
    const { log, calls } = notedLog();
    log.append(makeRecords(1, 1));
    calls.length = 0;
    let nextLsn = 5;
    for (const lsn of [2, 3, 4]) {
      log.storage.append(makeRecords(lsn, 1), () => {
        log.storage.append(makeRecords(nextLsn++, 1), () => {});
      });
    }
    log.wait(20);
    // 2 alone; then 3, 4 and the answer to 2; then the answers to 3 and 4.
    expect(calls.filter((call) => call === 'sync log')).toHaveLength(3);
    expect(log.restart().records).toHaveLength(7);
  });

  test('a cut between appends keeps its place', () => {
    const { log, calls } = notedLog();
    log.append(makeRecords(1, 3));
    calls.length = 0;
    log.storage.cut(2, () => {});
    log.storage.append(makeRecords(2, 1, { epoch: 2 }), () => {});
    log.wait(20);
    expect(calls).toEqual(['truncate log', 'sync log', 'write log', 'sync log']);
  });
});

describe('the watermark', () => {
  test('is written once in a while, and not while nothing is', () => {
    const { log, calls } = notedLog();
    for (let lsn = 1; lsn <= 100; lsn += 1) {
      log.storage.append(makeRecords(lsn, 1), () => {});
      log.wait(10);
    }
    log.wait(10 * watermarkEveryMs);
    expect(calls.filter((call) => call === 'rename watermark')).toHaveLength(1);
  });

  test('is lowered before a cut', () => {
    const { log, calls } = notedLog();
    log.append(makeRecords(1, 3));
    log.wait(2 * watermarkEveryMs);
    calls.length = 0;
    log.storage.cut(2, () => {});
    log.wait(20);
    const lowered = calls.indexOf('rename watermark');
    expect(calls.slice(lowered)).toEqual([
      'rename watermark',
      'sync directory',
      'truncate log',
      'sync log',
    ]);
  });
});

describe('a failed log', () => {
  const failing = () => {
    const { log, calls } = notedLog();
    log.append(makeRecords(1, 3));
    const errors: (Error | undefined)[] = [];
    const note = (error?: Error) => errors.push(error);
    log.disk.faults.syncFailShare = 1;
    log.storage.append(makeRecords(4, 1), note);
    log.storage.append(makeRecords(5, 1), note);
    log.storage.saveMeta(makeMeta(2), note);
    log.storage.saveSnapshot(5, [], { replaceLog: false }, note);
    log.wait(20);
    return { log, calls, errors, note };
  };

  test('gives everything under way and everything after it the first error', () => {
    const { log, errors, note } = failing();
    expect(errors).toHaveLength(4);
    expect(errors[0]?.message).toContain('EIO');
    log.disk.faults.syncFailShare = 0;
    log.storage.append(makeRecords(6, 1), note);
    log.storage.cut(6, note);
    log.storage.saveSnapshot(5, [], { replaceLog: false }, note);
    expect(errors).toHaveLength(4);
    log.wait(20);
    expect(new Set(errors)).toEqual(new Set([errors[0]]));
    expect(errors).toHaveLength(7);
  });

  test('is told of though nobody has asked for anything: a repair that fails', () => {
    const log = new SimLog();
    log.append(makeRecords(1, 3));
    log.damage('log-0000000000000001-0.dsm', (bytes) => bytes.subarray(0, -5));
    log.disk.faults.capacityBytes = 10;
    const { repairs } = log.restart();
    expect(repairs).toHaveLength(1);
    const errors: string[] = [];
    log.storage.onFailure(({ message }) => errors.push(message));
    expect(errors).toEqual([]);
    log.wait(20);
    expect(errors).toEqual([expect.stringContaining('ENOSPC')]);
    // Whoever listens later is told too.
    const later: Error[] = [];
    log.storage.onFailure((error) => later.push(error));
    log.wait(20);
    expect([errors.length, later.length]).toEqual([1, 1]);
  });

  test('touches the disk no more', () => {
    const { log, calls, note } = failing();
    log.disk.faults.syncFailShare = 0;
    calls.length = 0;
    log.storage.append(makeRecords(6, 1), note);
    log.storage.saveMeta(makeMeta(3), note);
    log.wait(10 * watermarkEveryMs);
    expect(calls).toEqual([]);
  });

  test('is one that has no room left, and recovers what was answered', () => {
    const { log } = notedLog();
    log.append(makeRecords(1, 3));
    log.disk.faults.capacityBytes = 600;
    const append = () => log.append(makeRecords(4, 20));
    expect(append).toThrow('ENOSPC');
    log.disk.faults.capacityBytes = 1e6;
    const { records } = log.restart();
    expect(records.length).toBeGreaterThanOrEqual(3);
    expect(records.length).toBeLessThan(23);
  });

  test('wrote bytes that a later sync does not save: they are written anew', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const log = new SimLog({ seed });
      log.append(makeRecords(1, 3));
      log.disk.faults.syncFailShare = 1;
      expect(() => log.append(makeRecords(4, 3, { valueBytes: 600 }))).toThrow('EIO');
      log.disk.faults.syncFailShare = 0;
      // The process starts again, sees the bytes, and builds on them; then the power fails.
      const found = log.restart('kill').records.length;
      log.append(makeRecords(found + 1, 1, { epoch: 2 }));
      expect(log.restart('crash').records).toHaveLength(found + 1);
    }
  });

  test('was closed in the middle of things', () => {
    const { log, calls } = notedLog();
    const answers: (Error | undefined)[] = [];
    log.storage.append(makeRecords(1, 3), (error) => answers.push(error));
    log.storage.saveMeta(makeMeta(2), (error) => answers.push(error));
    log.storage.close();
    expect(answers).toEqual([]);
    log.wait(100);
    expect(answers.map((error) => error?.message)).toEqual([
      'the log is closed',
      'the log is closed',
    ]);
    expect(calls).toEqual(['write log']);
  });
});
