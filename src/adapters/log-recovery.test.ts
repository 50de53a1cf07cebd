import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { formatVersion } from '../core/frame.ts';
import { CorruptLogError } from '../ports/storage.ts';
import { flipAt, SimLog, type SimLogOptions } from '../sim/sim-log.ts';
import { watermarkEveryMs } from './log-watermark.ts';
import { makeMeta, makeRecords } from './storage-fixtures.ts';

const firstSegment = 'log-0000000000000001-0.dsm';
/** Of the frame that begins a segment. */
const startBytes = 28;
const markBytes = 28;
const lsnsOf = (log: SimLog) => log.recovered.records.map(({ lsn }) => lsn);

/** Three writes: records 1–2, 3–4 and 5–6. */
function threeWrites(segmentBytesMax = 100_000, seed = 1): SimLog {
  const log = new SimLog({ segmentBytesMax, seed });
  for (const firstLsn of [1, 3, 5]) log.append(makeRecords(firstLsn, 2));
  return log;
}

const settleWatermark = (log: SimLog) => log.wait(2 * watermarkEveryMs);

describe('a torn write', () => {
  test('is cut, and the log goes on where it was cut', () => {
    const log = threeWrites();
    log.damage(firstSegment, (bytes) => bytes.subarray(0, -5));
    log.restart();
    expect(lsnsOf(log)).toEqual([1, 2, 3, 4, 5]);
    expect(log.recovered.repairs).toEqual([expect.stringContaining('never synced')]);
    log.append(makeRecords(6, 1, { epoch: 2 }));
    log.restart('crash');
    expect(lsnsOf(log)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(log.recovered.repairs).toEqual([]);
  });

  test('may have kept its end and lost its beginning', () => {
    const log = threeWrites();
    log.append(makeRecords(7, 3, { valueBytes: 700 }));
    log.damage(firstSegment, (bytes) => {
      bytes.fill(0, bytes.length - 2200, bytes.length - 1500);
      return undefined;
    });
    log.restart();
    expect(lsnsOf(log)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('of zeros only is cut', () => {
    const log = threeWrites();
    log.damage(firstSegment, (bytes) => Buffer.concat([bytes, new Uint8Array(700)]));
    log.restart();
    expect(lsnsOf(log)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('that was to begin a segment leaves no segment behind', () => {
    for (const length of [0, 10, 40]) {
      const log = threeWrites(1);
      log.damage('log-0000000000000005-0.dsm', (bytes) => bytes.subarray(0, length));
      log.restart();
      expect(lsnsOf(log)).toEqual([1, 2, 3, 4]);
      log.append(makeRecords(5, 1));
      log.restart('crash');
      expect(lsnsOf(log)).toEqual([1, 2, 3, 4, 5]);
    }
  });
});

describe('zeros ahead of the end', () => {
  const withAhead = (options: SimLogOptions = {}) => {
    const log = new SimLog({ logAheadBytes: 4000, ...options });
    for (const firstLsn of [1, 3, 5]) log.append(makeRecords(firstLsn, 2));
    return log;
  };
  const bytesOf = (log: SimLog, name = firstSegment) => log.disk.files().get(name) ?? Buffer.of();
  const endOf = (log: SimLog) => bytesOf(log).findLastIndex((byte) => byte !== 0) + 1;

  test('are written over: most writes leave the file as long as it is', () => {
    const log = withAhead();
    const lengths = Array.from({ length: 100 }, (_, index) => {
      log.append(makeRecords(7 + index, 1));
      return bytesOf(log).length;
    });
    expect(new Set(lengths).size).toBe(3);
    expect(log.restart('crash').records).toHaveLength(106);
  });

  test('end the log, and are written over after a restart too', () => {
    const log = withAhead();
    settleWatermark(log);
    const { length } = bytesOf(log);
    log.restart();
    expect([lsnsOf(log), log.recovered.repairs]).toEqual([[1, 2, 3, 4, 5, 6], []]);
    log.append(makeRecords(7, 2));
    expect(bytesOf(log)).toHaveLength(length);
    expect(log.restart('crash').records).toHaveLength(8);
  });

  test('do not end it where other bytes follow: a write that lost its beginning is cleared away', () => {
    const log = withAhead();
    settleWatermark(log);
    const end = endOf(log);
    log.append(makeRecords(7, 3, { valueBytes: 200 }));
    log.damage(firstSegment, (bytes) => void bytes.fill(0, end, end + 300));
    log.restart();
    expect(lsnsOf(log)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(log.recovered.repairs).toEqual([expect.stringContaining('never synced')]);
    log.wait(100);
    expect(bytesOf(log)).toHaveLength(end);
    log.append(makeRecords(7, 1, { epoch: 2 }));
    expect(log.restart('crash').records.map(({ epoch }) => epoch)).toEqual([1, 1, 1, 1, 1, 1, 2]);
  });

  test('behind a mark alone are no end: its page may be nowhere but in memory', () => {
    const log = withAhead();
    settleWatermark(log);
    const end = endOf(log);
    log.append(makeRecords(7, 1));
    log.damage(firstSegment, (bytes) => void bytes.fill(0, end + markBytes));
    log.restart();
    expect(lsnsOf(log)).toEqual([1, 2, 3, 4, 5, 6]);
    log.wait(100);
    expect(bytesOf(log)).toHaveLength(end);
  });

  test('of an older segment stay its own, whatever the watermark says', () => {
    const log = withAhead();
    settleWatermark(log);
    log.limits = { segmentBytesMax: 100, logAheadBytes: 0 };
    log.restart();
    log.append(makeRecords(7, 1));
    expect(log.files('log-')).toHaveLength(2);
    log.damage('watermark.dsm', flipAt(20));
    log.restart();
    log.finish((done) => log.storage.cut(7, done));
    log.finish((done) => log.storage.cut(6, done));
    log.append(makeRecords(6, 1, { epoch: 2 }));
    expect(log.restart('crash').records.map(({ epoch }) => epoch)).toEqual([1, 1, 1, 1, 1, 2]);
  });

  test('do not stand for records that were synced', () => {
    const log = withAhead();
    settleWatermark(log);
    log.damage(firstSegment, (bytes) => void bytes.fill(0, startBytes));
    expect(() => log.restart()).toThrow('ends with record 0, but record 6 was synced');
  });

  test('are cut with the records before them', () => {
    const log = withAhead();
    const { length } = bytesOf(log);
    log.finish((done) => log.storage.cut(3, done));
    expect(bytesOf(log).length).toBeLessThan(400);
    log.append(makeRecords(3, 1, { epoch: 2 }));
    expect(bytesOf(log).length).toBeGreaterThan(length / 2);
    expect(log.restart('crash').records.map(({ epoch }) => epoch)).toEqual([1, 1, 2]);
  });

  test('make no segment longer than it may be, and are left out behind long writes', () => {
    const full = withAhead({ segmentBytesMax: 1500 });
    expect(bytesOf(full)).toHaveLength(1500);
    const log = withAhead();
    const ends = [7, 8, 9].map((lsn) => {
      log.append(makeRecords(lsn, 1, { valueBytes: 3000 }));
      return [bytesOf(log).length, endOf(log)];
    });
    expect(ends.slice(1).map(([length, end]) => length === end)).toEqual([true, true]);
  });
});

describe('a cut whose sync failed is seen by the next start, which makes it last', () => {
  test.each([
    ['below the watermark', 6, settleWatermark],
    [
      'just behind the watermark',
      7,
      (log: SimLog) => {
        settleWatermark(log);
        log.append(makeRecords(7, 1));
      },
    ],
    ['just behind a snapshot', 5, (log: SimLog) => log.saveSnapshot(4, 'four')],
  ])('%s', (_, lsn, prepare) => {
    // Whether a truncation that was not synced is on the disk is chance.
    for (let seed = 1; seed <= 20; seed += 1) {
      const log = threeWrites(100_000, seed);
      prepare(log);
      const bytes = () => log.disk.files().get(firstSegment)?.length ?? 0;
      const before = bytes();
      let failure: Error | undefined;
      log.storage.cut(lsn, (error) => {
        failure = error;
      });
      while (bytes() === before) log.events.runNext(Number.POSITIVE_INFINITY);
      log.disk.faults.syncFailShare = 1;
      log.wait(100);
      expect(failure?.message).toContain('EIO');
      log.disk.faults.syncFailShare = 0;
      for (const how of ['kill', 'crash'] as const) {
        log.restart(how);
        expect(lsnsOf(log).at(-1) ?? log.recovered.snapshot?.lsn).toBe(lsn - 1);
        log.wait(100);
      }
    }
  });
});

describe('damage is refused', () => {
  const refused = (log: SimLog) => {
    try {
      log.restart();
    } catch (error) {
      expect(error).toBeInstanceOf(CorruptLogError);
      return error instanceof Error ? error.message : '';
    }
    throw new Error('it was not refused');
  };

  test('a bad record with a later write after it, with file, byte, finding and advice', () => {
    const log = threeWrites();
    log.damage(firstSegment, flipAt(100));
    expect(refused(log)).toBe(
      'log-0000000000000001-0.dsm is damaged at byte 28: a frame has a wrong checksum at byte ' +
        '28, and record 4 after it was synced. Do not repair it by hand: later records may have ' +
        'been acknowledged. Move this data directory away and start the master with an empty one; ' +
        'it joins as a new node and gets the log from the others. Keep the old directory until ' +
        'it has caught up.',
    );
  });

  test('a bad mark with a later write after it', () => {
    const log = threeWrites();
    const secondMark = startBytes + 2 * (makeRecords(1, 1)[0]?.frame.length ?? 0);
    log.damage(firstSegment, flipAt(secondMark + 10));
    expect(refused(log)).toContain(`byte ${secondMark}`);
  });

  test('a bad last record below the watermark', () => {
    const log = threeWrites();
    settleWatermark(log);
    log.damage(firstSegment, flipAt(-1));
    expect(refused(log)).toContain('record 6 after it was synced');
  });

  test('a log that ends before the watermark', () => {
    const log = threeWrites();
    settleWatermark(log);
    log.damage(firstSegment, (bytes) => bytes.subarray(0, startBytes));
    expect(refused(log)).toContain('ends with record 0, but record 6 was synced');
  });

  test('a bad record in an older segment', () => {
    const log = threeWrites(1);
    log.damage(firstSegment, flipAt(-1));
    expect(refused(log)).toContain('there are later segments');
  });

  test('a missing segment', () => {
    const log = threeWrites(1);
    log.finish((done) => log.disk.remove('log-0000000000000003-0.dsm', done));
    expect(refused(log)).toContain('begins with record 5, but 3 is missing');
    const headless = threeWrites(1);
    headless.finish((done) => headless.disk.remove(firstSegment, done));
    expect(refused(headless)).toContain('begins with record 3, but 1 is missing');
  });

  test('records that are whole but out of place', () => {
    const log = threeWrites();
    const [record] = makeRecords(9, 1);
    log.damage(firstSegment, (bytes) => Buffer.concat([bytes, record?.frame ?? bytes]));
    expect(refused(log)).toContain('record 9 stands where record 7 should');
  });

  test('a segment under the name of another', () => {
    const log = threeWrites(1);
    const bytes = log.disk.files().get('log-0000000000000003-0.dsm') ?? new Uint8Array(0);
    log.disk.overwrite('log-0000000000000005-0.dsm', bytes);
    expect(refused(log)).toContain('it begins with record 3');
  });

  test('a meta that is damaged or missing', () => {
    const log = threeWrites();
    log.damage('meta.dsm', flipAt(20));
    expect(refused(log)).toContain('the promises of this node are lost');
    log.finish((done) => log.disk.remove('meta.dsm', done));
    expect(refused(log)).toContain('meta.dsm is missing, but there is a log');
  });

  test('a snapshot that nothing makes up for', () => {
    const log = new SimLog();
    log.saveSnapshot(10, 'from another node', true);
    log.append(makeRecords(11, 1));
    const [name = ''] = log.files('snapshot-');
    log.damage(name, flipAt(45));
    expect(refused(log)).toContain(`${name} is damaged at byte 28`);
  });

  test('the files of a later dsm, with other advice', () => {
    const log = threeWrites();
    log.damage(firstSegment, (bytes) => {
      const [frame] = makeRecords(7, 1).map((record) => record.frame.slice());
      if (frame === undefined) return undefined;
      // As a later version would write it: another number, and a checksum that fits.
      frame[8] = formatVersion + 1;
      return Buffer.concat([bytes, withChecksum(frame)]);
    });
    expect(refused(log)).toContain('Start the version of dsm that wrote it');
  });
});

describe('a damaged snapshot', () => {
  test('is made up for by the one before it and the log', () => {
    const log = threeWrites(1);
    log.saveSnapshot(2, 'two');
    log.saveSnapshot(4, 'four');
    const newest = log.files('snapshot-').at(-1) ?? '';
    log.damage(newest, flipAt(50));
    log.restart();
    expect(log.recovered.snapshot?.lsn).toBe(2);
    expect(lsnsOf(log)).toEqual([3, 4, 5, 6]);
    expect(log.recovered.repairs.join()).toContain(`${newest} was not used`);
    log.wait(100);
    expect(log.files('snapshot-')).toHaveLength(1);
  });

  test('is made up for by a log that was never cut', () => {
    const log = threeWrites(1);
    log.saveSnapshot(4, 'four');
    log.damage(log.files('snapshot-')[0] ?? '', (bytes) => bytes.subarray(0, 20));
    log.restart();
    expect(log.recovered.snapshot).toBe(null);
    expect(lsnsOf(log)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('what does not belong to the log', () => {
  test('left over from a crash, it is removed', () => {
    const log = threeWrites();
    log.disk.overwrite('meta.dsm.tmp', new Uint8Array(3));
    log.disk.overwrite('snapshot-0000000000000004-0.dsm.tmp', new Uint8Array(3));
    log.restart();
    expect(log.recovered.repairs).toHaveLength(2);
    log.finish((done) => log.storage.saveMeta(makeMeta(2), done));
    expect(log.files('').filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('of the log that a snapshot of another node replaced, it is removed', () => {
    const log = threeWrites(1);
    const old = log.disk.files();
    log.saveSnapshot(2, 'two of another history', true);
    log.append(makeRecords(3, 1, { epoch: 9 }));
    // As if the power had failed before the old log was removed.
    for (const [name, bytes] of old) if (name.startsWith('log-')) log.disk.overwrite(name, bytes);
    log.restart();
    expect(log.recovered.records.map(({ lsn, epoch }) => [lsn, epoch])).toEqual([[3, 9]]);
    log.wait(100);
    expect(log.files('log-')).toEqual(['log-0000000000000003-1.dsm']);
  });

  test("somebody else's, it is left alone, with a warning", () => {
    const log = threeWrites();
    for (const name of ['notes.txt', 'log-1.dsm', 'backup.tmp']) {
      log.disk.overwrite(name, new Uint8Array(3));
    }
    log.restart();
    log.wait(100);
    expect(log.warnings).toHaveLength(3);
    expect(log.files('')).toEqual(expect.arrayContaining(['notes.txt', 'log-1.dsm', 'backup.tmp']));
  });

  test('a damaged watermark is not used', () => {
    const log = threeWrites();
    settleWatermark(log);
    log.damage('watermark.dsm', flipAt(20));
    log.restart();
    expect(lsnsOf(log)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(log.recovered.repairs).toEqual([expect.stringContaining('watermark.dsm')]);
  });
});

function withChecksum(frame: Uint8Array): Uint8Array {
  const body = frame.subarray(8);
  new DataView(frame.buffer).setUint32(4, crc32(body, body.length), true);
  return frame;
}
