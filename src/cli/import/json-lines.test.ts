import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ByteReader } from './byte-reader.ts';
import { readJsonLines } from './json-lines.ts';
import { inChunks, readAll } from './testing/read-all.ts';

const read = (text: string, chunkBytes?: number) => readAll(readJsonLines, text, chunkBytes);

test('what export prints is read whatever it comes in, with and without a last newline', async () => {
  const text =
    '{"key":"a","value":"1"}\r\n\n  {"key":"b","value":"AP8=","encoding":"base64","ttl":5}';
  for (const chunkBytes of [1, 3, 1000]) {
    for (const end of ['', '\n']) {
      expect(await read(text + end, chunkBytes)).toEqual(['put a = 1', 'put b = .. for 5 s']);
    }
  }
  expect(await read('')).toEqual([]);
});

test('what etcd 3 says of its keys', async () => {
  const file = readFileSync(new URL('./testing/etcd-3.ndjson', import.meta.url), 'latin1');
  const lost = 'keys with a lease are stored for ever: etcdctl does not say when a lease ends';
  expect(await read(file)).toEqual([
    'left-out bad\xff: keys that are not UTF-8',
    'put config/a = one',
    'put config/bin = ..',
    'put config/empty = ',
    'put leased = y',
    `note leased: ${lost}`,
  ]);
  expect(await read('{"header":{"revision":6},"count":0}')).toEqual([]);
});

test('an entry may have a field that etcd has too, and an answer of etcd any other', async () => {
  expect(await read('{"key":"a","value":"1","header":"x"}')).toEqual(['put a = 1']);
  expect(await read('{"key":"a","value":"1","header":{}}')).toEqual(['put a = 1']);
  expect(await read('{"header":"x","kvs":[{"key":"YQ=="}]}')).toEqual(['put a = ']);
});

test('a byte order mark before the first line is no part of it', async () => {
  const mark = '\xef\xbb\xbf';
  expect(await read(`${mark}{"key":"a","value":"1"}`)).toEqual(['put a = 1']);
  expect(await read(`${mark}\n`)).toEqual([]);
  await expect(read(`${mark}${mark}{"key":"a","value":"1"}`)).rejects.toThrow('line 1 is not JSON');
  await expect(read(`\n${mark}{"key":"a","value":"1"}`)).rejects.toThrow('line 2 is not JSON');
});

test('keys that differ in bytes which are not UTF-8 do not become one', async () => {
  const text = '{"key":"a","value":"1"}\n{"key":"b\xff","value":"1"}\n{"key":"b\xfe","value":"2"}';
  await expect(read(text)).rejects.toThrow('line 2 is not UTF-8');
});

test.each([
  ['{"header":"x"}', /line 1 is no entry/],
  ['{"key":"a","value":"1"}\nhello', /line 2 is not JSON; --format/],
  ['{"key":5,"value":"1"}', /line 1 is no entry/],
  ['[]', /line 1 is no entry/],
  ['{"kvs":[{"value":"eA=="}]}', /line 1 is no entry/],
  ['{"key":"a","value":"%%%","encoding":"base64"}', /line 1 is no entry: .*base64/],
  ['\n{"kvs":[{"key":"aW0=","value":"?"}]}', /line 2 is no entry: .*base64/],
])('%j is refused', async (text, reason) => {
  await expect(read(text)).rejects.toThrow(reason);
});

test('a line is not read beyond its bound', async () => {
  const reader = new ByteReader(inChunks(new Uint8Array(100).fill(97), 10));
  await expect(reader.line(50)).rejects.toThrow('a line has more than 50 bytes');
  expect(reader.offset).toBeLessThanOrEqual(60);
});
