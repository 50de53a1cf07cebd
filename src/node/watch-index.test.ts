import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WatchIndex } from './watch-index.ts';
import type { WatchScope } from './watcher.ts';

const name = fc.string({ unit: fc.constantFrom('a', 'b', '😀'), maxLength: 3 });
const scope: fc.Arbitrary<WatchScope> = fc.oneof(
  name.map((key): WatchScope => ({ kind: 'key', key })),
  name.map((prefix): WatchScope => ({ kind: 'prefix', prefix })),
);

test('finds exactly those that watch a key, whatever came and went before', () => {
  fc.assert(
    fc.property(fc.array(scope), fc.array(fc.nat(30)), name, (scopes, gone, key) => {
      const index = new WatchIndex();
      const watchers = scopes.map((one, id) => ({ scope: one, id }));
      for (const watcher of watchers) index.add(watcher);
      for (const id of gone) if (watchers[id] !== undefined) index.remove(watchers[id]);
      const found: object[] = [];
      index.visit(key, (watcher) => void found.push(watcher));
      const expected = watchers.filter(({ scope: one, id }) => {
        const isInScope = one.kind === 'key' ? one.key === key : key.startsWith(one.prefix);
        return isInScope && !gone.includes(id);
      });
      expect(new Set(found)).toEqual(new Set(expected));
      expect(found).toHaveLength(expected.length);
    }),
  );
});

test('thousands of prefixes cost one look for each of their lengths', () => {
  const index = new WatchIndex();
  for (let i = 1000; i < 5000; i += 1) index.add({ scope: { kind: 'prefix', prefix: `p${i}` } });
  index.add({ scope: { kind: 'prefix', prefix: '' } });
  expect(index.visit('a key of somebody else', () => {})).toBe(3);
});
