/** The file is as redis-server 7.0.15 wrote it. */
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decompressLzf } from './lzf.ts';
import { RedisCrc } from './redis-crc.ts';
import { readRedisDump } from './redis-dump.ts';
import { readAll } from './testing/read-all.ts';

const fileOf = (name: string) =>
  new Uint8Array(readFileSync(new URL(`./testing/${name}`, import.meta.url)));

const options = { database: 0 };

const dump = (bytes: Uint8Array | string, chunkBytes?: number, more: object = {}) =>
  readAll((reader) => readRedisDump(reader, { ...options, ...more }), bytes, chunkBytes);
describe('a dump of Redis', () => {
  const file = fileOf('redis-7.rdb');
  const expected = [
    'expired gone',
    'left-out bad\xffkey: keys that are not UTF-8',
    'left-out bighash: hashes',
    'left-out bigzset: sorted sets',
    'left-out hash: hashes',
    'left-out intset: sets',
    'left-out list: lists',
    'left-out other-db: keys of database 1',
    'left-out set: sets',
    'left-out short: lists',
    'left-out stream: streams',
    'left-out zset: sorted sets',
    'put big = 12345678901234',
    'put binary = ...bin',
    'put grüße = h..flich',
    'put int16 = -3000',
    'put int32 = 123456789',
    'put int8 = -7',
    'put long = aaa… 20000',
    'put plain = hello world',
    'put session = abc for 1.5 s',
  ];

  test.each([1, 7, 100, 1_000_000])('gives its strings, and names all else (%i)', async (size) => {
    expect((await dump(file, size)).toSorted()).toEqual(expected);
  });

  test('of another database gives that one', async () => {
    const found = await dump(file, undefined, { database: 1 });
    expect(found.filter((line) => line.startsWith('put'))).toEqual(['put other-db = x']);
    expect(found).toHaveLength(expected.length);
  });

  test('is refused where it is cut off, wherever that is', async () => {
    for (let length = 0; length < file.length; length += 1) {
      await expect(dump(file.slice(0, length))).rejects.toThrow(/ends too early/);
    }
  });

  test('is refused where any bit is another one', async () => {
    for (let bit = 0; bit < file.length * 8; bit += 3) {
      const damaged = file.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await expect(dump(damaged), `bit ${bit}`).rejects.toThrow();
    }
  });

  const crcOf = (bytes: Uint8Array) => {
    const crc = new RedisCrc();
    crc.add(bytes);
    return crc.bytes;
  };
  /** A key of this type, and a string behind it: found only where the first one's end was. */
  const oneOf = (type: number, value: string) => {
    const entry = Buffer.concat([
      Buffer.from(`REDIS0012${String.fromCharCode(type)}\x01k`, 'latin1'),
      Buffer.from(value, 'latin1'),
      Buffer.from('\x00\x04next\x02ok\xff', 'latin1'),
    ]);
    return new Uint8Array(Buffer.concat([entry, crcOf(entry)]));
  };
  const [eight, sixteen] = ['12345678', '1234567890123456'];
  const pending = `\x01${sixteen}${eight}\x02`;
  test.each([
    [1, 'lists', '\x02\x01a\x01b'],
    [3, 'sorted sets', '\x03\x01a\x031.5\x01b\xfe\x01c\xff'],
    [7, 'values of modules', `\x81${eight}\x01\x05\x02\x06\x031234\x04${eight}\x05\x03abc\x00`],
    [14, 'lists', '\x02\x01a\x01b'],
    [
      15,
      'streams',
      `\x01\x01i\x01l\x05\x01\x01\x01\x01g\x01\x01${pending}\x01\x01c${eight}\x01${sixteen}`,
    ],
    [20, 'sets', '\x03abc'],
    [
      21,
      'streams',
      `\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x01g\x01\x01\x02${pending}\x01\x01c${eight}${eight}\x00`,
    ],
    [24, 'hashes', `${eight}\x02\x00\x01f\x01v\x05\x01g\x01w`],
    [25, 'hashes', `${eight}\x03abc`],
  ])('reads over type %i, %s', async (type, name, value) => {
    expect(await dump(oneOf(type, value))).toEqual([`left-out k: ${name}`, 'put next = ok']);
  });

  test('with a value that nobody knows the end of is refused, and says how else', async () => {
    await expect(dump(oneOf(99, ''))).rejects.toThrow(/"k" is of type 99.*append-only/);
    await expect(dump('REDIS0099')).rejects.toThrow(/RDB version 12/);
    await expect(dump('REDISXXXX')).rejects.toThrow(/REDISXXXX/);
  });

  test('says so where commands follow it', async () => {
    const both = new Uint8Array(Buffer.concat([file, Buffer.from('*1\r\n$4\r\nPING\r\n')]));
    expect((await dump(both)).at(-1)).toContain('commands behind a dump');
  });
});

test('what is no LZF is null or as long as it should be, and never an accident', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(60), (bytes, length) => {
      expect([undefined, length]).toContain(decompressLzf(bytes, length)?.length);
    }),
  );
});
