import { expect, it } from 'vitest';
import { entryOfJson, jsonOfBytes } from './json-values.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

it.each([
  ['text', bytesOf('é "quoted"\n\ttwo lines'), 'utf-8'],
  ['what is no text', new Uint8Array([255, 0]), 'base64'],
  ['control characters, which JSON would make six times as long', new Uint8Array(100), 'base64'],
])('%s is within JSON what it was', (_, value, encoding) => {
  const json = { key: 'k', revision: 1, contentType: 'a/b', ...jsonOfBytes(value) };
  expect(json.encoding).toBe(encoding);
  expect(entryOfJson(json, '').value).toEqual(value);
});

it.each([0, 7, 8, 31, 32, 34, 92, 127])('a value of bytes %i never doubles within JSON', (byte) => {
  const json = JSON.stringify(jsonOfBytes(new Uint8Array(1000).fill(byte)));
  expect(json.length).toBeLessThanOrEqual(2050);
});
