/**
 * Reads one segment of the log up to the first frame that is bad, and finds out what is proven to
 * have been synced. Whether a bad frame is a torn write or damage is decided in log-recovery.ts.
 */
import { FrameError } from '../core/frame.ts';
import { decodeRecord, type Record } from '../core/record.ts';
import { CorruptLogError } from '../ports/storage.ts';
import { decodeMark, decodeSegmentStart, looksLikeMark, type Place } from './log-frames.ts';

export interface SegmentScan {
  readonly records: Record[];
  /** Where each record begins. */
  readonly offsets: number[];
  /** All bytes before this are good; 0 where not even the first frame is. */
  readonly goodBytes: number;
  /** A mark stands behind that: of a write of which nothing else is there. */
  readonly hasStrayMark: boolean;
  /** null where the segment is good to its end, or to zeros that were written ahead of it. */
  readonly fault: FrameError | null;
  /** No record up to this can be bad without being damaged: a later write says it was synced. */
  readonly provenLsn: number;
}

export const adviceRebuild =
  'Do not repair it by hand: later records may have been acknowledged. Move this data directory ' +
  'away and start the master with an empty one; it joins as a new node and gets the log from the ' +
  'others. Keep the old directory until it has caught up';
const adviceUpgrade = 'Start the version of dsm that wrote it, or a later one';

export function corrupt(name: string, byte: number, found: string): CorruptLogError {
  return new CorruptLogError(`${name} is damaged at byte ${byte}: ${found}. ${adviceRebuild}.`);
}

/** As `corrupt`, from what the codec found; a later format is not damage, but as little use. */
export function corruptBy(name: string, error: unknown, consequence: string): CorruptLogError {
  if (!(error instanceof FrameError)) throw error;
  const found = `${error.message}${consequence === '' ? '' : `, ${consequence}`}`;
  return error.reason === 'version'
    ? new CorruptLogError(`${name} cannot be read: ${found}. ${adviceUpgrade}.`)
    : corrupt(name, error.offset, found);
}

/** Scans the whole of `bytes`. Throws a CorruptLogError for what no crash can have left. */
export function scanSegment(bytes: Uint8Array, name: string, first: Place): SegmentScan {
  const records: Record[] = [];
  const offsets: number[] = [];
  let offset = 0;
  let recordsEnd = 0;
  try {
    offset = readStart(bytes, name, first);
    recordsEnd = offset;
    while (offset < bytes.length) {
      const nextLsn = first.lsn + records.length;
      if (isBlank(bytes, offset)) break;
      if (looksLikeMark(bytes, offset)) {
        const { syncedLsn, end } = decodeMark(bytes, offset);
        if (syncedLsn !== nextLsn - 1) throw gap(name, offset, nextLsn, `a mark of ${syncedLsn}`);
        offset = end;
        continue;
      }
      const { record, end } = decodeRecord(bytes, offset);
      if (record.lsn !== nextLsn) throw gap(name, offset, nextLsn, `record ${record.lsn}`);
      if (record.epoch < (records.at(-1)?.epoch ?? 0)) {
        throw corrupt(name, offset, `record ${nextLsn} has a lower epoch than the one before it`);
      }
      records.push(record);
      offsets.push(offset);
      offset = end;
      recordsEnd = end;
    }
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    if (error.reason === 'version') throw corruptBy(name, error, '');
    const provenLsn = Math.max(first.lsn - 1, highestMark(bytes, offset + 1));
    return { records, offsets, goodBytes: offset, hasStrayMark: false, fault: error, provenLsn };
  }
  const hasStrayMark = offset > recordsEnd;
  return { records, offsets, goodBytes: recordsEnd, hasStrayMark, fault: null, provenLsn: 0 };
}

function readStart(bytes: Uint8Array, name: string, first: Place): number {
  const { place, end } = decodeSegmentStart(bytes);
  if (place.lsn !== first.lsn || place.series !== first.series) {
    throw corrupt(name, 0, `it begins with record ${place.lsn} of series ${place.series}`);
  }
  return end;
}

/** Nothing but zeros, which no frame begins with. */
function isBlank(bytes: Uint8Array, start: number): boolean {
  for (let offset = start; offset < bytes.length; offset += 1) {
    if (bytes[offset] !== 0) return false;
  }
  return true;
}

function gap(name: string, byte: number, nextLsn: number, found: string): CorruptLogError {
  return corrupt(name, byte, `${found} stands where record ${nextLsn} should`);
}

/** What the marks from `start` on prove; 0 where there are none. Looks at every byte. */
function highestMark(bytes: Uint8Array, start: number): number {
  let highest = 0;
  for (let offset = start; offset < bytes.length; offset += 1) {
    if (!looksLikeMark(bytes, offset)) continue;
    try {
      highest = Math.max(highest, decodeMark(bytes, offset).syncedLsn);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
    }
  }
  return highest;
}
