import { expect, test } from 'vitest';
import { createTestStore } from '../testing.ts';

test('a range is deleted whole, also one of more keys than one record deletes', async () => {
  await using store = createTestStore();
  const { client } = store;
  const keys = Array.from({ length: 10_002 }, (_, i) => `many/${i}`);
  for (let from = 0; from < keys.length; from += 1000) {
    const part = keys.slice(from, from + 1000);
    await client.batch(part.map((key) => ({ op: 'put', key, value: '' })));
  }
  await client.put('other', 'stays');
  // In the order of bytes: many/0, many/1, many/10, …
  expect(await client.deleteRange({ prefix: 'many/', start: 'many/0', end: 'many/1' })).toBe(1);
  expect(await client.deleteRange({ prefix: 'many/' })).toBe(10_001);
  expect(await client.deleteRange({ prefix: 'many/' })).toBe(0);
  const left = [];
  for await (const key of client.keys()) left.push(key);
  expect(left).toEqual(['other']);
});

test('a range is what it is said to be', async () => {
  await using store = createTestStore();
  const tooLong = store.client.deleteRange({ prefix: 'x'.repeat(2000) });
  await expect(tooLong).rejects.toMatchObject({ code: 'invalid_key' });
});
