/** Values as they stand in the JSON of nodes: text as it is, everything else as base64. */
import { DsmError } from '../core/errors.ts';
import { makeEntry } from './entries.ts';
import type { Entry } from './types.ts';

const encoder = new TextEncoder();

/** What a request needs to send JSON. */
export function jsonContent(json: unknown) {
  const headers = { 'content-type': 'application/json' };
  return { headers, body: encoder.encode(JSON.stringify(json)) };
}

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

/** Bytes as they stand in JSON: text, where that is not longer than base64. */
export function jsonOfBytes(bytes: Uint8Array): { value: string; encoding: 'utf-8' | 'base64' } {
  try {
    if (!isMostlyEscapes(bytes)) {
      return { value: strictDecoder.decode(bytes), encoding: 'utf-8' };
    }
  } catch {
    // Not UTF-8.
  }
  return { value: base64Of(bytes), encoding: 'base64' };
}

/** A multiple of 3, so that what each becomes can stand behind the other. */
const sliceBytes = 3 * 8192;

/** In slices: a function takes only so many arguments, and an array of all bytes is far larger. */
function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + sliceBytes)));
  }
  return text;
}

/** Control characters that JSON writes as two characters; the others become six. */
const shortEscapes: ReadonlySet<number> = new Set([8, 9, 10, 12, 13]);

/** JSON has so many control characters to escape that base64, a third longer, is shorter. */
function isMostlyEscapes(bytes: Uint8Array): boolean {
  let more = 0;
  for (const byte of bytes) if (byte < 32) more += shortEscapes.has(byte) ? 1 : 5;
  return more > bytes.length / 3;
}

function bytesOf(value: string, encoding: unknown): Uint8Array {
  if (encoding !== 'base64') return encoder.encode(value);
  return Uint8Array.from(atob(value), (unit) => unit.charCodeAt(0));
}
