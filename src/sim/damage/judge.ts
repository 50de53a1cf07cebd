/**
 * What a restart makes of a damaged data directory, and whether it may. The promise, in full:
 *
 * * No record and no promise that differs from what was written is ever served.
 * * A record that was synced is there, or the restart is refused, unless the damage could be what a
 *   power cut leaves of a write that was not synced: it must then reach into the last write, and the
 *   watermark, which follows within seconds, must not name that write yet.
 * * Even so nothing is missing that lies whole before the damage.
 */
import { createFileLog } from '../../adapters/file-log.ts';
import { assert } from '../../core/errors.ts';
import { makeLimits } from '../../core/limits.ts';
import type { Record } from '../../core/record.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Disk, DiskFile } from '../../ports/disk.ts';
import { silentLogger } from '../../ports/logger.ts';
import { CorruptLogError } from '../../ports/storage.ts';
import type { LogImage } from './image.ts';

export type Files = ReadonlyMap<string, Uint8Array>;

/** The bytes from `from` up to `to` of a file are not what was written. */
export interface Damage {
  readonly file: string;
  readonly from: number;
  readonly to: number;
}

/**
 * `refused`: with a clear error. `whole`: all there. `cut`: all but records that were never synced.
 * `passed`: damage to the last synced write passed for a torn one, as told above.
 */
export type Verdict = 'refused' | 'whole' | 'cut' | 'passed';

/** Restarts on `files`. Throws where the promise above is broken. */
export function judge(image: LogImage, files: Files, damage: Damage | null): Verdict {
  const disk = imageDisk(files);
  const storage = createFileLog({ disk, limits, logger: silentLogger, clock: stoppedClock });
  try {
    const { meta, snapshot, records } = storage.recover();
    assert(meta?.promised === image.promised, 'the promise is kept');
    const text = new TextDecoder().decode(snapshot?.bytes ?? new Uint8Array(0));
    const inSnapshot = text.split('\n').slice(0, -1);
    const isRight = inSnapshot.every((line, index) => line === String(index + 1));
    assert(isRight, 'the snapshot is as it was written');
    const lastLsn = inSnapshot.length + records.length;
    expectRight(image, records, inSnapshot.length);
    if (lastLsn >= image.syncedLsn) return lastLsn === image.frames.length ? 'whole' : 'cut';
    expectTorn(image, damage, lastLsn);
    return 'passed';
  } catch (error) {
    if (error instanceof CorruptLogError && error.message.length > 0) return 'refused';
    throw error;
  }
}

function expectRight({ frames }: LogImage, records: readonly Record[], skipped: number): void {
  for (const [index, { frame, lsn }] of records.entries()) {
    const written = frames[skipped + index];
    const isRight = written !== undefined && Buffer.compare(frame, written) === 0;
    assert(isRight && lsn === skipped + index + 1, `record ${lsn} is as it was written`);
  }
}

/** The log ends before what was synced: damage that nothing can tell from a torn last write. */
function expectTorn(image: LogImage, damage: Damage | null, lastLsn: number): void {
  const { syncedLsn, watermarkLsn, lastSynced } = image;
  const found = `${lastLsn} records of ${syncedLsn} synced ones`;
  assert(damage !== null, found);
  const { file, from, to } = damage;
  assert(lastLsn >= watermarkLsn, `${found}; the watermark says ${watermarkLsn}`);
  assert(file === lastSynced.file && to > lastSynced.offset, `${found}, and it is not the end`);
  const whole = wholeBefore(image, file, from);
  assert(lastLsn >= whole, `${found}; ${whole} are whole before byte ${from}`);
}

/** lsn of the last record that lies whole before `offset` of `file`. */
function wholeBefore({ ends }: LogImage, file: string, offset: number): number {
  const first = ends.findIndex((end) => end.file === file);
  const last = ends.findLastIndex((end) => end.file === file && end.offset <= offset);
  return Math.max(first, last + 1);
}

const limits = makeLimits();

/** Files that can be read; nothing that is asked of them is ever done. */
function imageDisk(files: Files): Disk {
  const silentFile: DiskFile = { sizeBytes: 0, write() {}, sync() {}, truncate() {}, close() {} };
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
