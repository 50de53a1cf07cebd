import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyIndex } from './key-index.ts';
import { allKeys, compareKeys, type KeyRange } from './key-range.ts';

const key = fc
  .array(fc.constantFrom('a', 'b', '\ue000', '😀'), { minLength: 1, maxLength: 3 })
  .map((letters) => letters.join(''));

const inRange = (keys: Iterable<string>, { start, end }: KeyRange) =>
  [...keys]
    .filter((k) => compareKeys(k, start) >= 0 && (end === null || compareKeys(k, end) < 0))
    .toSorted(compareKeys);

function expectSame(index: KeyIndex, keys: Iterable<string>, range: KeyRange): void {
  const expected = inRange(keys, range);
  expect([...index.ascending(range)]).toEqual(expected);
  expect([...index.descending(range)]).toEqual(expected.toReversed());
}

test('an index holds what was added and not deleted, in order', () => {
  const range = fc.record({ start: fc.oneof(key, fc.constant('')), end: fc.option(key) });
  fc.assert(
    fc.property(fc.array(key, { maxLength: 60 }), range, (keys, tested) => {
      const index = new KeyIndex();
      const model = new Set<string>();
      for (const next of keys) {
        if (model.delete(next)) index.delete(next);
        else {
          index.add(next);
          model.add(next);
        }
        index.delete('absent');
      }
      expectSame(index, model, allKeys);
      expectSame(index, model, tested);
    }),
  );
});

test.each([
  ['ascending', (i: number) => i],
  ['descending', (i: number) => 5000 - i],
  ['scattered', (i: number) => (i * 2654435761) % 4294967296],
])('many keys, in %s order, with and without surrogates', (_name, numberOf) => {
  const keys = Array.from({ length: 5000 }, (_, i) => `k${numberOf(i)}`);
  const index = new KeyIndex();
  for (const key of keys) index.add(key);
  const range = { start: 'k2', end: 'k33' };
  expectSame(index, keys, range);
  // From here on the order of UTF-16 units would be wrong.
  const high = ['k\ue000', 'k😀', 'k\uffff'];
  for (const next of high) index.add(next);
  expectSame(index, [...keys, ...high], allKeys);
  for (const gone of keys.filter((_, i) => i % 7 !== 0)) index.delete(gone);
  const left = [...keys.filter((_, i) => i % 7 === 0), ...high];
  expectSame(index, left, allKeys);
  for (const gone of left) index.delete(gone);
  expectSame(index, [], allKeys);
});
