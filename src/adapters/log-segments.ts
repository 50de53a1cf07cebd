/**
 * The segments of the log and the file at its end. Called by one lane (file-log.ts): an operation
 * begins only when the one before it is done, so at any time at most one write is not synced.
 */
import type { Limits } from '../core/limits.ts';
import { joinFrames, type Record } from '../core/record.ts';
import type { Disk, DiskDone, DiskFile } from '../ports/disk.ts';
import { encodeMark, encodeSegmentStart, type Place } from './log-frames.ts';
import { segmentName } from './log-names.ts';
import type { Segment } from './log-recovery.ts';
import { asError, inOrder, type Step } from './log-steps.ts';

/** Where the next write goes. */
interface End {
  readonly segment: Segment;
  readonly file: DiskFile;
  readonly isNew: boolean;
}

/** So many writes like the last one should fit into what is written ahead. */
const aheadWritesMin = 4;

export class LogSegments {
  readonly #disk: Disk;
  readonly #segmentBytesMax: number;
  readonly #zeros: Uint8Array;
  #series: number;
  /** Oldest first; only the last is written to. */
  #segments: Segment[];
  /** Of the last segment; null until it is needed. */
  #file: DiskFile | null = null;
  /** lsn of the last record that is synced. */
  #lastLsn: number;

  constructor(
    disk: Disk,
    limits: Pick<Limits, 'segmentBytesMax' | 'logAheadBytes'>,
    found: { readonly segments: Segment[]; readonly series: number; readonly lastLsn: number },
  ) {
    this.#disk = disk;
    this.#segmentBytesMax = limits.segmentBytesMax;
    this.#zeros = new Uint8Array(Math.min(limits.logAheadBytes, limits.segmentBytesMax));
    this.#segments = found.segments;
    this.#series = found.series;
    this.#lastLsn = found.lastLsn;
  }

  get lastLsn(): number {
    return this.#lastLsn;
  }

  get series(): number {
    return this.#series;
  }

  get count(): number {
    return this.#segments.length;
  }

  /** Bytes of the log behind the record `lsn`, counting a write under way. */
  bytesAfter(lsn: number): number {
    let bytes = 0;
    for (const { firstLsn, sizeBytes, offsets } of this.#segments) {
      const start = firstLsn > lsn ? 0 : (offsets[lsn + 1 - firstLsn] ?? sizeBytes);
      bytes += sizeBytes - start;
    }
    return bytes;
  }

  /** All batches with one write and one sync. */
  append(batches: readonly (readonly Record[])[], done: DiskDone): void {
    let end: End;
    try {
      end = this.#openEnd();
    } catch (error) {
      done(asError(error));
      return;
    }
    const { segment, file, isNew } = end;
    const opening = isNew
      ? encodeSegmentStart({ lsn: segment.firstLsn, series: this.#series })
      : encodeMark(segment.sizeBytes, this.#lastLsn);
    const offset = segment.sizeBytes;
    const chunks = [opening];
    segment.sizeBytes += opening.length;
    let lastLsn = this.#lastLsn;
    for (const records of batches) {
      chunks.push(joinFrames(records));
      for (const { frameBytes } of records) {
        segment.offsets.push(segment.sizeBytes);
        segment.sizeBytes += frameBytes;
      }
      lastLsn += records.length;
    }
    if (segment.sizeBytes > segment.fileBytes) {
      chunks.push(...this.#goAhead(segment, segment.sizeBytes - offset));
    }
    const steps: Step[] = [(next) => file.write(offset, chunks, next), (next) => file.sync(next)];
    if (isNew) steps.push((next) => this.#disk.syncDirectory(next));
    inOrder(steps, (error) => {
      if (error === undefined) this.#lastLsn = lastLsn;
      done(error);
    });
  }

  /**
   * Zeros behind a write of `writtenBytes` that ends beyond the file. The next writes go over them, so
   * that their syncs have no new length to save, which on ext4 takes as long as the bytes do. Where
   * few writes would fit into them they are left out: they would cost more than they save.
   */
  #goAhead(segment: Segment, writtenBytes: number): Uint8Array[] {
    const roomBytes = Math.max(0, this.#segmentBytesMax - segment.sizeBytes);
    const zeros = this.#zeros.subarray(0, roomBytes);
    const isWorth = zeros.length >= aheadWritesMin * writtenBytes;
    segment.fileBytes = segment.sizeBytes + (isWorth ? zeros.length : 0);
    return isWorth ? [zeros] : [];
  }

  /**
   * Drops all records from `lsn` on. Newest first, each step durable before the next, so that a
   * crash leaves a log without a gap: some of the records that were to go are still there.
   */
  cut(lsn: number, done: DiskDone): void {
    this.#lastLsn = lsn - 1;
    const keptCount = this.#segments.findLastIndex(({ firstLsn }) => firstLsn < lsn) + 1;
    const removed = this.#segments.splice(keptCount).reverse();
    if (removed.length > 0) this.#closeFile();
    const steps = removed.flatMap(({ name }): Step[] => [
      (next) => this.#disk.remove(name, next),
      (next) => this.#disk.syncDirectory(next),
    ]);
    const segment = this.#segments.at(-1);
    if (segment !== undefined && lsn - segment.firstLsn < segment.offsets.length) {
      steps.push((next) => this.#truncate(segment, lsn - segment.firstLsn, next));
    }
    inOrder(steps, done);
  }

  /** Removes the segments that end before `lsn`, but for the last one; does not sync that. */
  dropBefore(lsn: number, done: DiskDone): void {
    const index = this.#segments.findLastIndex(({ firstLsn }) => firstLsn <= lsn);
    this.#remove(this.#segments.splice(0, Math.max(0, index)), done);
  }

  /** Removes all segments and goes on behind the place, in a new series; not synced either. */
  restart({ lsn, series }: Place, done: DiskDone): void {
    this.#closeFile();
    this.#series = series;
    this.#lastLsn = lsn;
    this.#remove(this.#segments.splice(0), done);
  }

  close(): void {
    this.#closeFile();
  }

  /** The last segment, or a new one after it. Throws where it cannot be opened. */
  #openEnd(): End {
    const last = this.#segments.at(-1);
    if (last !== undefined && this.#canGrow(last)) {
      return { segment: last, file: this.#open(last), isNew: false };
    }
    this.#closeFile();
    const firstLsn = this.#lastLsn + 1;
    const name = segmentName(firstLsn, this.#series);
    const empty = { sizeBytes: 0, fileBytes: 0, offsets: [], isUnread: false };
    const segment: Segment = { firstLsn, name, ...empty };
    this.#segments.push(segment);
    return { segment, file: this.#open(segment), isNew: true };
  }

  #canGrow({ isUnread, firstLsn, sizeBytes }: Segment): boolean {
    // One without a record is not full, whatever the limit: the next would have the same name.
    const isEmpty = firstLsn === this.#lastLsn + 1;
    return !isUnread && (isEmpty || sizeBytes < this.#segmentBytesMax);
  }

  /** Throws where the file cannot be opened or is not as it was left. */
  #open({ name, fileBytes }: Segment): DiskFile {
    this.#file ??= this.#disk.open(name);
    const found = this.#file.sizeBytes;
    if (found !== fileBytes) {
      const expected = `${name} has ${found} bytes, not the ${fileBytes} that were written`;
      throw new Error(`${expected}; is another process writing to this data directory?`);
    }
    return this.#file;
  }

  #truncate(segment: Segment, recordCount: number, done: DiskDone): void {
    let file: DiskFile;
    try {
      file = this.#open(segment);
    } catch (error) {
      done(asError(error));
      return;
    }
    const sizeBytes = segment.offsets[recordCount] ?? segment.sizeBytes;
    segment.sizeBytes = sizeBytes;
    segment.fileBytes = sizeBytes;
    segment.offsets.length = recordCount;
    inOrder([(next) => file.truncate(sizeBytes, next), (next) => file.sync(next)], done);
  }

  #remove(segments: readonly Segment[], done: DiskDone): void {
    const steps = segments.map(
      ({ name }): Step =>
        (next) =>
          this.#disk.remove(name, next),
    );
    inOrder(steps, done);
  }

  #closeFile(): void {
    this.#file?.close();
    this.#file = null;
  }
}
