/**
 * The state hash: a sum over everything in the state of what each piece is, so that it follows each
 * change at the cost of that change. It is made of contents and not of the records that brought
 * them: a value that is computed, kept, sent or read back differently at one node shows as another
 * hash, also where the logs agree (I5, I9).
 */
import { crc32 } from 'node:zlib';

export function mix(a: number, b: number): number {
  const product = Math.imul(a ^ Math.imul(b, 0x85ebca6b), 0x9e3779b1);
  return (product ^ (product >>> 15)) >>> 0;
}

/** Of a whole number within ±2^53: an lsn, a time, a session. */
export function mixNumber(hash: number, value: number): number {
  return mix(mix(hash, value | 0), (value / 2 ** 32) | 0);
}

/** Texts are short: a loop over them is cheaper than to encode them. FNV-1a, of UTF-16 units. */
export function mixText(hash: number, text: string): number {
  let sum = hash ^ 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return mix(sum, text.length);
}

export function mixBytes(hash: number, bytes: Uint8Array): number {
  return mix(crc32(bytes, hash), bytes.length);
}

/** `pieces`: the sum of the shares of all entries, requests, sessions and locks, modulo 2^32. */
export function hashOfState(
  pieces: number,
  { logTimeMs, forgottenLsn }: { readonly logTimeMs: number; readonly forgottenLsn: number },
): number {
  return mixNumber(mixNumber(pieces, logTimeMs), forgottenLsn);
}
