import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CheapBodies, cheapBody } from './cheap-body.ts';

const sent = async (bytes: Uint8Array) => {
  const body = await new Response(cheapBody(bytes) as BodyInit).arrayBuffer();
  return [...new Uint8Array(body)];
};

test('whatever form a body takes, the bytes are the same', async () => {
  const texts = fc.string({ unit: 'binary' }).map((text) => new TextEncoder().encode(text));
  const bytes = fc.oneof(
    fc.uint8Array(),
    texts,
    fc.constant(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)),
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (value) => {
      expect(await sent(value)).toEqual([...value]);
    }),
  );
});

test('one byte that is no character is not taken for one', async () => {
  for (let byte = 0; byte < 256; byte += 1) {
    expect(await sent(Uint8Array.of(0x61, byte, 0x62))).toEqual([0x61, byte, 0x62]);
  }
});

test('short ASCII is a text, everything else stays bytes', () => {
  const encode = (text: string) => new TextEncoder().encode(text);
  expect(cheapBody(encode('{"a":1}'))).toBe('{"a":1}');
  expect(cheapBody(encode('é'))).toBeInstanceOf(Uint8Array);
  expect(cheapBody(encode('x'.repeat(4096)))).toBeTypeOf('string');
  expect(cheapBody(encode('x'.repeat(4097)))).toBeInstanceOf(Uint8Array);
});

test('a text is kept for its epoch, key and revision, and for no other', () => {
  const encode = (text: string) => new TextEncoder().encode(text);
  const bodies = new CheapBodies();
  const read = (epoch: number, key: string, revision: number, text: string) =>
    bodies.of(epoch, key, { revision, value: encode(text) });
  expect(read(1, 'a', 1, 'first')).toBe('first');
  expect(read(1, 'a', 1, 'not looked at')).toBe('first');
  // One transaction may change both.
  expect(read(1, 'b', 1, 'of b')).toBe('of b');
  expect(read(1, 'a', 1, 'first')).toBe('first');
  // The same place.
  expect(read(1, 'a', 1025, 'second')).toBe('second');
  expect(read(1, 'a', 1, 'first')).toBe('first');
  expect(read(2, 'a', 1, 'of another history')).toBe('of another history');
  expect(read(2, 'a', 2, 'é')).toEqual(encode('é'));
});
