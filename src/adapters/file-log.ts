/**
 * The log, the meta and the snapshots of one master in the files of one directory (log-names.ts).
 *
 * Everything that changes the log goes through one queue, one operation at a time, each synced
 * before the next begins: that is what lets a restarted node tell a torn write from damage
 * (log-recovery.ts). Only a snapshot is written beside the queue, into a file that nothing else
 * looks at.
 *
 * Any failed write or sync is the end (DESIGN.md §5 rule 13): what the disk then holds is not
 * known, and asking again would be answered with a success that means nothing.
 */
import { assert } from '../core/errors.ts';
import type { Limits } from '../core/limits.ts';
import type { Record } from '../core/record.ts';
import type { Clock } from '../ports/clock.ts';
import type { Disk, DiskDone } from '../ports/disk.ts';
import type { Logger } from '../ports/logger.ts';
import type { Meta, Recovered, Storage } from '../ports/storage.ts';
import { encodeMeta, type Place } from './log-frames.ts';
import { guardDisk } from './log-guard.ts';
import { metaName, snapshotName } from './log-names.ts';
import { LogQueue } from './log-queue.ts';
import { type RecoveredLog, readLog, snapshotsKept } from './log-recovery.ts';
import { LogSegments } from './log-segments.ts';
import { createLane, inOrder, replaceFile, type Step } from './log-steps.ts';
import { Watermark } from './log-watermark.ts';
import { writeSnapshot } from './snapshot-file.ts';

export interface FileLogOptions {
  readonly disk: Disk;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * The directory must be this process's alone (data-lock.ts). A node saves its meta before its first
 * record: a log without a meta has lost its promises, and `recover` refuses it.
 */
export function createFileLog(options: FileLogOptions): Storage {
  return new FileLog(options);
}

/** What `recover` makes. */
interface Parts {
  readonly segments: LogSegments;
  readonly watermark: Watermark;
  /** Oldest first. */
  readonly snapshots: Place[];
}

class FileLog implements Storage {
  readonly #options: FileLogOptions;
  readonly #disk: Disk;
  readonly #queue: LogQueue;
  readonly #snapshotLane = createLane();
  #recovered: Parts | null = null;
  #failureListener: (error: Error) => void = () => {};
  /** lsn of the next record to be handed in. */
  #nextLsn = 1;
  /** lsn of the newest snapshot handed in: nothing is cut at or below it. */
  #snapshotLsn = 0;

  constructor(options: FileLogOptions) {
    this.#options = options;
    this.#queue = new LogQueue({
      clock: options.clock,
      write: (batches, done) => this.#write(batches, done),
      onFailure: (error) => this.#onFailure(error),
    });
    this.#disk = guardDisk(options.disk, () => this.#queue.failure);
  }

  get logBytes(): number {
    const { segments, snapshots } = this.#parts;
    return segments.bytesAfter(snapshots.at(-1)?.lsn ?? 0);
  }

  get segmentCount(): number {
    return this.#parts.segments.count;
  }

  get #parts(): Parts {
    assert(this.#recovered !== null, 'recover is called before everything else');
    return this.#recovered;
  }

  recover(): Recovered {
    assert(this.#recovered === null, 'recover is called once');
    const { limits, logger, clock } = this.#options;
    const log = readLog(this.#disk, logger);
    const { series, lastLsn, recovered } = log;
    const written = log.watermark ?? { lsn: 0, series };
    this.#recovered = {
      segments: new LogSegments(this.#disk, limits, log),
      watermark: new Watermark(this.#disk, clock, written, (error) => this.#queue.fail(error)),
      snapshots: log.snapshots,
    };
    this.#nextLsn = lastLsn + 1;
    this.#snapshotLsn = recovered.snapshot?.lsn ?? 0;
    for (const repair of recovered.repairs) logger.warn(repair);
    this.#queue.enqueue((next) => this.#repair(log, next));
    return recovered;
  }

  onFailure(listener: (error: Error) => void): void {
    this.#failureListener = listener;
    const { failure } = this.#queue;
    if (failure !== null) this.#tellLater(failure);
  }

  append(records: readonly Record[], done: DiskDone): void {
    const lastLsn = this.#nextLsn + records.length - 1;
    const isContiguous = records[0]?.lsn === this.#nextLsn && records.at(-1)?.lsn === lastLsn;
    assert(isContiguous, () => `records are appended from ${this.#nextLsn} on, without a gap`);
    this.#nextLsn = lastLsn + 1;
    this.#queue.append(records, done);
  }

  cut(lsn: number, done: DiskDone): void {
    assert(lsn > this.#snapshotLsn, () => `record ${lsn} is in a snapshot and cannot be cut`);
    assert(
      lsn <= this.#nextLsn,
      () => `record ${lsn} cannot be cut from a log that ends before it`,
    );
    const isEmpty = lsn === this.#nextLsn;
    this.#nextLsn = lsn;
    const { segments, watermark } = this.#parts;
    this.#queue.run((next) => {
      if (isEmpty) return void this.#options.clock.setTimer(0, next);
      const { series } = segments;
      // Below the last record that stays, too: a truncation whose sync failed is seen until the power
      // fails. A start writes the end of the log anew where the watermark does not name it.
      const lowered = { lsn: Math.max(0, lsn - 2), series };
      inOrder([(n) => watermark.lower(lowered, n), (n) => segments.cut(lsn, n)], (error) => {
        if (error === undefined) watermark.raise({ lsn: lsn - 1, series });
        next(error);
      });
    }, done);
  }

  saveMeta(meta: Meta, done: DiskDone): void {
    const bytes = encodeMeta(meta);
    this.#queue.run((next) => replaceFile(this.#disk, metaName, bytes, next), done);
  }

  saveSnapshot(
    lsn: number,
    chunks: Iterable<Uint8Array>,
    { replaceLog }: { readonly replaceLog: boolean },
    done: DiskDone,
  ): void {
    const isOfThisLog = lsn >= this.#snapshotLsn && lsn < this.#nextLsn;
    assert(replaceLog || isOfThisLog, () => `a snapshot at ${lsn} is not of this log`);
    this.#snapshotLsn = lsn;
    if (replaceLog) this.#nextLsn = lsn + 1;
    const call = { done };
    if (!this.#queue.accept(call)) return;
    // It goes through the queue, so that the records it stands for are synced before it begins;
    // what replaces the log keeps its place until it has done so.
    this.#queue.enqueue((next) => {
      const series = this.#parts.segments.series + (replaceLog ? 1 : 0);
      const save: Step = (saved) => this.#saveSnapshot({ lsn, series }, chunks, saved);
      this.#snapshotLane(save, (error) => {
        if (error === undefined) this.#queue.answer(call);
        else this.#queue.fail(error);
        if (replaceLog) next();
      });
      if (!replaceLog) next();
    });
  }

  close(): void {
    this.#queue.stop(new Error('the log is closed'));
    this.#recovered?.watermark.stop();
    this.#recovered?.segments.close();
  }

  #write(batches: readonly (readonly Record[])[], done: DiskDone): void {
    const { segments, watermark } = this.#parts;
    segments.append(batches, (error) => {
      if (error === undefined) watermark.raise({ lsn: segments.lastLsn, series: segments.series });
      done(error);
    });
  }

  #repair({ leftovers, rewrite, lastLsn, series }: RecoveredLog, done: DiskDone): void {
    const steps = leftovers.map((name): Step => {
      return (next) => this.#disk.remove(name, next);
    });
    if (steps.length > 0) steps.push((next) => this.#disk.syncDirectory(next));
    if (rewrite !== null) {
      steps.push((next) => replaceFile(this.#disk, rewrite.name, rewrite.bytes, next));
    }
    inOrder(steps, (error) => {
      if (error === undefined) this.#parts.watermark.raise({ lsn: lastLsn, series });
      done(error);
    });
  }

  #saveSnapshot(place: Place, chunks: Iterable<Uint8Array>, done: DiskDone): void {
    const steps: Step[] = [
      (next) => writeSnapshot(this.#disk, place, chunks, next),
      (next) => inOrder(this.#dropReplaced(place), next),
      (next) => this.#disk.syncDirectory(next),
    ];
    inOrder(steps, done);
  }

  /** Drops what `place` stands for, but for what would make up for it if it were damaged. */
  #dropReplaced(place: Place): Step[] {
    const { segments, watermark, snapshots } = this.#parts;
    const isNewSeries = place.series > segments.series;
    if (isNewSeries || snapshots.at(-1)?.lsn !== place.lsn) snapshots.push(place);
    const keptCount = isNewSeries ? 1 : snapshotsKept;
    const dropped = snapshots.splice(0, Math.max(0, snapshots.length - keptCount));
    const steps = dropped.map(({ lsn, series }): Step => {
      return (next) => this.#disk.remove(snapshotName(lsn, series), next);
    });
    const oldest = snapshots[0];
    if (isNewSeries) {
      steps.push((next) => segments.restart(place, next));
      watermark.raise(place);
    } else if (oldest !== undefined && snapshots.length > 1) {
      steps.push((next) => segments.dropBefore(oldest.lsn + 1, next));
    }
    return steps;
  }

  #onFailure(error: Error): void {
    this.#options.logger.error('The log cannot be written; this node must stop', {
      error: error.message,
    });
    this.#recovered?.watermark.stop();
    this.#tellLater(error);
  }

  /** Whoever listens now: one that begins to later is told by itself. */
  #tellLater(error: Error): void {
    const listener = this.#failureListener;
    this.#options.clock.setTimer(0, () => listener(error));
  }
}
