/**
 * A dump of Redis or Valkey (`dump.rdb`): its strings with their lifetimes, read as they come; what
 * is no string is read over, and named. There is no well-kept library for it on npm. The format has
 * no other description than Redis itself (rdb.c), which is why tests read dumps that Redis wrote.
 */
import { Buffer } from 'node:buffer';
import { type ByteReader, wrong } from './byte-reader.ts';
import { type Found, foundOf, shownKey } from './items.ts';
import { RedisCrc } from './redis-crc.ts';
import { readLength, readString, skipString, viewOf } from './redis-strings.ts';
import { skipModule, stringType, typeOf } from './redis-types.ts';

const opcodes = {
  slotInfo: 0xf4,
  library: 0xf5,
  moduleAux: 0xf7,
  idleTime: 0xf8,
  frequency: 0xf9,
  aux: 0xfa,
  sizes: 0xfb,
  expireMs: 0xfc,
  expireSeconds: 0xfd,
  database: 0xfe,
  end: 0xff,
} as const;

const versionMax = 12;
/** Files before it end without a checksum. */
const checksumVersion = 5;

/** Of the strings of one database. */
export async function* readRedisDump(
  reader: ByteReader,
  { database }: { readonly database: number },
): AsyncGenerator<Found, void, void> {
  const crc = new RedisCrc();
  reader.onBytes = (bytes) => crc.add(bytes);
  const version = await readVersion(reader);
  let current = 0;
  let expiresAtMs: number | null = null;
  for (;;) {
    const opcode = await reader.byte();
    if (opcode === opcodes.end) break;
    if (opcode === opcodes.database) current = await readLength(reader);
    else if (opcode === opcodes.expireMs) expiresAtMs = await readMs(reader);
    else if (opcode === opcodes.expireSeconds) expiresAtMs = (await readSeconds(reader)) * 1000;
    else if (opcode >= opcodes.slotInfo) await skipOpcode(reader, opcode);
    else {
      const found = readEntry(reader, opcode, expiresAtMs);
      expiresAtMs = null;
      yield inDatabase(await found, current, database);
    }
  }
  reader.onBytes = () => {};
  if (version >= checksumVersion) await checkEnd(reader, crc.bytes);
  if ((await reader.peek()) === null) return;
  const what = 'commands behind a dump (an append-only file with a preamble; see BGREWRITEAOF)';
  yield { kind: 'left-out', what, key: '' };
}

async function readVersion(reader: ByteReader): Promise<number> {
  const head = Buffer.from(await reader.take(9)).toString('latin1');
  const version = Number(/^REDIS(\d{4})$/.exec(head)?.[1] ?? Number.NaN);
  if (version >= 1 && version <= versionMax) return version;
  const known = `dumps of Redis up to RDB version ${versionMax} are known`;
  throw wrong(`this begins with ${JSON.stringify(head)}; ${known}`, 0);
}

async function readMs(reader: ByteReader): Promise<number> {
  return Number(viewOf(await reader.take(8)).getBigInt64(0, true));
}

async function readSeconds(reader: ByteReader): Promise<number> {
  return viewOf(await reader.take(4)).getInt32(0, true);
}

async function readEntry(
  reader: ByteReader,
  type: number,
  expiresAtMs: number | null,
): Promise<Found> {
  const key = await readString(reader);
  if (type === stringType) return foundOf(key, await readString(reader), expiresAtMs);
  const shown = shownKey(key);
  const { name, skip } = typeOf(type, shown, reader.offset);
  await skip(reader);
  return { kind: 'left-out', what: name, key: shown };
}

function inDatabase(found: Found, current: number, wanted: number): Found {
  if (current === wanted) return found;
  const key = found.kind === 'put' ? found.put.key : found.key;
  return { kind: 'left-out', what: `keys of database ${current}`, key };
}

/** What says nothing of keys. */
async function skipOpcode(reader: ByteReader, opcode: number): Promise<void> {
  switch (opcode) {
    case opcodes.aux:
      await skipString(reader);
      return skipString(reader);
    case opcodes.library:
      return skipString(reader);
    case opcodes.sizes:
      await readLength(reader);
      await readLength(reader);
      return;
    case opcodes.slotInfo:
      for (let i = 0; i < 3; i += 1) await readLength(reader);
      return;
    case opcodes.idleTime:
      await readLength(reader);
      return;
    case opcodes.frequency:
      return reader.skip(1);
    case opcodes.moduleAux:
      await readLength(reader);
      return skipModule(reader);
  }
  throw wrong(`${opcode} begins nothing that this version knows`, reader.offset);
}

/** All zeros where Redis was told not to write one. */
async function checkEnd(reader: ByteReader, expected: Uint8Array): Promise<void> {
  const given = Buffer.from(await reader.take(8));
  if (given.equals(expected) || given.every((byte) => byte === 0)) return;
  throw wrong('the dump is damaged: its checksum is wrong, and what was stored of it may be', 0);
}
