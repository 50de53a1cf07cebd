import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { put, records } from '../sim/fixtures.ts';
import { allKeys, compareKeys, prefixRange } from './key-range.ts';
import { type ListQuery, listPage } from './list-page.ts';
import { Store } from './store.ts';

function storeOf(keys: Iterable<string>, valueBytes = 1): Store {
  const store = new Store();
  for (const record of records(
    [...keys].map((key) => put(key, 'v'.repeat(valueBytes))),
    1,
  )) {
    store.apply(record);
  }
  return store;
}

const query = (changes: Partial<ListQuery> = {}): ListQuery => ({
  range: allKeys,
  isReverse: false,
  after: null,
  limit: 1000,
  bytesMax: 1_000_000,
  hasValues: true,
  ...changes,
});

const keysOf = (store: Store, changes: Partial<ListQuery>) =>
  listPage(store, query(changes)).entries.map(({ key }) => key);

describe('a page', () => {
  test('pages put together are the whole list, each once, in order', () => {
    const key = fc.array(fc.constantFrom('a', 'b', '😀'), { minLength: 1, maxLength: 3 });
    const keys = fc.uniqueArray(key.map((letters) => letters.join('')));
    const prefix = fc.constantFrom('', 'a', '😀', 'ab');
    const limit = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(keys, prefix, limit, fc.boolean(), (all, start, pageLimit, isReverse) => {
        const store = storeOf(all);
        const listed: string[] = [];
        let after: string | null = null;
        for (let pages = 0; pages <= all.length; pages += 1) {
          const shape = { range: prefixRange(start), limit: pageLimit, isReverse, after };
          const page = listPage(store, query(shape));
          expect(page.entries.length).toBeLessThanOrEqual(pageLimit);
          listed.push(...page.entries.map((entry) => entry.key));
          after = page.next;
          if (after === null) break;
        }
        const expected = all.filter((one) => one.startsWith(start)).toSorted(compareKeys);
        expect(listed).toEqual(isReverse ? expected.toReversed() : expected);
        expect(after).toBeNull();
      }),
    );
  });

  test('says the revision of the state, and of each entry', () => {
    const page = listPage(storeOf(['b', 'a']), query());
    expect(page.revision).toBe(2);
    expect(page.entries.map(({ key, revision }) => [key, revision])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
  });

  test('is bounded in bytes, but holds at least one entry', () => {
    const store = storeOf(['a', 'b', 'c', 'd'], 1000);
    expect(keysOf(store, { bytesMax: 2500 })).toEqual(['a', 'b']);
    expect(keysOf(store, { bytesMax: 10 })).toEqual(['a']);
    expect(keysOf(store, { bytesMax: 2500, hasValues: false })).toEqual(['a', 'b', 'c', 'd']);
    expect(keysOf(store, { bytesMax: 10, after: 'a' })).toEqual(['b']);
  });

  test('goes on behind a key that is gone by now', () => {
    expect(keysOf(storeOf(['a', 'c']), { after: 'b' })).toEqual(['c']);
    expect(keysOf(storeOf(['a', 'c']), { after: 'b', isReverse: true })).toEqual(['a']);
    expect(keysOf(storeOf(['a', 'c']), { after: 'c' })).toEqual([]);
  });

  test('of a page that ends with the last key says that there is no other', () => {
    expect(listPage(storeOf(['a', 'b']), query({ limit: 2 })).next).toBeNull();
    expect(listPage(storeOf(['a', 'b', 'c']), query({ limit: 2 })).next).toBe('b');
  });

  test('looks at a bounded number of keys, though many that are gone stand in the way', () => {
    const store = new Store();
    const keys = Array.from({ length: 10_000 }, (_, i) => `a${10_000 + i}`);
    const all = [...keys.map((key) => put(key, 'v', { ttlMs: 5 })), put('b', 'v'), put('c', 'v')];
    for (const record of records(all, 1)) store.apply(record);
    for (const record of records([{ kind: 'tick' }], all.length + 1, 1, 5)) store.apply(record);
    const first = listPage(store, query());
    expect(first.entries).toEqual([]);
    expect(first.next).toBe('a14095');
    const listed: string[] = [];
    let pages = 0;
    for (let after: string | null = ''; after !== null; pages += 1) {
      const page = listPage(store, query({ after: after === '' ? null : after }));
      listed.push(...page.entries.map(({ key }) => key));
      after = page.next;
    }
    expect([listed, pages]).toEqual([['b', 'c'], 3]);
    expect(listPage(store, query({ isReverse: true })).entries.map(({ key }) => key)).toEqual([
      'c',
      'b',
    ]);
  });
});
