import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectedWriteShare, parseWorkload } from './config.ts';
import { createDsmDialect } from './dialect.ts';
import { createKeyChooser, keyShares } from './keys.ts';
import { createOperations, type Operation } from './operations.ts';
import { createRandom, shuffled, streamSeed } from './random.ts';
import { decodeValue, encodeValue, valueBytesMin } from './value.ts';

function take(next: () => Operation, count: number): Operation[] {
  return Array.from({ length: count }, next);
}

describe('the sequence of operations', () => {
  test('follows from the seed and the client alone', () => {
    const workload = parseWorkload({ seed: '7' });
    const once = take(createOperations(workload, 3), 500);
    expect(take(createOperations(workload, 3), 500)).toEqual(once);
    expect(take(createOperations(workload, 4), 500)).not.toEqual(once);
    expect(take(createOperations(parseWorkload({ seed: '8' }), 3), 500)).not.toEqual(once);
  });

  test.each(['mixed', 'a', 'b', 'c', 'd', 'f'] as const)('%s has its share of writes', (preset) => {
    const workload = parseWorkload({ workload: preset });
    const operations = take(createOperations(workload, 0), 20_000);
    const writes = operations.filter(({ kind }) => kind === 'write').length;
    expect(writes / 20_000).toBeCloseTo(expectedWriteShare(workload), 1.7);
  });

  test('F writes the key that it has just read', () => {
    const operations = take(createOperations(parseWorkload({ workload: 'f' }), 0), 1000);
    for (const [index, { kind, keyIndex }] of operations.entries()) {
      if (kind === 'write') expect(operations[index - 1]).toEqual({ kind: 'read', keyIndex });
    }
  });
});

describe('keys', () => {
  test.each(['uniform', 'zipfian:0.99', 'hotspot'])('%s keeps its exact shares', (keys) => {
    const { keys: distribution } = parseWorkload({ keys });
    const shares = keyShares(distribution, 50) ?? [];
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    const counts = new Array<number>(50).fill(0);
    const chooser = createKeyChooser(distribution, 50, 0, createRandom(1));
    for (let draw = 0; draw < 100_000; draw += 1) counts[chooser.read()]! += 1;
    for (const [index, share] of shares.entries()) {
      expect(Math.abs(counts[index]! - share * 100_000)).toBeLessThan(6 * Math.sqrt(share * 1e5));
    }
  });

  test('the hot keys of zipfian are scattered over the key space', () => {
    const shares = keyShares({ kind: 'zipfian', theta: 0.99 }, 1000) ?? [];
    const hottest = [...shares.keys()].sort((a, b) => shares[b]! - shares[a]!).slice(0, 5);
    expect(hottest).not.toEqual([0, 1, 2, 3, 4]);
  });

  test('latest reads mostly what was written last', () => {
    const chooser = createKeyChooser({ kind: 'latest' }, 1000, 10, createRandom(1));
    expect([chooser.write(), chooser.write()]).toEqual([11, 12]);
    const reads = Array.from({ length: 1000 }, () => chooser.read());
    const recent = reads.filter((index) => index <= 12 && index > 2).length;
    expect(recent).toBeGreaterThan(300);
  });
});

describe('values', () => {
  test('survive the way there and back, at any size', () => {
    const stamps = fc.record({ writer: fc.nat(9999), sequence: fc.nat(99_999_999) });
    fc.assert(
      fc.property(stamps, fc.integer({ min: valueBytesMin, max: 20_000 }), (stamp, bytes) => {
        const text = encodeValue({ key: 'key999', ...stamp }, bytes);
        expect(text).toHaveLength(bytes);
        expect(decodeValue(text, 'key999', bytes)).toEqual({ ok: true, ...stamp });
      }),
    );
  });

  test('no byte of a value can be changed unnoticed', () => {
    const text = encodeValue({ key: 'key17', writer: 3, sequence: 9 }, 60);
    for (let place = 0; place < text.length; place += 1) {
      const other = text[place] === 'x' ? 'y' : 'x';
      const damaged = text.slice(0, place) + other + text.slice(place + 1);
      expect(decodeValue(damaged, 'key17', 60).ok, `byte ${place}`).toBe(false);
    }
  });

  test('a value of another key, of another length or of nobody is refused', () => {
    const text = encodeValue({ key: 'key1', writer: 1, sequence: 1 }, 100);
    for (const [found, key] of [
      [text, 'key2'],
      [text.slice(1), 'key1'],
      ['', 'key1'],
      ['x'.repeat(100), 'key1'],
    ] as const) {
      expect(decodeValue(found, key, 100).ok).toBe(false);
    }
  });
});

describe('the judge of answers', () => {
  const { judge } = createDsmDialect(100);
  const value = encodeValue({ key: 'key5', writer: 1, sequence: 2 }, 100);

  test.each([
    ['read', 200, value, null],
    ['read', 200, '', 'bad_body'],
    ['read', 200, value.replace('key5', 'key6'), 'wrong_value'],
    ['read', 404, '', 'http_4xx'],
    ['read', 503, value, 'http_5xx'],
    ['read', 204, '', 'http_other'],
    ['write', 200, '', null],
    ['write', 201, '', null],
    ['write', 504, '', 'http_5xx'],
    ['write', 302, '', 'http_other'],
  ] as const)('%s with status %i is judged by status and body', (kind, status, body, cause) => {
    expect(judge(kind, 'key5', status, body).cause).toBe(cause);
  });
});

describe('texts from the command line', () => {
  test('have the defaults that the issue names', () => {
    expect(parseWorkload({})).toMatchObject({
      writeRatio: 0.3,
      thinkMs: 10,
      keyCount: 1000,
      keys: { kind: 'uniform' },
    });
  });

  test('every fault is named at once', () => {
    const texts = { writeRatio: '2', keys: 'all', thinkMs: 'soon', valueBytes: '3', workload: 'e' };
    const parse = () => parseWorkload(texts);
    for (const name of ['write-ratio', 'keys', 'think', 'value-bytes', 'workload']) {
      expect(parse).toThrow(name);
    }
  });
});

test('streams of one seed differ, and shuffling keeps every item', () => {
  const seeds = new Set(Array.from({ length: 1000 }, (_, stream) => streamSeed(1, stream)));
  expect(seeds.size).toBe(1000);
  const items = Array.from({ length: 100 }, (_, index) => index);
  const mixed = shuffled(items, createRandom(1));
  expect(mixed).not.toEqual(items);
  expect([...mixed].sort((a, b) => a - b)).toEqual(items);
});
