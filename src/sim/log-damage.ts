/**
 * Exhaustive damage: makes a data directory, then damages it in every way of a kind, one at a time,
 * and looks at what a restart makes of it. A small directory in the tests, a large one by hand.
 *
 * What must hold for each: the restart is refused, or every record that was synced is there, as it
 * was, and at most records that were never synced are missing.
 */

import { createFileLog } from '../adapters/file-log.ts';
import { watermarkEveryMs } from '../adapters/log-watermark.ts';
import { makeMeta, makeRecords, nameOf } from '../adapters/storage-fixtures.ts';
import { assert } from '../core/errors.ts';
import { makeLimits } from '../core/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Disk, DiskFile } from '../ports/disk.ts';
import { silentLogger } from '../ports/logger.ts';
import { CorruptLogError, type Storage } from '../ports/storage.ts';
import { SeededRandom } from './seeded-random.ts';
import { EventQueue, SimClock } from './sim-clock.ts';
import { createSimDisk } from './sim-disk.ts';

/** A directory as a killed process left it. */
export interface LogImage {
  readonly files: Map<string, Uint8Array>;
  /** What was written to the log, as `nameOf`; by lsn. */
  readonly names: readonly string[];
  /** The records up to this were synced, and the watermark says so. */
  readonly syncedLsn: number;
  readonly promised: number;
}

export interface DamageReport {
  cases: number;
  /** Refused as damaged. */
  refused: number;
  /** All there. */
  whole: number;
  /** All there but for records that were never synced. */
  cut: number;
}

export interface ImageOptions {
  /** Bytes of records, about. */
  readonly logBytes: number;
  readonly segmentBytesMax: number;
  /** With snapshots at one and at two thirds of the log. */
  readonly withSnapshots: boolean;
}

const promised = 5;

export function makeImage({ logBytes, segmentBytesMax, withSnapshots }: ImageOptions): LogImage {
  const events = new EventQueue();
  const clock = new SimClock(events);
  const disk = createSimDisk({ clock, random: new SeededRandom(1) });
  const limits = makeLimits({ segmentBytesMax });
  const storage = createFileLog({ disk, limits, logger: silentLogger, clock });
  storage.recover();
  storage.saveMeta(makeMeta(promised), () => {});
  const names: string[] = [];
  const append = () => {
    const records = makeRecords(names.length + 1, 3, { epoch: 1 + Math.floor(names.length / 7) });
    for (const record of records) names.push(nameOf(record));
    storage.append(records, () => {});
  };
  const settle = (ms: number) => {
    const untilMs = events.nowMs + ms;
    while (events.runNext(untilMs)) {}
  };
  const writes = Math.ceil(logBytes / 300);
  for (let write = 0; write < writes; write += 1) {
    append();
    settle(10);
    const isThird = write === Math.floor(writes / 3) || write === Math.floor((2 * writes) / 3);
    if (withSnapshots && isThird) saveSnapshot(storage, names);
  }
  settle(2 * watermarkEveryMs);
  const syncedLsn = names.length;
  append();
  return { files: disk.files(), names, syncedLsn, promised };
}

function saveSnapshot(storage: Storage, names: readonly string[]): void {
  const chunks = names.map((_, index) => new TextEncoder().encode(`${index + 1}\n`));
  storage.saveSnapshot(names.length, chunks, { replaceLog: false }, () => {});
}

/** Cuts each file at each byte. */
export function truncateEverywhere(image: LogImage, names = [...image.files.keys()]): DamageReport {
  return withEach(image, names, function* (name, bytes) {
    for (let length = 0; length < bytes.length; length += 1) {
      yield new Map(image.files).set(name, bytes.subarray(0, length));
    }
  });
}

/** Flips each bit of each file. */
export function flipEverywhere(image: LogImage, names = [...image.files.keys()]): DamageReport {
  return withEach(image, names, function* (name, bytes) {
    const damaged = bytes.slice();
    const files = new Map(image.files).set(name, damaged);
    for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
      const mask = 1 << (bit & 7);
      damaged[bit >> 3]! ^= mask;
      yield files;
      damaged[bit >> 3]! ^= mask;
    }
  });
}

/** Zeroes each sector of each file, and appends zeros and stray bytes to it, and removes it. */
export function mangleEverywhere(image: LogImage, names = [...image.files.keys()]): DamageReport {
  return withEach(image, names, function* (name, bytes) {
    for (let start = 0; start < bytes.length; start += 512) {
      yield new Map(image.files).set(name, bytes.slice().fill(0, start, start + 512));
    }
    for (const stray of [
      new Uint8Array(600),
      bytes,
      bytes.slice(-100),
      new Uint8Array(9).fill(7),
    ]) {
      yield new Map(image.files).set(name, Buffer.concat([bytes, stray]));
    }
    const files = new Map(image.files);
    files.delete(name);
    yield files;
  });
}

type Files = ReadonlyMap<string, Uint8Array>;

function withEach(
  image: LogImage,
  names: readonly string[],
  damage: (name: string, bytes: Uint8Array) => Iterable<Files>,
): DamageReport {
  const report: DamageReport = { cases: 0, refused: 0, whole: 0, cut: 0 };
  for (const name of names) {
    const bytes = image.files.get(name);
    assert(bytes !== undefined, `there is a file ${name}`);
    for (const files of damage(name, bytes)) {
      report.cases += 1;
      report[judge(image, files)] += 1;
    }
  }
  return report;
}

/** Restarts on `files`. Throws where a record is wrong or a synced one is missing. */
export function judge(image: LogImage, files: Files): 'refused' | 'whole' | 'cut' {
  const disk = imageDisk(files);
  const limits = makeLimits();
  const storage = createFileLog({ disk, limits, logger: silentLogger, clock: stoppedClock });
  try {
    const { meta, snapshot, records } = storage.recover();
    assert(meta?.promised === image.promised, 'the promise is kept');
    const text = new TextDecoder().decode(snapshot?.bytes ?? new Uint8Array(0));
    const inSnapshot = text.split('\n').slice(0, -1);
    const isRight =
      inSnapshot.every((line, index) => line === String(index + 1)) &&
      records.every((record, index) => nameOf(record) === image.names[inSnapshot.length + index]);
    assert(isRight, 'everything is as it was written');
    const lastLsn = inSnapshot.length + records.length;
    assert(lastLsn >= image.syncedLsn, `${lastLsn} records of ${image.syncedLsn} synced ones`);
    return lastLsn === image.names.length ? 'whole' : 'cut';
  } catch (error) {
    if (error instanceof CorruptLogError) return 'refused';
    throw error;
  }
}

/** Files that can be read; nothing that is asked of them is ever done. */
function imageDisk(files: Files): Disk {
  const silentFile: DiskFile = { sizeBytes: 0, append() {}, sync() {}, truncate() {}, close() {} };
  return {
    list: () => [...files.keys()].sort(),
    read: (name) => files.get(name) ?? new Uint8Array(0),
    open: () => silentFile,
    rename() {},
    remove() {},
    syncDirectory() {},
  };
}

const stoppedClock: Clock = {
  monotonicMs: () => 0,
  wallMs: () => 0,
  setTimer: () => ({ cancel() {} }),
};
