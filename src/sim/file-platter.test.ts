import { describe, expect, test } from 'vitest';
import { makeMeta, makeRecords } from '../adapters/storage-fixtures.ts';
import { makeLimits } from '../core/limits.ts';
import { CorruptLogError, type Storage } from '../ports/storage.ts';
import { FilePlatter } from './file-platter.ts';
import { SeededRandom } from './seeded-random.ts';
import { EventQueue, SimClock } from './sim-clock.ts';

function platterOf(seed: number) {
  const queue = new EventQueue();
  const limits = makeLimits({ segmentBytesMax: 600, logAheadBytes: 0 });
  const platter = new FilePlatter({ queue, random: new SeededRandom(seed), limits });
  const clock = new SimClock(queue);
  const storage = platter.open(clock);
  storage.recover();
  const wait = (ms: number) => {
    const untilMs = queue.nowMs + ms;
    while (queue.runNext(untilMs));
  };
  return { queue, platter, clock, storage, wait };
}

function fill(storage: Storage, count: number): void {
  storage.saveMeta(makeMeta(1), () => {});
  for (let lsn = 1; lsn <= count; lsn += 1) storage.append(makeRecords(lsn, 1), () => {});
}

describe('the disk of a master', () => {
  test('a flipped bit is detected, harmless, or was taken back', () => {
    const outcomes = new Map<string, number>();
    for (let seed = 1; seed <= 80; seed += 1) {
      // Half of them are damaged before the watermark covers the last write.
      const { queue, platter, storage, wait } = platterOf(seed);
      fill(storage, 6);
      wait(seed % 2 === 0 ? 20_000 : 100);
      platter.kill();
      const outcome = platter.flipBit(new SeededRandom(seed));
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      const reborn = platter.open(new SimClock(queue));
      if (outcome === 'detected') expect(() => reborn.recover()).toThrow(CorruptLogError);
      else expect(reborn.recover().records).toHaveLength(6);
    }
    expect([...outcomes.keys()].sort()).toEqual(['detected', 'harmless', 'missed']);
    expect(outcomes.get('detected')).toBeGreaterThan(20);
  });

  test('a process that is stopped hears of a sync when it goes on', () => {
    const { queue, clock, storage, wait } = platterOf(1);
    fill(storage, 1);
    wait(100);
    let heardMs = 0;
    storage.append(makeRecords(2, 1), () => {
      heardMs = queue.nowMs;
    });
    clock.pause(1000);
    wait(2000);
    expect(heardMs).toBeGreaterThanOrEqual(1100);
  });

  test('a full disk fails a write; an empty one that takes its place does not', () => {
    const { queue, platter, storage, wait } = platterOf(1);
    fill(storage, 1);
    wait(100);
    platter.faults = { ...platter.faults, capacityBytes: platter.usedBytes + 10 };
    const ends: (string | undefined)[] = [];
    storage.append(makeRecords(2, 1), (error) => ends.push(error?.message));
    wait(100);
    expect(ends).toEqual([expect.stringMatching(/ENOSPC/)]);
    platter.faults = { ...platter.faults, capacityBytes: 1e6 };
    platter.wipe();
    const fresh = platter.open(new SimClock(queue));
    expect(fresh.recover().meta).toBeNull();
    fill(fresh, 1);
    fresh.append(makeRecords(2, 1), (error) => ends.push(error?.message));
    wait(100);
    expect(ends.at(-1)).toBeUndefined();
    expect(ends).toHaveLength(2);
  });
});
