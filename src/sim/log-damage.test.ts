import { describe, expect, test } from 'vitest';
import {
  flipEverywhere,
  judge,
  type LogImage,
  makeImage,
  mangleEverywhere,
  truncateEverywhere,
} from './log-damage.ts';

const images: [string, LogImage][] = [
  ['one segment', makeImage({ logBytes: 1800, segmentBytesMax: 1e6, withSnapshots: false })],
  ['small segments', makeImage({ logBytes: 1800, segmentBytesMax: 700, withSnapshots: false })],
  ['two snapshots', makeImage({ logBytes: 2100, segmentBytesMax: 500, withSnapshots: true })],
];

// Thousands of restarts each: about a second on an idle machine.
const timeoutMs = 60_000;

describe.each(images)('damage to a log of %s', { timeout: timeoutMs }, (title, image) => {
  const logNames = [...image.files.keys()].filter((name) => name.startsWith('log-'));

  test('undamaged, it is whole', () => {
    expect(image.syncedLsn).toBe(image.names.length - 3);
    expect(judge(image, image.files)).toBe('whole');
  });

  test('no flipped bit changes a record or loses a synced one', () => {
    const report = flipEverywhere(image);
    expect(report.cases).toBeGreaterThan(8 * 1000);
    // Where an older snapshot makes up for the damage, nothing is refused.
    const refusedShare = title === 'two snapshots' ? 0.1 : 0.8;
    expect(report.refused / report.cases).toBeGreaterThan(refusedShare);
    expect(report.whole).toBeGreaterThan(0);
  });

  test('no truncation changes a record or loses a synced one', () => {
    const report = truncateEverywhere(image);
    expect(report.cases).toBeGreaterThan(1000);
    expect(report.refused).toBeGreaterThan(0);
  });

  test('no lost sector, stray end or missing file does either', () => {
    const report = mangleEverywhere(image);
    expect(report.refused).toBeGreaterThan(0);
    expect(report.whole).toBeGreaterThan(0);
  });

  test('the last write, which was never synced, is cut wherever it is torn', () => {
    const name = logNames.at(-1) ?? '';
    const bytes = image.files.get(name) ?? new Uint8Array(0);
    const frames = image.names.slice(image.syncedLsn).map((record) => record.split('/')[2] ?? '');
    let tailBytes = 0;
    for (const frame of frames) tailBytes += Buffer.from(frame, 'base64').length;
    expect(tailBytes).toBeGreaterThan(100);
    for (let length = bytes.length - tailBytes; length < bytes.length; length += 1) {
      expect(judge(image, new Map(image.files).set(name, bytes.subarray(0, length)))).toBe('cut');
      const flipped = bytes.slice();
      flipped[length] = ~(flipped[length] ?? 0);
      expect(judge(image, new Map(image.files).set(name, flipped))).toBe('cut');
    }
  });
});
