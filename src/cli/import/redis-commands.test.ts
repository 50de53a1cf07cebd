/** The file is as redis-server 7.0.15 wrote it. */
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRedisCommands } from './redis-commands.ts';
import { RedisDatabases } from './redis-databases.ts';
import { appended } from './redis-keys.ts';
import { nowMs, readAll } from './testing/read-all.ts';

const fileOf = (name: string) =>
  new Uint8Array(readFileSync(new URL(`./testing/${name}`, import.meta.url)));

const options = { database: 0, nowMs };

const commands = (text: Uint8Array | string, more: object = {}) =>
  readAll((reader) => readRedisCommands(reader, { ...options, ...more }), text);

describe('an append-only file of Redis', () => {
  test('gives the strings that are there in the end', async () => {
    expect((await commands(fileOf('redis-7.aof'))).toSorted()).toEqual([
      'left-out bad\xffkey: keys that are not UTF-8',
      'left-out bighash: hashes',
      'left-out bigzset: sorted sets',
      'left-out hash: hashes',
      'left-out int8: keys changed by SETRANGE',
      'left-out intset: sets',
      'left-out list: lists',
      'left-out other-db: keys of database 1',
      'left-out set: sets',
      'left-out short: lists',
      'left-out stream: streams',
      'left-out zset: sorted sets',
      'put big = 12345678901234',
      'put binary = ...bin',
      'put counter = 42',
      'put grüße = h..flich',
      'put int32 = 123456789',
      'put later = x for 1.5 s',
      'put plain = hello world!',
      'put renamed = -3000',
      'put session = abc',
    ]);
  });
});

describe('commands', () => {
  test.each([
    ['SET a 1\nSET a 2', ['put a = 2']],
    ['set a 1 EX 10', ['put a = 1 for 10 s']],
    ['SET a 1 PX 1500 NX\nSET a 2 NX\nSET b 2 XX', ['put a = 1 for 1.5 s']],
    ['SETEX a 5 x\nSET a y KEEPTTL', ['put a = y for 5 s']],
    ['PSETEX a 5000 x\nPERSIST a', ['put a = x']],
    ['SETEX a 5 x\nSET a y', ['put a = y']],
    ['SETNX a 1\nSETNX a 2\nGETSET b 3', ['put a = 1', 'put b = 3']],
    ['MSET a 1 b 2\nDEL a\nUNLINK none', ['put b = 2']],
    ['SET a x\nEXPIRE a 7\nAPPEND a y\nAPPEND b z', ['put a = xy for 7 s', 'put b = z']],
    [
      `SET a x\nPEXPIREAT a ${nowMs + 1}\nSET b x\nEXPIREAT b 1`,
      ['put a = x for 0.001 s', 'expired b'],
    ],
    ['INCR a\nINCRBY a 41\nDECR b\nDECRBY b 9', ['put a = 42', 'put b = -10']],
    ['SET a x\nINCR a', ['left-out a: keys changed by INCR']],
    ['SET a x\nSETBIT a 1 1\nSET a y', ['put a = y']],
    ['SET a x EX soon', ['left-out a: keys changed by SET']],
    ['SET a x\nRENAME a b', ['put b = x']],
    ['SADD a m\nSET a x', ['put a = x']],
    ['SADD a m\nGETSET a x\nSADD b m\nSET b x GET', ['left-out a: sets', 'left-out b: sets']],
    ['SET a x\nSET a y GET', ['put a = y']],
    ['LPUSH a m\nINCR a\nEXPIRE a 5', ['left-out a: lists']],
    ['XGROUP CREATE a g 0\nHELLO 3\nFUNCTION LOAD x', ['left-out a: streams']],
    ['SET a x\nFLUSHALL\nSET b y', ['put b = y']],
    ['SELECT 1\nSET a x\nSELECT 0\nSET b y', ['left-out a: keys of database 1', 'put b = y']],
    [
      `SET "a b" 'it\\'s'\nSET "\\x41\\n" "\\"q\\""\r\n\r\n#TS:1\nPING`,
      ["put a b = it's", 'put A\n = "q"'],
    ],
    ['', []],
  ])('%j', async (text, expected) => {
    expect(await commands(text)).toEqual(expected);
  });

  test.each([
    ['SELECT 1\nSET a x\nSELECT 0\nSET b y\nFLUSHALL\nSET c z', ['put c = z']],
    [
      'SET a x\nSELECT 1\nSET b y\nSWAPDB 0 1\nSET c z',
      ['put b = y', 'left-out a: keys of database 1', 'left-out c: keys of database 1'],
    ],
    ['SWAPDB 0 7\nSWAPDB 3 3\nSET a x', ['put a = x']],
    ['SET a x\nMOVE a 1\nSET a y', ['put a = y', 'left-out a: keys of database 1']],
    ['SELECT 1\nSET a x\nSELECT 0\nSET a y\nSELECT 1\nMOVE a 0', ['left-out', 'put a = y']],
    ['SELECT 1\nSETEX a 5 x\nMOVE a 0', ['put a = x for 5 s']],
    ['SETEX a 5 x\nCOPY a b\nAPPEND b y', ['put a = x for 5 s', 'put b = xy for 5 s']],
    ['SET a x\nSET b y\nCOPY a b\nCOPY b c\nCOPY a c REPLACE', ['a = x', 'b = y', 'c = x']],
    ['SELECT 1\nSET a x\ncopy a b db 0 replace', ['left-out a: keys of', 'put b = x']],
    ['LPUSH a m\nCOPY a b', ['left-out a: lists', 'left-out b: lists']],
    ['MSETNX a 1 b 41\nINCR b', ['put a = 1', 'put b = 42']],
    ['SET a 1\nMSETNX a 2 b 3\nINCR b', ['put a = 1', 'put b = 1']],
    ['MSETNX a 1 b', ['left-out a: keys changed by MSETNX']],
    ['SET a 1\nRENAMENX a b\nINCR b\nSET a 7', ['put b = 2', 'put a = 7']],
    ['SET a 1\nSET b 2\nRENAMENX a b', ['put a = 1', 'put b = 2']],
    ['BITOP NOT a b\nAPPEND a x\nSET NOT y', ['left-out a: keys changed by BITOP', 'NOT = y']],
    ['RPOPLPUSH a b\nSMOVE c d e\nSET e x', ['a: lists', 'b: lists', 'c: sets', 'd: sets', 'e']],
    ['SET m x\nSADD a m\nZADD b 1 m', ['put m = x', 'left-out a: sets', 'left-out b: sorted']],
  ])('of several keys or databases: %j', async (text, expected) => {
    const found = await commands(text);
    expect(found).toEqual(expected.map((part) => expect.stringContaining(part)));
  });

  const unknown = 'keys changed by FOO';
  test.each([
    ['INCR b', [`left-out b: ${unknown}`]],
    ['APPEND b x', [`left-out b: ${unknown}`]],
    ['SETNX b x', [`left-out b: ${unknown}`]],
    ['SET b x NX', [`left-out b: ${unknown}`]],
    ['SET b x XX', [`left-out b: ${unknown}`]],
    ['SET b x KEEPTTL', [`left-out b: ${unknown}`]],
    ['RENAME b c', [`left-out c: ${unknown}`]],
    ['RENAMENX b c', [`left-out c: ${unknown}`]],
    ['SET c x\nRENAMENX c b', [`left-out b: ${unknown}`, 'left-out c: keys changed by RENAMENX']],
    ['COPY b c', [`left-out c: ${unknown}`]],
    ['SET c x\nCOPY c b', ['put c = x', `left-out b: ${unknown}`]],
    ['MSETNX b 1 c 2', [1, 2].map((n) => `left-out ${' bc'[n]}: keys changed by MSETNX`)],
    ['RENAMENX nothing c\nINCR c', ['left-out c: keys changed by RENAMENX']],
    ['COPY nothing c\nINCR c', ['left-out c: keys changed by COPY']],
    ['SET b x', ['put b = x']],
    ['DEL b\nINCR b', ['put b = 1']],
    ['EXPIRE b 5', []],
  ])(
    'builds on nothing that a command wrote which is not known: FOO a b, then %j',
    async (text, expected) => {
      const found = await commands(`FOO a b\n${text}`);
      expect(found.toSorted()).toEqual([`left-out a: ${unknown}`, ...expected].toSorted());
    },
  );

  test.each([
    ['MULTI\nSET a 1\nSELECT 1\nEXEC\nSET b 2', ['put a = 1', 'left-out b: keys of database 1']],
    ['SET a 1\nMULTI\nSET a 2\nDISCARD', ['put a = 1']],
    [
      'SET a 1\nMULTI\nSET a 2\nDEL b',
      ['put a = 1', 'left-out : transactions that the file ends in: MULTI without EXEC'],
    ],
  ])('of a transaction are run together or not: %j', async (text, expected) => {
    expect(await commands(text)).toEqual(expected);
  });

  test('are held in memory up to a bound, those of all databases and of a transaction together', () => {
    const run = (databases: RedisDatabases, line: string) =>
      databases.run(
        line.split(' ').map((word) => Buffer.from(word)),
        0,
      );
    const value = 'x'.repeat(5000);
    const databases = new RedisDatabases(nowMs, 11_000);
    for (const line of [`SET a ${value}`, 'SELECT 1', `SET a ${value}`]) run(databases, line);
    run(databases, `SET a ${value}`);
    expect(() => run(databases, `SET b ${value}`)).toThrow(/more than 11000 bytes/);
    const other = new RedisDatabases(nowMs, 11_000);
    for (const line of [`SET a ${value}`, 'FLUSHALL', `SET a ${value}`, 'MULTI']) run(other, line);
    run(other, `SET a ${value}`);
    expect(() => run(other, `SET a ${value}`)).toThrow(/more than 11000 bytes/);
  });

  test('append to a value without joining all of it each time', () => {
    let parts: readonly Uint8Array[] = [];
    let joined = 0;
    let expected = '';
    for (let i = 0; i < 5000; i += 1) {
      const more = Buffer.from(String(i));
      const before = parts;
      parts = appended(parts, more);
      for (const part of parts) if (!before.includes(part)) joined += part.length;
      expected += String(i);
    }
    expect(Buffer.concat(parts).toString()).toBe(expected);
    expect(parts.length).toBeLessThan(Math.log2(expected.length) + 1);
    expect(joined).toBeLessThan(3 * Math.log2(expected.length) * expected.length);
  });

  test.each([
    ['SET "a', /a quote is not closed/],
    ['*1\r\n+OK\r\n', /"\+OK" stands where \$ and a number should/],
    ['*x\r\n', /stands where \*/],
    ['*99999999\r\n', /stands where \*/],
    ['*2\r\n$3\r\nGET\r\n$1', /stands where \$|ends too early/],
    ['*1\r\n$30\r\nGET', /ends too early/],
    ['SELECT x', /names no database/],
    ['SWAPDB 0', /SWAPDB "" names no database/],
    ['SET a x\nMOVE a -1', /MOVE "-1" names no database/],
    ['COPY a', /COPY names no two keys/],
    ['COPY a b DB', /COPY … DB "" names no database/],
    ['COPY a b TO', /COPY has no option "TO"/],
  ])('%j is refused', async (text, reason) => {
    await expect(commands(text)).rejects.toThrow(reason);
  });

  test('as arrays may hold any bytes', async () => {
    const any = fc.uint8Array({ maxLength: 20 });
    const part = (bytes: Uint8Array) =>
      Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);
    await fc.assert(
      fc.asyncProperty(any, fc.integer({ min: 1, max: 30 }), async (value, chunkBytes) => {
        const words = [Buffer.from('SET'), Buffer.from('k'), value].map(part);
        const bytes = new Uint8Array(Buffer.concat([Buffer.from('*3\r\n'), ...words]));
        const found = await readAll(
          (reader) => readRedisCommands(reader, options),
          bytes,
          chunkBytes,
        );
        const text = Buffer.from(value)
          .toString('latin1')
          .replaceAll(/[^ -~]/g, '.');
        expect(found).toEqual([`put k = ${text}`]);
      }),
    );
  });
});
