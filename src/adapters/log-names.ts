/**
 * The files of a master's data directory. Numbers are padded, so that sorted by name is sorted by
 * place in the log.
 *
 *     meta.dsm                    nodeId, promise, longest lease
 *     log-<firstLsn>-<series>.dsm records from firstLsn on
 *     snapshot-<lsn>-<series>.dsm the whole state at lsn
 *     watermark.dsm               a position known to be synced, written now and then
 *     lock.dsm, lock-holder.json  keep a second process out (data-lock.ts)
 *     <one of these>.tmp          being written; worth nothing after a crash
 *
 * The series counts how often the whole log was replaced by another node's snapshot. Files of a
 * lower series than the newest snapshot are left over from before it, whatever lsn they carry.
 */
export const metaName = 'meta.dsm';
export const watermarkName = 'watermark.dsm';
export const lockName = 'lock.dsm';
export const lockHolderName = 'lock-holder.json';

const lsnDigits = String(Number.MAX_SAFE_INTEGER).length;
const tempSuffix = '.tmp';

function numbered(prefix: string, lsn: number, series: number): string {
  return `${prefix}-${String(lsn).padStart(lsnDigits, '0')}-${series}.dsm`;
}

export function segmentName(firstLsn: number, series: number): string {
  return numbered('log', firstLsn, series);
}

export function snapshotName(lsn: number, series: number): string {
  return numbered('snapshot', lsn, series);
}

export function tempName(name: string): string {
  return name + tempSuffix;
}

export type FileRole =
  | { readonly kind: 'segment' | 'snapshot'; readonly lsn: number; readonly series: number }
  | { readonly kind: 'meta' | 'watermark' | 'lock' | 'temp' | 'foreign' };

const numberedPattern = new RegExp(`^(log|snapshot)-(\\d{${lsnDigits}})-(\\d{1,15})\\.dsm$`);

/** What a file is for, by its name alone. */
export function roleOf(name: string): FileRole {
  if (name === metaName) return { kind: 'meta' };
  if (name === watermarkName) return { kind: 'watermark' };
  // SQLite keeps a journal beside its file, `lock.dsm-journal`.
  if (name.startsWith(lockName) || name === lockHolderName) return { kind: 'lock' };
  if (name.endsWith(tempSuffix)) {
    const whole = roleOf(name.slice(0, -tempSuffix.length));
    return { kind: whole.kind === 'foreign' ? 'foreign' : 'temp' };
  }
  const match = numberedPattern.exec(name);
  if (match === null) return { kind: 'foreign' };
  const kind = match[1] === 'log' ? 'segment' : 'snapshot';
  return { kind, lsn: Number(match[2]), series: Number(match[3]) };
}
