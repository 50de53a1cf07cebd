import { describe, expect, test } from 'vitest';
import type { DiskDone, DiskFile } from '../ports/disk.ts';
import { SeededRandom } from './seeded-random.ts';
import { EventQueue, SimClock } from './sim-clock.ts';
import { createSimDisk, type SimDisk } from './sim-disk.ts';

class Bench {
  readonly events = new EventQueue();
  readonly disk: SimDisk;

  constructor(seed: number) {
    this.disk = createSimDisk({
      clock: new SimClock(this.events),
      random: new SeededRandom(seed),
    });
  }

  /** Runs one operation to its end; returns its error, or null where it was never answered. */
  finish(start: (done: DiskDone) => void): Error | undefined | null {
    let outcome: Error | undefined | null = null;
    start((error) => {
      outcome = error;
    });
    while (this.events.runNext(Number.POSITIVE_INFINITY)) {}
    return outcome;
  }

  /** A file of `bytes`, synced with its name. */
  save(name: string, bytes: Uint8Array): DiskFile {
    const file = this.disk.open(name);
    this.finish((done) => file.write(file.sizeBytes, [bytes], done));
    this.finish((done) => file.sync(done));
    this.finish((done) => this.disk.syncDirectory(done));
    return file;
  }
}

const filled = (byte: number, length: number) => new Uint8Array(length).fill(byte);

/** What `look` sees over many seeds, each once. */
function outcomes(look: (bench: Bench) => string): Set<string> {
  return new Set(Array.from({ length: 600 }, (_, seed) => look(new Bench(seed))));
}

describe('a power cut', () => {
  test('keeps all that was synced', () => {
    const seen = outcomes((bench) => {
      bench.save('a', filled(1, 3000));
      bench.disk.crash();
      return `${bench.disk.list()} ${bench.disk.read('a').length}`;
    });
    expect([...seen]).toEqual(['a 3000']);
  });

  test('keeps any sectors of what was not, and zeros where one is missing', () => {
    const patterns = outcomes((bench) => {
      const file = bench.save('a', filled(1, 512));
      bench.finish((done) => file.write(file.sizeBytes, [filled(2, 512 * 3)], done));
      bench.disk.crash();
      const bytes = bench.disk.read('a');
      expect(bytes.subarray(0, 512)).toEqual(filled(1, 512));
      const sectors = [1, 2, 3].map((sector) => bytes[sector * 512] ?? '-');
      return sectors.join('');
    });
    expect(patterns).toEqual(
      new Set(['---', '2--', '22-', '222', '02-', '022', '002', '202', '000', '200', '220', '020']),
    );
  });

  test('keeps the old bytes of any sector that was written over', () => {
    const patterns = outcomes((bench) => {
      const file = bench.save('a', filled(1, 512 * 3));
      bench.finish((done) => file.write(512, [filled(2, 512 * 2)], done));
      bench.disk.crash();
      const bytes = bench.disk.read('a');
      expect(bytes.length).toBe(512 * 3);
      return [0, 1, 2].map((sector) => bytes[sector * 512]).join('');
    });
    expect(patterns).toEqual(new Set(['111', '121', '112', '122']));
  });

  test('tears a sector in the middle', () => {
    const lengths = outcomes((bench) => {
      const file = bench.save('a', filled(1, 1));
      bench.finish((done) => file.write(file.sizeBytes, [filled(2, 400)], done));
      bench.disk.crash();
      return String(bench.disk.read('a').length);
    });
    expect(lengths.size).toBeGreaterThan(5);
  });

  test('keeps a later write and loses an earlier one', () => {
    const kept = outcomes((bench) => {
      const file = bench.save('a', filled(1, 512));
      bench.finish((done) => file.write(file.sizeBytes, [filled(2, 512)], done));
      bench.finish((done) => file.write(file.sizeBytes, [filled(3, 512)], done));
      bench.disk.crash();
      return `${bench.disk.read('a')[512]} ${bench.disk.read('a')[1024]}`;
    });
    expect(kept).toContain('0 3');
  });

  test('may bring back what was cut and not synced', () => {
    const lengths = outcomes((bench) => {
      const file = bench.save('a', filled(1, 1000));
      bench.finish((done) => file.truncate(100, done));
      bench.disk.crash();
      return String(bench.disk.read('a').length);
    });
    expect(lengths).toEqual(new Set(['100', '1000']));
  });

  test('keeps a name only if its directory was synced, each change by itself', () => {
    const names = outcomes((bench) => {
      bench.save('old', filled(1, 1));
      bench.save('gone', filled(2, 1));
      bench.finish((done) => bench.disk.rename('old', 'new', done));
      bench.finish((done) => bench.disk.remove('gone', done));
      bench.disk.open('fresh');
      bench.disk.crash();
      return bench.disk.list().join();
    });
    const all = ['gone,old', 'gone,new', 'old', 'new'];
    expect(names).toEqual(
      new Set(all.flatMap((list) => [list, [...list.split(','), 'fresh'].sort().join()])),
    );
  });

  test('silences what was under way, and the open files of the dead', () => {
    const bench = new Bench(1);
    const file = bench.save('a', filled(1, 10));
    let answers = 0;
    const count = () => {
      answers += 1;
    };
    file.write(file.sizeBytes, [filled(2, 10)], count);
    bench.disk.syncDirectory(count);
    bench.disk.crash();
    file.sync(count);
    while (bench.events.runNext(Number.POSITIVE_INFINITY)) {}
    expect(answers).toBe(0);
    expect(bench.finish((done) => bench.disk.open('a').sync(done))).toBe(undefined);
  });
});

describe('the death of a process', () => {
  test('keeps what was written, and makes durable what the next one reads', () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const bench = new Bench(seed);
      const file = bench.disk.open('a');
      bench.finish((done) => file.write(file.sizeBytes, [filled(1, 2000)], done));
      bench.disk.kill();
      expect(bench.disk.list()).toEqual(['a']);
      expect(bench.disk.read('a')).toEqual(filled(1, 2000));
      bench.disk.crash();
      expect(bench.disk.read('a')).toEqual(filled(1, 2000));
    }
  });
});

describe('faults', () => {
  test('a failed sync loses bytes for good, though the next one succeeds', () => {
    const lengths = outcomes((bench) => {
      const file = bench.save('a', filled(1, 512));
      bench.finish((done) => file.write(file.sizeBytes, [filled(2, 512)], done));
      bench.disk.faults.syncFailShare = 1;
      expect(bench.finish((done) => file.sync(done))?.message).toContain('EIO');
      bench.disk.faults.syncFailShare = 0;
      expect(bench.finish((done) => file.sync(done))).toBe(undefined);
      expect(bench.disk.read('a')).toHaveLength(1024);
      bench.disk.crash();
      return String(bench.disk.read('a').length);
    });
    expect(lengths).toContain('512');
  });

  test('a full disk takes what fits, and says so', () => {
    const bench = new Bench(1);
    const file = bench.save('a', filled(1, 100));
    bench.disk.faults.capacityBytes = 150;
    expect(
      bench.finish((done) => file.write(file.sizeBytes, [filled(2, 100)], done))?.message,
    ).toContain('ENOSPC');
    expect(bench.disk.read('a')).toHaveLength(150);
  });

  test('a write may fail half done', () => {
    const bench = new Bench(1);
    bench.disk.faults.writeFailShare = 1;
    const file = bench.disk.open('a');
    expect(
      bench.finish((done) => file.write(file.sizeBytes, [filled(2, 999)], done))?.message,
    ).toContain('EIO');
    expect(file.sizeBytes).toBeLessThan(999);
  });

  test('a stalled operation takes its time', () => {
    const bench = new Bench(1);
    bench.disk.faults.stallShare = 1;
    const file = bench.disk.open('a');
    bench.finish((done) => file.sync(done));
    expect(bench.events.nowMs).toBeGreaterThan(1000);
  });

  test('a flipped bit is one bit, and durable', () => {
    const bench = new Bench(1);
    bench.save('a', new Uint8Array(100).fill(1, 0, 50));
    const offset = bench.disk.flipBit('a');
    bench.disk.crash();
    const bytes = bench.disk.read('a');
    expect([1, 2, 4, 8, 16, 32, 64, 128]).toContain((bytes[offset] ?? 0) ^ 1);
    expect(bytes.filter((byte, index) => byte !== (index < 50 ? 1 : 0))).toHaveLength(1);
  });

  test('what is not there or is closed cannot be used', () => {
    const bench = new Bench(1);
    expect(() => bench.disk.read('a')).toThrow('ENOENT');
    const missing = bench.finish((done) => bench.disk.rename('a', 'b', done));
    expect(missing?.message).toContain('ENOENT');
    const file = bench.disk.open('a');
    file.close();
    expect(bench.finish((done) => file.sync(done))?.message).toContain('EBADF');
  });

  test('one seed is one run', () => {
    const run = () => {
      const bench = new Bench(7);
      const file = bench.save('a', filled(1, 700));
      bench.finish((done) => file.write(file.sizeBytes, [filled(2, 5000)], done));
      bench.disk.crash();
      return [bench.events.nowMs, bench.disk.read('a').toString()];
    };
    expect(run()).toEqual(run());
  });
});
