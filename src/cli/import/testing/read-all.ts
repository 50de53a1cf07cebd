/** What a reader finds in some bytes, as lines that a test can compare. */
import { Buffer } from 'node:buffer';
import { ByteReader } from '../byte-reader.ts';
import { type Found, itemOf } from '../items.ts';

/** When tests read: `session` in the files of Redis ends in 2100, `gone` in 2026. */
export const nowMs = 4_102_444_800_000 - 1500;

export async function* inChunks(
  bytes: Uint8Array,
  size: number,
): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function readAll(
  read: (reader: ByteReader) => AsyncIterable<Found>,
  bytes: Uint8Array | string,
  chunkBytes = 64 * 1024,
): Promise<string[]> {
  const found: string[] = [];
  const whole = typeof bytes === 'string' ? new Uint8Array(Buffer.from(bytes, 'latin1')) : bytes;
  for await (const one of read(new ByteReader(inChunks(whole, chunkBytes)))) {
    const item = one.kind === 'put' ? itemOf(one.put, nowMs) : null;
    if (one.kind !== 'put') found.push(`${one.kind} ${one.key}: ${one.what}`);
    else if (item?.op !== 'put') found.push(`expired ${one.put.key}`);
    else {
      const { key, value } = one.put;
      const { ttl } = item;
      const text = Buffer.from(value)
        .toString('latin1')
        .replaceAll(/[^ -~]/g, '.');
      const shown = text.length > 30 ? `${text.slice(0, 3)}… ${text.length}` : text;
      found.push(`put ${key} = ${shown}${ttl === undefined ? '' : ` for ${ttl} s`}`);
    }
  }
  return found;
}
