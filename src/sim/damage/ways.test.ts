import { describe, expect, test } from 'vitest';
import { type LogImage, makeImage } from './image.ts';
import { judge } from './judge.ts';
import { damageEverywhere } from './ways.ts';

const images: [string, LogImage][] = [
  ['one segment', makeImage({ logBytes: 1800, segmentBytesMax: 1e6 })],
  ['small segments', makeImage({ logBytes: 1800, segmentBytesMax: 700 })],
  ['zeros ahead', makeImage({ logBytes: 1800, segmentBytesMax: 1e6, logAheadBytes: 2000 })],
  ['two snapshots', makeImage({ logBytes: 2100, segmentBytesMax: 500, withSnapshots: true })],
];

function aheadBytes({ files, ends, unsynced }: LogImage): number {
  return (files.get(unsynced.file)?.length ?? 0) - (ends.at(-1)?.offset ?? 0);
}

// Thousands of restarts each: about a second on an idle machine.
const timeoutMs = 60_000;

describe.each(images)('damage to a log of %s', { timeout: timeoutMs }, (title, image) => {
  test('undamaged, it is whole', () => {
    expect(image.watermarkLsn).toBe(image.frames.length - 3);
    expect(image.syncedLsn).toBe(image.watermarkLsn);
    expect(aheadBytes(image) > 0).toBe(title === 'zeros ahead');
    expect(judge(image, image.files, null)).toBe('whole');
  });

  test('no flipped bit changes a record or loses a synced one', () => {
    const report = damageEverywhere(image, 'flips');
    expect(report.cases).toBeGreaterThan(8 * 1000);
    // Where an older snapshot makes up for the damage, nothing is refused; nor where zeros are hit.
    const refusedShare = { 'two snapshots': 0.1, 'zeros ahead': 0.3 }[title] ?? 0.8;
    expect(report.refused / report.cases).toBeGreaterThan(refusedShare);
    expect(report.whole).toBeGreaterThan(0);
    expect(report.passed).toBe(0);
  });

  test('no truncation or missing file does either', () => {
    const report = damageEverywhere(image, 'truncations');
    expect(report.cases).toBeGreaterThan(1000);
    expect(report.refused).toBeGreaterThan(0);
    expect(report.passed).toBe(0);
  });

  test('nor a lost sector, or stray bytes at an end', () => {
    const report = damageEverywhere(image, 'manglings');
    expect(report.refused).toBeGreaterThan(0);
    expect(report.whole).toBeGreaterThan(0);
    expect(report.passed).toBe(0);
  });

  test('the last write, which was never synced, is cut wherever it is torn', () => {
    const { file, offset } = image.unsynced;
    const bytes = image.files.get(file) ?? new Uint8Array(0);
    const end = image.ends.at(-1)?.offset ?? 0;
    expect(end - offset).toBeGreaterThan(100);
    for (let at = offset; at < end; at += 1) {
      const damage = { file, from: at, to: bytes.length };
      const cut = new Map(image.files).set(file, bytes.subarray(0, at));
      expect(judge(image, cut, damage)).toBe('cut');
      const flipped = bytes.slice();
      flipped[at] = ~(flipped[at] ?? 0);
      expect(judge(image, new Map(image.files).set(file, flipped), damage)).toBe('cut');
    }
  });
});

describe('a log whose last writes the watermark does not name yet', { timeout: timeoutMs }, () => {
  const image = makeImage({ logBytes: 1500, segmentBytesMax: 1e6, isFresh: true });

  test('a flipped bit in the last synced write passes for a torn one, and in no other', () => {
    expect(image.syncedLsn).toBe(image.watermarkLsn + 9);
    const { file, offset } = image.lastSynced;
    const report = damageEverywhere(image, 'flips');
    // With the write after it on the disk, its mark says that the last synced write was.
    expect(report.passed).toBe(0);
    const bytes = image.files.get(file)?.subarray(0, image.unsynced.offset) ?? new Uint8Array(0);
    const idle = { ...image, files: new Map(image.files).set(file, bytes) };
    const inLast = damageEverywhere(idle, 'flips', { names: [file] });
    expect(inLast.passed).toBe(8 * (bytes.length - offset));
    expect(inLast.refused).toBe(8 * offset);
  });

  test('a truncation is noticed as far as the watermark', () => {
    const report = damageEverywhere(image, 'truncations');
    expect(report.passed).toBeGreaterThan(0);
    expect(report.refused).toBeGreaterThan(1000);
  });
});

test('nothing before the damage is lost, in young writes of small segments either', {
  timeout: timeoutMs,
}, () => {
  const image = makeImage({ logBytes: 1800, segmentBytesMax: 700, isFresh: true });
  for (const way of ['flips', 'truncations', 'manglings'] as const) {
    expect(damageEverywhere(image, way).refused).toBeGreaterThan(0);
  }
});

test.each([0, 20_000])(
  'of a large last write any sectors may be kept, with %i zeros ahead',
  {
    timeout: timeoutMs,
  },
  (logAheadBytes) => {
    const log = { logBytes: 6000, segmentBytesMax: 1e6, valueBytes: [900] };
    const image = makeImage({ ...log, logAheadBytes });
    const report = damageEverywhere(image, 'tears');
    expect(report.cases).toBeGreaterThan(100);
    expect(report.cut).toBe(report.cases - report.whole);
    expect(report.whole).toBeGreaterThan(0);
  },
);

test('a wrong record and a lost one are noticed', () => {
  const image = makeImage({ logBytes: 1500, segmentBytesMax: 1e6 });
  const other = { ...image, frames: image.frames.with(4, new Uint8Array(8)) };
  expect(() => judge(other, image.files, null)).toThrow(/record 5 is as it was written/);
  const more = { ...image, syncedLsn: image.frames.length + 1 };
  expect(() => judge(more, image.files, null)).toThrow(/synced ones/);
  const late = { ...image, promised: image.promised + 1 };
  expect(() => judge(late, image.files, null)).toThrow(/promise/);
});
