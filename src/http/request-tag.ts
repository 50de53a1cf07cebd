/** `Idempotency-Key` and what belongs to it (DESIGN.md §5 rule 14). */
import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { DsmError } from '../core/errors.ts';
import type { Condition, RequestTag } from '../core/record.ts';
import { headerNames } from './headers.ts';

/** A string of RFC 8941, in quotes, without escapes; or a bare token. */
const quoted = /^"([ !#-[\]-~]+)"$/;
const bare = /^[!#-+\--:<-[\]-~]+$/;

/** What a client said of its request; null where it sent no idempotency key. */
export interface RequestIdentity {
  readonly id: string;
  /** 0 where it did not say. */
  readonly keyRevision: number;
}

/** What two requests with one key must have in common. */
export interface Payload {
  readonly method: string;
  readonly key: string;
  readonly condition: Condition;
  readonly contentType: string;
  readonly ttlMs: number;
  readonly session: number;
  readonly value: Uint8Array;
}

/** Throws `invalid_request`. */
export function parseIdentity(headers: Headers, idBytesMax: number): RequestIdentity | null {
  const given = headers.get(headerNames.idempotencyKey);
  if (given === null) return null;
  const text = given.trim();
  const id = quoted.exec(text)?.[1] ?? (bare.test(text) ? text : null);
  if (id === null || id.length > idBytesMax) {
    throw new DsmError(
      'invalid_request',
      `Idempotency-Key must be 1 to ${idBytesMax} visible ASCII characters, as in "8f14e45f"`,
    );
  }
  return { id, keyRevision: parseKeyRevision(headers.get(headerNames.keyRevision)) };
}

function parseKeyRevision(given: string | null): number {
  if (given === null) return 0;
  const revision = /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN;
  if (Number.isSafeInteger(revision)) return revision;
  throw new DsmError('invalid_request', 'Dsm-Key-Revision must be a whole number');
}

const encoder = new TextEncoder();

export function tagRequest(identity: RequestIdentity | null, payload: Payload): RequestTag | null {
  if (identity === null) return null;
  return { ...identity, payloadHash: hashOf(payload) };
}

/** JSON ends where it ends: no two payloads are the same bytes, cut at another place. */
function hashOf({ value, ...payload }: Payload): number {
  const { method, key, condition, contentType, ttlMs, session } = payload;
  const head = JSON.stringify([method, key, condition, contentType, ttlMs, session]);
  return crc32(value, crc32(encoder.encode(head)));
}

/** The same for operations: `payload` is all that two requests with one key must have in common. */
export function tagOperations(
  identity: RequestIdentity | null,
  payload: readonly unknown[],
): RequestTag | null {
  if (identity === null) return null;
  return { ...identity, payloadHash: crc32(encoder.encode(JSON.stringify(payload, hexOfBytes))) };
}

/** JSON would write bytes as an object of numbers. */
function hexOfBytes(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { hex: Buffer.from(value).toString('hex') } : value;
}
