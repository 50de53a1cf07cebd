import { Buffer } from 'node:buffer';
import { expect, it, vi } from 'vitest';
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

it('base64 of any length is what Buffer makes', () => {
  for (const length of [1, 2, 3, 24_575, 24_576, 24_577, 49_152, 100_000]) {
    const bytes = Uint8Array.from({ length }, (_, at) => 255 - (at % 251));
    const expected = { value: Buffer.from(bytes).toString('base64'), encoding: 'base64' };
    expect(jsonOfBytes(bytes)).toEqual(expected);
  }
});

it('makes base64 of a large value without an array of all its bytes', () => {
  const from = vi.spyOn(Array, 'from');
  jsonOfBytes(new Uint8Array(100_000).fill(255));
  expect(from).not.toHaveBeenCalled();
  from.mockRestore();
});

it.each([0, 7, 8, 31, 32, 34, 92, 127])('a value of bytes %i never doubles within JSON', (byte) => {
  const json = JSON.stringify(jsonOfBytes(new Uint8Array(1000).fill(byte)));
  expect(json.length).toBeLessThanOrEqual(2050);
});
