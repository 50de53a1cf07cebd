import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareKeys, hasHighUnit, intersect, type KeyRange, prefixRange } from './key-range.ts';

/** Short texts over the characters where the orders differ, and where ranges end. */
const letters = ['a', 'b', '\u007f', '\u0080', '\ud7ff', '\ue000', '\uffff', '😀', '\u{10ffff}'];
const key = fc.array(fc.constantFrom(...letters), { maxLength: 4 }).map((all) => all.join(''));
const range: fc.Arbitrary<KeyRange> = fc.record({ start: key, end: fc.option(key) });

const isIn = ({ start, end }: KeyRange, tested: string) =>
  compareKeys(start, tested) <= 0 && (end === null || compareKeys(tested, end) < 0);

describe('the order of keys', () => {
  test('is that of their bytes', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b));
        expect(Math.sign(compareKeys(a, b))).toBe(bytes);
        const isSimple = !hasHighUnit(a) && !hasHighUnit(b);
        if (isSimple) expect(a < b).toBe(bytes < 0);
      }),
    );
    expect('😀' < '\uffff').toBe(true);
    expect(compareKeys('😀', '\uffff')).toBeGreaterThan(0);
  });
});

describe('ranges', () => {
  test('a prefix is a range', () => {
    fc.assert(
      fc.property(key, key, (prefix, tested) => {
        expect(isIn(prefixRange(prefix), tested)).toBe(tested.startsWith(prefix));
      }),
    );
    expect(prefixRange('a\ud7ff')).toEqual({ start: 'a\ud7ff', end: 'a\ue000' });
    expect(prefixRange('\u{10ffff}').end).toBeNull();
  });

  test('an intersection holds what both hold', () => {
    fc.assert(
      fc.property(range, range, key, (a, b, tested) => {
        expect(isIn(intersect(a, b), tested)).toBe(isIn(a, tested) && isIn(b, tested));
      }),
    );
  });
});
