/**
 * Which files of a data directory mean what, and the small ones among them read. The bounds of the
 * log are settled here from names; what stands in its files is read in log-recovery.ts.
 */
import { FrameError } from '../core/frame.ts';
import type { Disk } from '../ports/disk.ts';
import type { Logger } from '../ports/logger.ts';
import { CorruptLogError, type Meta } from '../ports/storage.ts';
import { decodeMeta, decodeWatermark, type Place } from './log-frames.ts';
import { metaName, roleOf, watermarkName } from './log-names.ts';
import { adviceRebuild, corruptBy } from './log-scan.ts';

export interface Inventory {
  readonly meta: Meta | null;
  readonly watermark: Place | null;
  /** By first lsn. */
  readonly segments: readonly Place[];
  /** By series, then lsn: the last is the newest. */
  readonly snapshots: readonly Place[];
  /** Files to remove. */
  readonly leftovers: string[];
  /** A sentence for each thing that will have been put in order. */
  readonly repairs: string[];
}

/** Throws a CorruptLogError where the meta is damaged or missing. */
export function takeInventory(disk: Disk, logger: Logger): Inventory {
  const segments: Place[] = [];
  const snapshots: Place[] = [];
  const leftovers: string[] = [];
  const repairs: string[] = [];
  let hasMeta = false;
  let hasWatermark = false;
  for (const name of disk.list()) {
    const role = roleOf(name);
    if (role.kind === 'segment') segments.push(role);
    else if (role.kind === 'snapshot') snapshots.push(role);
    else if (role.kind === 'temp') leftovers.push(name);
    else if (role.kind === 'foreign') {
      logger.warn('A file in the data directory is not ours and is left alone', { name });
    }
    hasMeta ||= role.kind === 'meta';
    hasWatermark ||= role.kind === 'watermark';
  }
  if (!hasMeta && (segments.length > 0 || snapshots.length > 0)) {
    throw new CorruptLogError(
      `${metaName} is missing, but there is a log: the promises of this node are lost. ` +
        `${adviceRebuild}.`,
    );
  }
  return {
    meta: hasMeta ? readMeta(disk) : null,
    watermark: hasWatermark ? readWatermark(disk, repairs) : null,
    segments: segments.sort((a, b) => a.lsn - b.lsn),
    snapshots: snapshots.sort((a, b) => a.series - b.series || a.lsn - b.lsn),
    leftovers,
    repairs,
  };
}

function readMeta(disk: Disk): Meta {
  try {
    return decodeMeta(disk.read(metaName));
  } catch (error) {
    throw corruptBy(metaName, error, 'so the promises of this node are lost');
  }
}

/** A bad watermark costs only the proof that the last write was synced: the log is as good. */
function readWatermark(disk: Disk, repairs: string[]): Place | null {
  try {
    return decodeWatermark(disk.read(watermarkName));
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    repairs.push(`${watermarkName} is damaged and was not used: ${error.message}`);
    return null;
  }
}
