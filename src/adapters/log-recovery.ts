/**
 * What a restarted master finds, and whether it may be trusted (DESIGN.md §5 rule 13).
 *
 * A crash can leave: a torn end of the last write, a segment whose creation was interrupted, files
 * that were being written or removed. All of that was never acknowledged, and is cleared away.
 * Everything else is damage to something that may have been acknowledged: a node that went on
 * without it could help to elect a master that has forgotten it, so it does not start.
 *
 * How the two are told apart: a write starts only when the one before it is synced, and begins with
 * a mark that says so (log-frames.ts). So all but the last write of the last segment is proven to
 * have been synced, by the log itself; the last one, some seconds later, by the watermark file.
 *
 * Nothing is changed here. What is to be done is returned, for the queue of the log.
 */
import { FrameError } from '../core/frame.ts';
import type { Record } from '../core/record.ts';
import type { Disk } from '../ports/disk.ts';
import type { Logger } from '../ports/logger.ts';
import { CorruptLogError, type Recovered } from '../ports/storage.ts';
import type { Place } from './log-frames.ts';
import { type Inventory, takeInventory } from './log-inventory.ts';
import { segmentName, snapshotName, watermarkName } from './log-names.ts';
import { corrupt, corruptBy, type SegmentScan, scanSegment } from './log-scan.ts';
import { decodeSnapshot } from './snapshot-file.ts';

/** A segment as the log goes on using it. */
export interface Segment {
  readonly firstLsn: number;
  readonly name: string;
  /** Of what was written to it; behind that the file has zeros, up to `fileBytes`. */
  sizeBytes: number;
  fileBytes: number;
  /** Where each record begins. */
  readonly offsets: number[];
  /** A snapshot stands for all its records: it is neither cut nor written to. */
  readonly isUnread: boolean;
}

export interface RecoveredLog {
  readonly recovered: Recovered;
  readonly series: number;
  readonly lastLsn: number;
  readonly segments: Segment[];
  /** Oldest first. */
  readonly snapshots: Place[];
  readonly watermark: Place | null;
  /** Files to remove. */
  readonly leftovers: string[];
  /**
   * A segment to be written anew: what was read of it may never have reached the disk, and what was
   * cut off it may still be there.
   */
  readonly rewrite: { readonly name: string; readonly bytes: Uint8Array } | null;
}

/** What the records follow: the newest whole snapshot, or the beginning of everything. */
interface Base extends Place {
  readonly snapshot: Recovered['snapshot'];
  /** Why a newer snapshot could not be used; thrown if the log does not make up for it. */
  readonly damage: CorruptLogError | null;
}

type Tail = Pick<RecoveredLog, 'lastLsn' | 'segments' | 'rewrite'> & {
  readonly records: Record[];
};

/** Snapshots kept: where the newest is damaged, the one before it and the log make up for it. */
export const snapshotsKept = 2;

/** Reads the whole directory. Throws a CorruptLogError. */
export function readLog(disk: Disk, logger: Logger): RecoveredLog {
  const inventory = takeInventory(disk, logger);
  const { leftovers, repairs, watermark } = inventory;
  const base = chooseBase(disk, inventory);
  const tail = readTail(disk, inventory, base);
  const snapshots: Place[] = [];
  for (const place of inventory.snapshots) {
    if (place.series === base.series && place.lsn <= base.lsn) snapshots.push(place);
    else leftovers.push(snapshotName(place.lsn, place.series));
  }
  for (const { lsn, series } of snapshots.splice(0, snapshots.length - snapshotsKept)) {
    leftovers.push(snapshotName(lsn, series));
  }
  for (const name of leftovers) repairs.push(`${name} was removed: it was left over`);
  return {
    recovered: {
      meta: inventory.meta,
      snapshot: base.snapshot,
      records: tail.records,
      repairs,
    },
    series: base.series,
    lastLsn: tail.lastLsn,
    segments: tail.segments,
    snapshots,
    watermark,
    leftovers,
    rewrite: tail.rewrite,
  };
}

function chooseBase(disk: Disk, { snapshots, repairs }: Inventory): Base {
  let damage: CorruptLogError | null = null;
  for (const place of snapshots.toReversed()) {
    const name = snapshotName(place.lsn, place.series);
    try {
      const bytes = decodeSnapshot(disk.read(name), place);
      return { ...place, snapshot: { lsn: place.lsn, bytes }, damage };
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      damage ??= corruptBy(name, error, 'and the log does not make up for it');
      repairs.push(`${name} was not used: ${error.message}`);
    }
  }
  return { lsn: 0, series: 0, snapshot: null, damage };
}

/** Throws a CorruptLogError where the log does not go on from `base`, whole, to its known end. */
function readTail(disk: Disk, inventory: Inventory, base: Base): Tail {
  const { segments, snapshots, watermark, leftovers } = inventory;
  const newest = snapshots.at(-1);
  const isCurrent = (place: Place) => place.series === base.series;
  try {
    for (const { lsn, series } of segments) {
      if (series < base.series) leftovers.push(segmentName(lsn, series));
      if (series > base.series) throw orphan(segmentName(lsn, series), series);
    }
    if (newest !== undefined && newest.series > base.series) {
      throw orphan(snapshotName(newest.lsn, newest.series), newest.series);
    }
    if (watermark !== null && watermark.series > base.series) {
      throw orphan(watermarkName, watermark.series);
    }
    const watermarkLsn = watermark !== null && isCurrent(watermark) ? watermark.lsn : 0;
    const provenLsn = Math.max(watermarkLsn, newest?.lsn ?? 0);
    const current = { ...inventory, segments: segments.filter(isCurrent) };
    const tail = scanTail(disk, current, base, { watermarkLsn, provenLsn });
    if (tail.lastLsn >= provenLsn) return tail;
    const last = tail.segments.at(-1);
    const found = `the log ends with record ${tail.lastLsn}, but record ${provenLsn} was synced`;
    throw corrupt(last?.name ?? watermarkName, last?.sizeBytes ?? 0, found);
  } catch (error) {
    throw error instanceof CorruptLogError && base.damage !== null ? base.damage : error;
  }
}

function orphan(name: string, series: number): CorruptLogError {
  return corrupt(name, 0, `there is no whole snapshot that begins series ${series} of the log`);
}

/** Reads the segments that hold records after `base`; those before them are kept unread. */
function scanTail(
  disk: Disk,
  inventory: Inventory,
  base: Base,
  { watermarkLsn, provenLsn }: { readonly watermarkLsn: number; readonly provenLsn: number },
): Tail {
  const { segments: places, leftovers, repairs } = inventory;
  const startIndex = Math.max(
    0,
    places.findLastIndex(({ lsn }) => lsn <= base.lsn + 1),
  );
  const segments: Segment[] = places.slice(0, startIndex).map(({ lsn, series }) => {
    return {
      firstLsn: lsn,
      name: segmentName(lsn, series),
      sizeBytes: 0,
      fileBytes: 0,
      offsets: [],
      isUnread: true,
    };
  });
  const records: Record[] = [];
  let rewrite: Tail['rewrite'] = null;
  let nextLsn = Math.min(places[startIndex]?.lsn ?? Number.POSITIVE_INFINITY, base.lsn + 1);
  for (const place of places.slice(startIndex)) {
    const name = segmentName(place.lsn, place.series);
    if (place.lsn !== nextLsn) {
      throw corrupt(name, 0, `it begins with record ${place.lsn}, but ${nextLsn} is missing`);
    }
    const bytes = disk.read(name);
    const scan = scanSegment(bytes, name, place);
    nextLsn += scan.records.length;
    for (const record of scan.records) if (record.lsn > base.lsn) records.push(record);
    if (scan.fault !== null) {
      checkTorn(scan, scan.fault, { name, nextLsn, provenLsn, isLast: place === places.at(-1) });
      repairs.push(
        `${name} was cut to ${scan.goodBytes} bytes: ${scan.fault.message}, never synced`,
      );
    }
    if (scan.goodBytes === 0) {
      leftovers.push(name);
      continue;
    }
    const { goodBytes: sizeBytes, offsets } = scan;
    // A page with a mark may be in memory only; the next write may begin on the page after it.
    const isWhole = scan.fault === null && !scan.hasStrayMark;
    const isSure = isWhole && nextLsn - 1 <= watermarkLsn;
    rewrite = isSure ? null : { name, bytes: bytes.subarray(0, sizeBytes) };
    const written = { sizeBytes, fileBytes: bytes.length, offsets };
    segments.push({ firstLsn: place.lsn, name, ...written, isUnread: false });
  }
  const last = segments.at(-1);
  if (rewrite !== null && last !== undefined) last.fileBytes = last.sizeBytes;
  return { records, segments, lastLsn: nextLsn - 1, rewrite };
}

/** Returns where a bad frame is the torn end of a write that was never synced; throws elsewhere. */
function checkTorn(
  scan: SegmentScan,
  fault: FrameError,
  where: { name: string; nextLsn: number; provenLsn: number; isLast: boolean },
): void {
  if (!where.isLast) throw corruptBy(where.name, fault, 'and there are later segments');
  const provenLsn = Math.max(where.provenLsn, scan.provenLsn);
  if (provenLsn < where.nextLsn) return;
  throw corruptBy(where.name, fault, `and record ${provenLsn} after it was synced`);
}
