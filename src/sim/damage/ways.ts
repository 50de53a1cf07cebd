/**
 * Ways to damage a data directory, each done in every place: one damage at a time, and a look at what
 * a restart makes of it.
 */
import { assert } from '../../core/errors.ts';
import { sectorBytes } from '../sim-inode.ts';
import type { LogImage } from './image.ts';
import { type Damage, type Files, judge, type Verdict } from './judge.ts';

export type DamageReport = Record<'cases' | Verdict, number>;

/** Of all places only these: for parts of the work side by side, and for samples of it. */
export interface Share {
  readonly every: number;
  readonly from: number;
}

export const all: Share = Object.freeze({ every: 1, from: 0 });

interface Case {
  readonly files: Files;
  readonly damage: Damage;
}

type Way = (image: LogImage, names: readonly string[], share: Share) => Iterable<Case>;

/** Flips each bit of each file. */
function* flips({ files }: LogImage, names: readonly string[], share: Share): Iterable<Case> {
  for (const file of names) {
    const damaged = (files.get(file) ?? empty).slice();
    const shown = new Map(files).set(file, damaged);
    for (let at = share.from; at < damaged.length; at += share.every) {
      for (let mask = 1; mask < 256; mask <<= 1) {
        damaged[at]! ^= mask;
        yield { files: shown, damage: { file, from: at, to: at + 1 } };
        damaged[at]! ^= mask;
      }
    }
  }
}

/** Cuts each file at each byte, and removes it. */
function* truncations({ files }: LogImage, names: readonly string[], share: Share): Iterable<Case> {
  for (const file of names) {
    const bytes = files.get(file) ?? empty;
    for (let length = share.from; length < bytes.length; length += share.every) {
      const damage = { file, from: length, to: bytes.length };
      yield { files: new Map(files).set(file, bytes.subarray(0, length)), damage };
    }
    const left = new Map(files);
    left.delete(file);
    if (share.from === 0) yield { files: left, damage: { file, from: 0, to: bytes.length } };
  }
}

/** Zeroes each sector of each file, and appends zeros and stray bytes to it. */
function* manglings({ files }: LogImage, names: readonly string[], share: Share): Iterable<Case> {
  const sectors = share.every * sectorBytes;
  for (const file of names) {
    const bytes = files.get(file) ?? empty;
    for (let from = share.from * sectorBytes; from < bytes.length; from += sectors) {
      const to = from + sectorBytes;
      yield {
        files: new Map(files).set(file, bytes.slice().fill(0, from, to)),
        damage: { file, from, to },
      };
    }
    if (share.from > 0) continue;
    for (const stray of [
      new Uint8Array(600),
      bytes,
      bytes.slice(-100),
      new Uint8Array(9).fill(7),
    ]) {
      const damage = { file, from: bytes.length, to: bytes.length + stray.length };
      yield { files: new Map(files).set(file, Buffer.concat([bytes, stray])), damage };
    }
  }
}

/** Sectors of the last write that are tried in every mixture. */
const tornSectorsMax = 12;

/**
 * Keeps of the last write, which nobody was told is synced, each set of its sectors; those that are
 * lost are zeros, and the file ends with the last one kept, which may be torn itself, unless it had
 * zeros ahead.
 */
function* tears(image: LogImage, _: readonly string[], share: Share): Iterable<Case> {
  const { files, ends, unsynced } = image;
  const { file, offset } = unsynced;
  const whole = files.get(file) ?? empty;
  const bytes = whole.subarray(0, ends.at(-1)?.offset);
  const ahead = whole.subarray(bytes.length);
  const first = Math.floor(offset / sectorBytes);
  const count = Math.ceil(bytes.length / sectorBytes) - first;
  assert(count > 1 && count <= tornSectorsMax, 'the last write has some sectors');
  for (let kept = share.from; kept < 2 ** count; kept += share.every) {
    for (const tornBytes of [sectorBytes, 1, 200]) {
      const torn = bytes.slice();
      let end = offset;
      for (let sector = 0; sector < count; sector += 1) {
        const from = Math.max(offset, (first + sector) * sectorBytes);
        const to = Math.min(bytes.length, (first + sector + 1) * sectorBytes);
        if ((kept & (1 << sector)) === 0) torn.fill(0, from, to);
        else end = Math.min(to, (first + sector) * sectorBytes + tornBytes);
      }
      const cut = torn.subarray(0, Math.max(offset, end));
      const left = ahead.length > 0 ? Buffer.concat([torn.fill(0, cut.length), ahead]) : cut;
      yield { files: new Map(files).set(file, left), damage: { file, from: offset, to: offset } };
    }
  }
}

const ways = { flips, truncations, manglings, tears } satisfies Readonly<Record<string, Way>>;

export type WayName = keyof typeof ways;

export const wayNames = Object.keys(ways) as WayName[];

const empty = new Uint8Array(0);

export interface DamageOptions {
  /** Files to be damaged; all where nothing is said. */
  readonly names?: readonly string[];
  readonly share?: Share;
}

/** Throws where a record is wrong or a synced one is missing, and says by what damage. */
export function damageEverywhere(
  image: LogImage,
  way: WayName,
  { names = [...image.files.keys()], share = all }: DamageOptions = {},
): DamageReport {
  const report: DamageReport = { cases: 0, refused: 0, whole: 0, cut: 0, passed: 0 };
  for (const { files, damage } of ways[way](image, names, share)) {
    report.cases += 1;
    report[tryJudge(image, way, files, damage)] += 1;
  }
  return report;
}

function tryJudge(image: LogImage, way: WayName, files: Files, damage: Damage): Verdict {
  try {
    return judge(image, files, damage);
  } catch (cause) {
    const place = `${damage.file}, bytes ${damage.from} to ${damage.to}`;
    throw new Error(`${way} of ${place}: ${String(cause)}`, { cause });
  }
}
