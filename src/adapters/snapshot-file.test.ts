import { describe, expect, test } from 'vitest';
import { notedLog, SimLog } from '../sim/sim-log.ts';
import { makeRecords } from './storage-fixtures.ts';

describe('a snapshot', () => {
  test('is pulled piece by piece, while appends go on', () => {
    const log = new SimLog();
    log.append(makeRecords(1, 2));
    const events: string[] = [];
    function* chunks() {
      for (let piece = 1; piece <= 3; piece += 1) {
        events.push(`piece ${piece}`);
        log.storage.append(makeRecords(2 + piece, 1), () => events.push(`append ${piece}`));
        yield new Uint8Array(100);
      }
    }
    log.storage.saveSnapshot(2, chunks(), { replaceLog: false }, () => events.push('saved'));
    expect(events).toEqual([]);
    log.wait(100);
    expect(events.at(-1)).toBe('saved');
    expect(events.indexOf('append 1')).toBeLessThan(events.indexOf('piece 3'));
    expect(log.restart().records.map(({ lsn }) => lsn)).toEqual([3, 4, 5]);
  });

  test('of one large chunk is written in small pieces, and comes back whole', () => {
    const { log, calls } = notedLog();
    log.append(makeRecords(1, 2));
    const bytes = new Uint8Array(3_500_000).map((_, index) => index % 253);
    calls.length = 0;
    log.finish((done) => log.storage.saveSnapshot(2, [bytes], { replaceLog: false }, done));
    expect(calls.filter((call) => call === 'write snapshot')).toHaveLength(6);
    expect(Buffer.compare(log.restart().snapshot?.bytes ?? bytes, bytes)).toBe(0);
  });

  test('with its pieces in another order is not used', () => {
    const log = new SimLog();
    log.append(makeRecords(1, 2));
    const chunks = [new Uint8Array(100).fill(1), new Uint8Array(100).fill(2)];
    log.finish((done) => log.storage.saveSnapshot(2, chunks, { replaceLog: false }, done));
    log.damage(log.files('snapshot-')[0] ?? '', (bytes) => {
      const [first, second] = [bytes.slice(28, 140), bytes.slice(140, 252)];
      bytes.set(second, 28);
      bytes.set(first, 140);
      return undefined;
    });
    expect(log.restart().snapshot).toBe(null);
    expect(log.recovered.repairs.join()).toContain('the end does not fit the chunks');
  });

  test('whose making fails fails the log', () => {
    const log = new SimLog();
    log.append(makeRecords(1, 2));
    function* chunks() {
      yield new Uint8Array(10);
      throw new Error('no more state');
    }
    const save = () =>
      log.finish((done) => log.storage.saveSnapshot(2, chunks(), { replaceLog: false }, done));
    expect(save).toThrow('no more state');
    expect(log.restart().records).toHaveLength(2);
  });

  test('lets go of what the one before it stood for', () => {
    const log = new SimLog({ segmentBytesMax: 1 });
    for (let lsn = 1; lsn <= 9; lsn += 1) log.append(makeRecords(lsn, 1));
    log.saveSnapshot(3, 'three');
    expect(log.files('log-')).toHaveLength(9);
    log.saveSnapshot(6, 'six');
    expect(log.files('log-')).toHaveLength(6);
    log.saveSnapshot(8, 'eight');
    log.saveSnapshot(8, 'eight again');
    expect(log.files('log-')).toHaveLength(3);
    expect(log.files('snapshot-')).toHaveLength(2);
    expect(log.restart('crash').records.map(({ lsn }) => lsn)).toEqual([9]);
  });

  test('of another node takes the whole log with it', () => {
    const log = new SimLog({ segmentBytesMax: 1 });
    for (let lsn = 1; lsn <= 9; lsn += 1) log.append(makeRecords(lsn, 1));
    log.saveSnapshot(3, 'three');
    log.saveSnapshot(5, 'five', true);
    expect(log.files('log-')).toEqual([]);
    expect(log.files('snapshot-')).toHaveLength(1);
    log.append(makeRecords(6, 1, { epoch: 2 }));
    const recovered = log.restart('crash');
    expect(recovered.records.map(({ epoch }) => epoch)).toEqual([2]);
  });

  test('cannot be cut into', () => {
    const log = new SimLog();
    log.append(makeRecords(1, 5));
    log.saveSnapshot(4, 'four');
    expect(() => log.storage.cut(4, () => {})).toThrow('is in a snapshot');
    expect(() => log.storage.cut(7, () => {})).toThrow('ends before it');
  });
});
