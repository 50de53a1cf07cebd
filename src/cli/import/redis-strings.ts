/** Lengths and strings as they stand in a dump of Redis. */
import { type ByteReader, wrong } from './byte-reader.ts';
import { decompressLzf } from './lzf.ts';

/** Redis itself allows no longer one. */
const stringBytesMax = 512 * 1024 * 1024;

/** How a string is written where it is not written as it is. */
const special = { int8: 0, int16: 1, int32: 2, lzf: 3 } as const;

type Length =
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'special'; readonly how: number };

async function readHead(reader: ByteReader): Promise<Length> {
  const first = await reader.byte();
  const low = first & 0x3f;
  switch (first >> 6) {
    case 0:
      return { kind: 'length', length: low };
    case 1:
      return { kind: 'length', length: (low << 8) | (await reader.byte()) };
    case 3:
      return { kind: 'special', how: low };
  }
  if (first === 0x80) return { kind: 'length', length: viewOf(await reader.take(4)).getUint32(0) };
  if (first !== 0x81) throw wrong(`${first} begins no length`, reader.offset);
  return { kind: 'length', length: Number(viewOf(await reader.take(8)).getBigUint64(0)) };
}

/** A count, an id, a time: exact up to 2^53, which is enough to know how much follows. */
export async function readLength(reader: ByteReader): Promise<number> {
  const head = await readHead(reader);
  if (head.kind === 'length') return head.length;
  throw wrong('a length is expected, not a string', reader.offset);
}

export async function readString(reader: ByteReader): Promise<Uint8Array> {
  const head = await readHead(reader);
  if (head.kind === 'length') return (await takeString(reader, head.length)).slice();
  switch (head.how) {
    case special.int8:
      return digits(viewOf(await reader.take(1)).getInt8(0));
    case special.int16:
      return digits(viewOf(await reader.take(2)).getInt16(0, true));
    case special.int32:
      return digits(viewOf(await reader.take(4)).getInt32(0, true));
    case special.lzf:
      return readCompressed(reader);
  }
  throw wrong(`${head.how} is no way to write a string`, reader.offset);
}

/** Reads over it, and keeps nothing. */
export async function skipString(reader: ByteReader): Promise<void> {
  const head = await readHead(reader);
  if (head.kind === 'length') return reader.skip(head.length);
  if (head.how === special.lzf) {
    const length = await readLength(reader);
    await readLength(reader);
    return reader.skip(length);
  }
  if (head.how > special.lzf) {
    throw wrong(`${head.how} is no way to write a string`, reader.offset);
  }
  return reader.skip(2 ** head.how);
}

async function readCompressed(reader: ByteReader): Promise<Uint8Array> {
  const compressed = await readLength(reader);
  const length = await readLength(reader);
  if (length > stringBytesMax) throw wrong(`a string of ${length} bytes`, reader.offset);
  const bytes = decompressLzf(await takeString(reader, compressed), length);
  if (bytes === null) throw wrong('a compressed string is damaged', reader.offset);
  return bytes;
}

function takeString(reader: ByteReader, length: number): Promise<Uint8Array> {
  if (length > stringBytesMax) throw wrong(`a string of ${length} bytes`, reader.offset);
  return reader.take(length);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function digits(number: number): Uint8Array {
  return new TextEncoder().encode(String(number));
}
