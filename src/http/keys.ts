/**
 * Keys as they stand in URLs. A key is everything between `/v1/kv/` and the query, taken from the
 * raw URL and percent-decoded once, strictly: `a/b` and `a%2Fb` are one key, `%zz` is none. Node and
 * Bun remove dot segments before anybody sees them and Deno does not, so they are refused where they
 * can be seen. Bun also takes `\` for `/`, and encodes what is not ASCII, where the others refuse
 * both. So a URL may be refused at one node and name a key at another, but never names two keys.
 */
import { DsmError } from '../core/errors.ts';

/** Where keys begin in a path. */
export const keysPath = '/v1/kv/';

/** Visible ASCII without `%`, `#`, `?` and `\`: a key that needs no decoding. */
const plain = /^[!"$&->@-[\]-~]+$/;

/** What may stand in a raw key: the same, and escapes. */
const raw = /^[!"$-%&->@-[\]-~]+$/;

const dotSegment = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;

const encoder = new TextEncoder();

/** The rest of a URL after `/v1/kv/`, apart: the raw key, and the query without its `?`. */
export interface Target {
  readonly rawKey: string;
  readonly query: string;
}

/** Where the path of an absolute URL begins. */
export function pathStart(url: string): number {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  return start === -1 ? url.length : start;
}

/** Where names of locks begin in a path; they are as keys are. */
export const locksPath = '/v1/locks/';

/** Where keys begin in a path, as unstorage names them. */
export const unstoragePath = '/v1/unstorage/';

/** `url` is absolute and its path begins with `path`. */
export function targetOf(url: string, path: string = keysPath): Target {
  const start = pathStart(url) + path.length;
  const mark = url.indexOf('?', start);
  if (mark === -1) return { rawKey: url.slice(start), query: '' };
  return { rawKey: url.slice(start, mark), query: url.slice(mark + 1) };
}

/** True for a raw key that is its own decoded form; false where `parseKey` must look. */
export function isPlainKey(rawKey: string, keyBytesMax: number): boolean {
  if (rawKey.length > keyBytesMax || !plain.test(rawKey)) return false;
  return !rawKey.includes('.') || !dotSegment.test(rawKey);
}

/** Throws `invalid_key` with the reason. */
export function parseKey(rawKey: string, keyBytesMax: number): string {
  if (isPlainKey(rawKey, keyBytesMax)) return rawKey;
  if (rawKey === '') throw invalid('a key has at least one byte');
  if (!raw.test(rawKey)) {
    throw invalid('bytes beyond visible ASCII, and # and \\, must be percent-encoded');
  }
  if (dotSegment.test(rawKey)) {
    throw invalid('"." and ".." mean folders in a URL; within a key write its slashes as %2F');
  }
  const key = decode(rawKey);
  const bytes = encoder.encode(key).length;
  if (bytes > keyBytesMax) {
    throw invalid(`a key has at most ${keyBytesMax} bytes of UTF-8; this one has ${bytes}`);
  }
  return key;
}

function decode(rawKey: string): string {
  try {
    return decodeURIComponent(rawKey);
  } catch {
    throw invalid('a percent sign must begin the escape of a byte, and the bytes must be UTF-8');
  }
}

function invalid(reason: string): DsmError {
  return new DsmError('invalid_key', `The key is not valid: ${reason}`);
}
