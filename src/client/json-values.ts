/** Values as they stand in the JSON of nodes: text as it is, everything else as base64. */
import { DsmError } from '../core/errors.ts';
import { makeEntry } from './entries.ts';
import type { Entry } from './types.ts';

const encoder = new TextEncoder();

/** The entry that a node describes; `where` is for the error. Throws `internal` for anything else. */
export function entryOfJson(json: unknown, where: string): Entry {
  const { key, revision, contentType, value, encoding } = fieldsOf(json);
  const isEntry = typeof key === 'string' && typeof revision === 'number';
  if (!isEntry || typeof contentType !== 'string') throw strange(where);
  const bytes = typeof value === 'string' ? bytesOf(value, encoding) : new Uint8Array(0);
  return makeEntry(key, bytes, contentType, revision);
}

export function fieldsOf(json: unknown): Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null ? { ...json } : {};
}

export function strange(where: string): DsmError {
  return new DsmError('internal', `${where} answered something that this client does not know`);
}

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes as they stand in JSON. */
export function jsonOfBytes(bytes: Uint8Array): { value: string; encoding: 'utf-8' | 'base64' } {
  try {
    return { value: strictDecoder.decode(bytes), encoding: 'utf-8' };
  } catch {
    const units = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
    return { value: btoa(units), encoding: 'base64' };
  }
}

function bytesOf(value: string, encoding: unknown): Uint8Array {
  if (encoding !== 'base64') return encoder.encode(value);
  return Uint8Array.from(atob(value), (unit) => unit.charCodeAt(0));
}
