import { expect, test } from 'vitest';
import { Bag } from './bag.ts';

const make = (name: string) => ({ name, place: -1 });

function setUp() {
  const bag = new Bag<ReturnType<typeof make>>();
  const [a, b, c] = [make('a'), make('b'), make('c')];
  for (const item of [a, b, c]) bag.add(item);
  const names = () => bag.all().map(({ name }) => name);
  return { bag, a, b, c, names };
}

test('what is deleted is gone, once, and the others stay', () => {
  const { bag, a, b, c, names } = setUp();
  expect(bag.delete(a)).toBe(true);
  expect(bag.delete(a)).toBe(false);
  expect(names().toSorted()).toEqual(['b', 'c']);
  expect(bag.delete(c)).toBe(true);
  expect(bag.delete(b)).toBe(true);
  expect(bag.size).toBe(0);
});

test('what was deleted may come again', () => {
  const { bag, b, names } = setUp();
  bag.delete(b);
  bag.add(b);
  expect(names().toSorted()).toEqual(['a', 'b', 'c']);
  expect(bag.delete(b)).toBe(true);
  expect(names().toSorted()).toEqual(['a', 'c']);
});

test('all may be deleted while they are looked at', () => {
  const { bag } = setUp();
  const seen = bag.all().filter((item) => bag.delete(item));
  expect(seen).toHaveLength(3);
  expect(bag.size).toBe(0);
});
