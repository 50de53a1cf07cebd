/**
 * Keys are checked before anything is sent: a URL parser would silently turn `/v1/kv/..` into
 * another resource, and a lone surrogate cannot be encoded at all.
 */
import { DsmError } from '../core/errors.ts';
import { defaultLimits } from '../core/limits.ts';

const encoder = new TextEncoder();

/** Throws `invalid_key`. */
export function expectKey(key: string): void {
  const fault = keyFault(key);
  if (fault !== null) throw new DsmError('invalid_key', fault);
}

/** The path of `key`, encoded as a whole: `a/b` becomes `a%2Fb`. Throws `invalid_key`. */
export function keyPath(key: string): string {
  expectKey(key);
  return `/v1/kv/${encodeURIComponent(key)}`;
}

function keyFault(key: unknown): string | null {
  if (typeof key !== 'string') return `a key is a string, not ${typeof key}`;
  if (key === '') return 'a key has at least one character';
  if (key === '.' || key === '..') return `"${key}" cannot be a key: it means a folder in a URL`;
  if (!key.isWellFormed()) return 'the key has half of a surrogate pair, which UTF-8 cannot hold';
  const { keyBytesMax } = defaultLimits;
  // A UTF-16 unit takes at least one byte: no need to encode a whole novel to refuse it.
  const bytes = key.length > keyBytesMax ? key.length : encoder.encode(key).length;
  if (bytes <= keyBytesMax) return null;
  return `a key has at most ${keyBytesMax} bytes of UTF-8; this one has ${bytes} or more`;
}
