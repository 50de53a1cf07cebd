import { expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { makeEntry } from './entries.ts';
import { SchemaError } from './schema.ts';

const entryOf = (text: string) =>
  makeEntry('user/1', new TextEncoder().encode(text), 'application/json', 3);

const user = z.object({ name: z.string(), since: z.coerce.date(), tags: z.array(z.string()) });

it('a value that fits its schema has the type of the schema', async () => {
  const text = '{"name":"alice","since":"2026-01-01","tags":[]}';
  const parsed = await entryOf(text).parse(user);
  expectTypeOf(parsed).toEqualTypeOf<{ name: string; since: Date; tags: string[] }>();
  expect(parsed).toEqual({ name: 'alice', since: new Date('2026-01-01'), tags: [] });
});

it('one that does not fit is an error that says where', async () => {
  const error = await entryOf('{"name":5,"since":"2026-01-01","tags":["a",1]}')
    .parse(user)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SchemaError);
  expect(error).toMatchObject({ key: 'user/1', issues: [{ path: ['name'] }, {}] });
  expect(String(error)).toMatch(/"user\/1" is not as expected: name: .*; tags\.1: /);
});

it('schemas may take their time, and what is no JSON is a SyntaxError', async () => {
  const later = z.string().refine(async (text) => text !== 'taken');
  expect(await entryOf('"free"').parse(later)).toBe('free');
  await expect(entryOf('"taken"').parse(later)).rejects.toBeInstanceOf(SchemaError);
  await expect(entryOf('no JSON').parse(user)).rejects.toBeInstanceOf(SyntaxError);
});
