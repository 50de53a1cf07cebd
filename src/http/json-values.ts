/**
 * Values within JSON. They are bytes, and JSON has texts only: what is UTF-8 stands there as it is,
 * readable to people and to `jq`; what is not, as base64; `encoding` says which. Decoding always
 * gives back the bytes that were stored.
 */
import { Buffer } from 'node:buffer';

/** How a client wants values: `auto` as above, `base64` always so, `none` not at all. */
export const valueModes = ['auto', 'base64', 'none'] as const;
export type ValueMode = (typeof valueModes)[number];

export interface JsonValue {
  readonly value: string;
  readonly encoding: 'utf-8' | 'base64';
}

/** Not lenient, and a byte order mark stays: nothing must be lost on the way. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function jsonValueOf(bytes: Uint8Array, mode: ValueMode): JsonValue | undefined {
  if (mode === 'none') return undefined;
  if (mode === 'auto') {
    try {
      return { value: decoder.decode(bytes), encoding: 'utf-8' };
    } catch {
      // Not UTF-8.
    }
  }
  const { buffer, byteOffset, length } = bytes;
  return { value: Buffer.from(buffer, byteOffset, length).toString('base64'), encoding: 'base64' };
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Why `value` stands for no bytes; null where it does. */
export function jsonValueFault({ value, encoding }: JsonValue): string | null {
  if (encoding === 'base64') {
    return base64.test(value) ? null : 'the value is not base64 (RFC 4648 §4, with padding)';
  }
  return value.isWellFormed() ? null : 'half of a surrogate pair is no text';
}

/** The bytes of a value that has no fault. */
export function bytesOfJson({ value, encoding }: JsonValue): Uint8Array {
  return new Uint8Array(Buffer.from(value, encoding === 'base64' ? 'base64' : 'utf8'));
}
