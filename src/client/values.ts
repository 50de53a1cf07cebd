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

/** Throws `invalid_request` for what would be stored as something else: half a surrogate pair, a Map. */
export function encodeValue(value: Value, contentType?: string): EncodedValue {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) {
      throw invalid('the value has half of a surrogate pair, which UTF-8 cannot hold');
    }
    return { bytes: encoder.encode(value), contentType: contentType ?? 'text/plain;charset=utf-8' };
  }
  if (value instanceof Uint8Array) {
    // A copy: every attempt sends the bytes of the moment of the call.
    return { bytes: new Uint8Array(value), contentType: contentType ?? 'application/octet-stream' };
  }
  return { bytes: encoder.encode(toJson(value)), contentType: contentType ?? 'application/json' };
}

function toJson(value: unknown): string {
  if (value === undefined) throw notPlain(value);
  try {
    return JSON.stringify(value, plainOnly);
  } catch (cause) {
    if (cause instanceof DsmError) throw cause;
    throw invalid('the value cannot be written as JSON', cause);
  }
}

/** What is undefined within an object is left out, as JSON does; what would be lost, is refused. */
function plainOnly(_name: string, value: unknown): unknown {
  if (isPlain(value)) return value;
  throw notPlain(value);
}

/** Primitives that JSON has, arrays and plain objects; what has `toJSON` was asked for it before. */
function isPlain(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value === 'function' || typeof value === 'symbol') return false;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function notPlain(value: unknown): DsmError {
  const isNumber = typeof value === 'number';
  const kind = typeof value === 'object' ? value?.constructor?.name : typeof value;
  const what = isNumber ? String(value) : (kind ?? 'this');
  return invalid(`a value is a string, a Uint8Array or plain JSON data, and has no ${what}`);
}

function invalid(text: string, cause?: unknown): DsmError {
  return new DsmError('invalid_request', text, { cause });
}
