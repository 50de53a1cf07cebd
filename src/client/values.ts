/** How JavaScript values become the bytes and the content type of an entry, and back. */
import { DsmError } from '../core/errors.ts';

/**
 * A string is stored as text, a `Uint8Array` as bytes, and everything else as JSON. Wide on purpose
 * (an interface has no index signature); what is not plain data is refused when it is put.
 */
export type Value = string | number | boolean | null | object;

export interface EncodedValue {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
}

const encoder = new TextEncoder();

/** Throws `invalid_request` for what JSON would lose without a word (a Map, a Blob, …). */
export function encodeValue(value: Value, contentType?: string): EncodedValue {
  if (typeof value === 'string') {
    return { bytes: encoder.encode(value), contentType: contentType ?? 'text/plain;charset=utf-8' };
  }
  if (value instanceof Uint8Array) {
    // A copy: every attempt sends the bytes of the moment of the call.
    return { bytes: new Uint8Array(value), contentType: contentType ?? 'application/octet-stream' };
  }
  return { bytes: encoder.encode(toJson(value)), contentType: contentType ?? 'application/json' };
}

function toJson(value: unknown): string {
  if (isPlain(value)) {
    try {
      const text: unknown = JSON.stringify(value);
      if (typeof text === 'string') return text;
    } catch (cause) {
      throw new DsmError('invalid_request', 'the value cannot be written as JSON', { cause });
    }
  }
  const kind = typeof value === 'object' ? value?.constructor?.name : typeof value;
  throw new DsmError(
    'invalid_request',
    `a value is a string, a Uint8Array or plain JSON data, not ${kind ?? 'this'}`,
  );
}

/** Primitives, arrays, plain objects, and whatever says itself how it looks as JSON. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return true;
  if ('toJSON' in value) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
