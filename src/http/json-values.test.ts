import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonValueOf } from './json-values.ts';

const bytesOf = (value: string, encoding: string) =>
  new Uint8Array(Buffer.from(value, encoding === 'base64' ? 'base64' : 'utf8'));

test.each(['auto', 'base64'] as const)('%s: decoding gives back the bytes', (mode) => {
  const text = fc.string({ unit: 'binary' }).map((value) => new TextEncoder().encode(value));
  const bytes = fc.oneof(fc.uint8Array(), text);
  fc.assert(
    fc.property(bytes, (value) => {
      const json = JSON.parse(JSON.stringify(jsonValueOf(value, mode)));
      expect(bytesOf(json.value, json.encoding)).toEqual(new Uint8Array(value));
    }),
  );
});

test.each([
  ['text', [0x68, 0x69], { value: 'hi', encoding: 'utf-8' }],
  ['nothing', [], { value: '', encoding: 'utf-8' }],
  ['a byte order mark', [0xef, 0xbb, 0xbf], { value: '\ufeff', encoding: 'utf-8' }],
  ['bytes that are no UTF-8', [0xff, 0xfe], { value: '//4=', encoding: 'base64' }],
  ['a surrogate', [0xed, 0xa0, 0x80], { value: '7aCA', encoding: 'base64' }],
])('auto: %s', (_name, bytes, expected) => {
  expect(jsonValueOf(new Uint8Array(bytes), 'auto')).toEqual(expected);
});

test('base64 is meant for all, and none for nobody', () => {
  const value = new TextEncoder().encode('hi');
  expect(jsonValueOf(value, 'base64')).toEqual({ value: 'aGk=', encoding: 'base64' });
  expect(jsonValueOf(value, 'none')).toBeUndefined();
});
