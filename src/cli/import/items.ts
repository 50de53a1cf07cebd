/** What the readers of dumps find, whatever they read. */
import { Buffer } from 'node:buffer';
import type { BatchItem } from '../../client/types.ts';

export interface Put {
  readonly key: string;
  readonly value: Uint8Array;
  readonly contentType?: string;
  /** Seconds from when it is stored. */
  readonly ttl?: number;
  /** Unix time, of a file that says until when and not for how long. Not with `ttl`. */
  readonly expiresAtMs?: number;
}

export type Found =
  | { readonly kind: 'put'; readonly put: Put }
  /** Not stored; `what` is a plural like `hashes`. */
  | { readonly kind: 'left-out'; readonly what: string; readonly key: string }
  /** Stored, and yet not all that it was; `what` says how. */
  | { readonly kind: 'note'; readonly what: string; readonly key: string };

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** null where the bytes are not UTF-8, which no key of ours can be. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return null;
  }
}

/** Of a key that may be any bytes, for people. */
export function shownKey(bytes: Uint8Array): string {
  return textOf(bytes) ?? Buffer.from(bytes).toString('latin1');
}

/** `expiresAtMs` is Unix time; null for ever. */
export function foundOf(key: Uint8Array, value: Uint8Array, expiresAtMs: number | null): Found {
  const text = textOf(key);
  if (text === null)
    return { kind: 'left-out', what: 'keys that are not UTF-8', key: shownKey(key) };
  const more = expiresAtMs === null ? {} : { expiresAtMs };
  return { kind: 'put', put: { key: text, value, ...more } };
}

/** What a node is to be sent at `nowMs`; null where it would be gone already. */
export function itemOf({ expiresAtMs, ...put }: Put, nowMs: number): BatchItem | null {
  if (expiresAtMs === undefined) return { op: 'put', ...put };
  const ttl = (expiresAtMs - nowMs) / 1000;
  return ttl > 0 ? { op: 'put', ...put, ttl } : null;
}
