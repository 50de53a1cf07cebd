/** Data directories as a process left them that was killed, to be damaged in every way. */
import { createFileLog } from '../../adapters/file-log.ts';
import { watermarkEveryMs } from '../../adapters/log-watermark.ts';
import { makeMeta, makeRecords } from '../../adapters/storage-fixtures.ts';
import { assert } from '../../core/errors.ts';
import { makeLimits } from '../../core/limits.ts';
import { silentLogger } from '../../ports/logger.ts';
import type { Storage } from '../../ports/storage.ts';
import { SeededRandom } from '../seeded-random.ts';
import { EventQueue, SimClock } from '../sim-clock.ts';
import { SimDisk } from '../sim-disk.ts';

export interface Place {
  readonly file: string;
  readonly offset: number;
}

export interface LogImage {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What was written to the log, by lsn - 1. */
  readonly frames: readonly Uint8Array[];
  /** Where each of them ends. */
  readonly ends: readonly Place[];
  /** Up to here the records were synced. */
  readonly syncedLsn: number;
  /** Up to here the watermark file says so. */
  readonly watermarkLsn: number;
  /** Where the last write begins that was synced: with its mark. */
  readonly lastSynced: Place;
  /** Where the last write begins, which nobody was told is synced. */
  readonly unsynced: Place;
  readonly promised: number;
}

export interface ImageOptions {
  /** Bytes of records, about. */
  readonly logBytes: number;
  readonly segmentBytesMax: number;
  /** None where nothing is said. */
  readonly logAheadBytes?: number;
  /** With snapshots at one and at two thirds of the log. */
  readonly withSnapshots?: boolean;
  /** The last writes are younger than the watermark. */
  readonly isFresh?: boolean;
  /** Values of the records, bytes, in turns; short ones where nothing is said. */
  readonly valueBytes?: readonly number[];
}

const promised = 5;
/** Of the frame that opens a write: a mark, or the beginning of a segment. */
const openingBytes = 28;
const recordsOfWrite = 3;
/** Writes that a fresh image has behind its watermark. */
const freshWrites = 3;

class Author {
  readonly frames: Uint8Array[] = [];
  readonly ends: Place[] = [];
  readonly disk: SimDisk;
  readonly #events = new EventQueue();
  readonly #storage: Storage;
  readonly #valueBytes: readonly number[];
  #writes = 0;

  constructor({ segmentBytesMax, logAheadBytes = 0, valueBytes = [20] }: ImageOptions) {
    const clock = new SimClock(this.#events);
    this.disk = new SimDisk({ clock, random: new SeededRandom(1) });
    const limits = makeLimits({ segmentBytesMax, logAheadBytes });
    this.#storage = createFileLog({ disk: this.disk, limits, logger: silentLogger, clock });
    this.#valueBytes = valueBytes;
    this.#storage.recover();
    this.#storage.saveMeta(makeMeta(promised), () => {});
  }

  settle(ms: number): void {
    const untilMs = this.#events.nowMs + ms;
    while (this.#events.runNext(untilMs));
  }

  /** Returns where the write begins. It is synced when time goes on. */
  write(): Place {
    const valueBytes = this.#valueBytes[this.#writes % this.#valueBytes.length] ?? 20;
    const epoch = 1 + Math.floor(this.#writes / 7);
    this.#writes += 1;
    const firstLsn = this.frames.length + 1;
    const records = makeRecords(firstLsn, recordsOfWrite, { epoch, valueBytes });
    for (const { frame } of records) this.frames.push(frame);
    this.#storage.append(records, () => {});
    const [file, bytes] =
      [...this.disk.files()].findLast(([name]) => name.startsWith('log-')) ?? [];
    assert(file !== undefined && bytes !== undefined, 'the write is in a file');
    const last = this.ends.at(-1);
    const offset = last?.file === file ? last.offset : 0;
    let end = offset + openingBytes;
    for (const { frame } of records) {
      const written = bytes.subarray(end, end + frame.length);
      assert(Buffer.compare(frame, written) === 0, 'it is where it is looked for');
      end += frame.length;
      this.ends.push({ file, offset: end });
    }
    return { file, offset };
  }

  saveSnapshot(): void {
    const lsns = this.frames.map((_, index) => new TextEncoder().encode(`${index + 1}\n`));
    this.#storage.saveSnapshot(this.frames.length, lsns, { replaceLog: false }, () => {});
  }
}

export function makeImage(options: ImageOptions): LogImage {
  const { logBytes, withSnapshots = false, isFresh = false } = options;
  const author = new Author(options);
  let bytes = 0;
  let lastSynced: Place | null = null;
  const snapshotBytes = withSnapshots ? [logBytes / 3, (2 * logBytes) / 3] : [];
  const writeOn = () => {
    lastSynced = author.write();
    author.settle(10);
    bytes = author.frames.reduce((sum, { length }) => sum + length, 0);
  };
  author.settle(10);
  while (bytes < logBytes) {
    writeOn();
    if (bytes < (snapshotBytes[0] ?? Number.POSITIVE_INFINITY)) continue;
    snapshotBytes.shift();
    author.saveSnapshot();
  }
  author.settle(2 * watermarkEveryMs);
  const watermarkLsn = author.frames.length;
  for (let write = 0; isFresh && write < freshWrites; write += 1) writeOn();
  const syncedLsn = author.frames.length;
  const unsynced = author.write();
  assert(lastSynced !== null, 'something was synced');
  const { frames, ends, disk } = author;
  const written = { files: disk.files(), frames, ends, promised };
  return { ...written, syncedLsn, watermarkLsn, lastSynced, unsynced };
}
