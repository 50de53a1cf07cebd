/**
 * `/v1/unstorage/`: what the stock HTTP driver of unstorage speaks. Each call is translated into one
 * of `/v1/kv`, so that it is forwarded, bounded and counted once as any other; only the shape of
 * keys and answers is different here.
 */
import type { Hono } from 'hono';
import { assert, DsmError } from '../core/errors.ts';
import { prefixRange } from '../core/key-range.ts';
import type { ListPage } from '../core/list-page.ts';
import type { EntryView, ReadOptions } from '../node/api.ts';
import { defaultContentType, headerNames } from './headers.ts';
import { parseKey, targetOf, unstoragePath } from './keys.ts';
import { deleteKey, putKey, readKey } from './kv-routes.ts';
import { deleteMax } from './operation-results.ts';
import { expectNoQuery, parseReadOptions } from './queries.ts';
import type { RouteOptions } from './route-options.ts';
import { deleteRange } from './txn-routes.ts';
import { isNameable, storedKeyOf, storedPrefixOf } from './unstorage-keys.ts';

/** Of keys within one answer, which has no pages: a node must not hold more for one call. */
const keysBytesMax = 16 * 1024 * 1024;
const pageLimit = 1000;

/** Seconds, in requests and answers of unstorage. */
const ttlHeader = 'x-ttl';

type Place = { readonly kind: 'key'; readonly rawKey: string; readonly query: string } | BasePlace;

interface BasePlace {
  readonly kind: 'base';
  /** What is left out of the keys in the answer. */
  readonly base: string;
  readonly prefix: string;
  readonly query: string;
  /** Not a key that was left out by mistake: it ends as the driver ends a base, or one is named. */
  readonly isMeant: boolean;
}

export function addUnstorageRoutes(app: Hono, options: RouteOptions): void {
  app.get(unstoragePath, (c) => onGet(options, c.req.raw));
  app.put(unstoragePath, (c) => onPut(options, c.req.raw));
  app.delete(unstoragePath, (c) => onDelete(options, c.req.raw));
}

/** A path that ends in `:` or `/` means all keys below it. Throws `invalid_key`. */
function placeOf({ url, headers }: Request, keyBytesMax: number): Place {
  const { rawKey: raw, query } = targetOf(url, unstoragePath);
  const nameOf = (text: string) => (text === '' ? '' : parseKey(text, keyBytesMax));
  const given = headers.get(headerNames.base);
  const base = storedPrefixOf(nameOf(given ?? ''));
  const end = raw.replace(/[:/]+$/, '');
  const name = nameOf(end);
  if (end.length < raw.length || raw === '') {
    const isMeant = given !== null || raw.endsWith(':');
    return { kind: 'base', base, prefix: base + storedPrefixOf(name), query, isMeant };
  }
  return { kind: 'key', rawKey: encodeURIComponent(base + storedKeyOf(name)), query };
}

async function onGet(options: RouteOptions, request: Request): Promise<Response> {
  const place = placeOf(request, options.node.limits.keyBytesMax);
  if (place.kind === 'base') return onList(options, request, place);
  const isRaw = request.headers.get('accept') === defaultContentType;
  const answer = await readKey(options, request, place, isRaw ? asBytes : asText);
  const expiresIn = answer.headers.get(headerNames.expiresIn);
  if (expiresIn !== null) answer.headers.set(ttlHeader, String(Math.ceil(Number(expiresIn))));
  return answer;
}

function asBytes(entry: EntryView): EntryView {
  return { ...entry, contentType: defaultContentType };
}

/** The driver says `application/json` of every text that it stores, so that is not repeated. */
function asText(entry: EntryView): EntryView {
  return { ...entry, contentType: 'text/plain; charset=utf-8' };
}

async function onList(
  options: RouteOptions,
  request: Request,
  { base, prefix, query }: BasePlace,
): Promise<Response> {
  if (request.method === 'HEAD') throw notOnBase('HEAD');
  const reads = parseReadOptions(query);
  const keys: string[] = [];
  let bytes = 0;
  for (let after: string | null = null; ; ) {
    const page = await listKeys(options, prefix, after, reads);
    for (const { key } of page.entries) {
      if (!isNameable(key)) continue;
      keys.push(key.slice(base.length));
      bytes += key.length;
    }
    if (bytes > keysBytesMax) {
      const text = `More than ${keysBytesMax} bytes of keys; use a base, or the pages of GET /v1/kv`;
      throw new DsmError('too_large', text);
    }
    if (page.next === null) return options.answers.json(200, keys);
    after = page.next;
  }
}

function listKeys(
  { node }: RouteOptions,
  prefix: string,
  after: string | null,
  options: ReadOptions,
): Promise<ListPage> {
  const range = prefixRange(prefix);
  const bounds = { limit: pageLimit, bytesMax: keysBytesMax, hasValues: false };
  return new Promise((resolve, reject) => {
    node.list({ range, isReverse: false, after, ...bounds }, options, (error, page) => {
      if (error !== null) return reject(error);
      assert(page !== null, 'a list without an error has a page');
      resolve(page);
    });
  });
}

function onPut(options: RouteOptions, request: Request): Promise<Response> {
  const place = placeOf(request, options.node.limits.keyBytesMax);
  if (place.kind === 'base') throw notOnBase('PUT');
  expectNoQuery(place.query);
  return putKey(options, request, { rawKey: place.rawKey, query: ttlQueryOf(request.headers) });
}

/** The driver writes numbers as JavaScript does: `1e21`, `0.30000000000000004`. */
function ttlQueryOf(headers: Headers): string {
  const text = headers.get(ttlHeader) ?? '';
  const seconds = Number(text);
  if (seconds === 0) return '';
  const ttl = Number.isFinite(seconds) ? String(Math.round(seconds * 1000) / 1000) : text;
  return `ttl=${encodeURIComponent(ttl)}`;
}

async function onDelete(options: RouteOptions, request: Request): Promise<Response> {
  const place = placeOf(request, options.node.limits.keyBytesMax);
  expectNoQuery(place.query);
  if (place.kind === 'base') {
    if (!place.isMeant) throw new DsmError('invalid_key', clearText);
    return onClear(options, request, place.prefix);
  }
  const answer = await deleteKey(options, request, place);
  // The driver takes a key that was not there for a failure, and unstorage does not.
  return answer.status === 404 ? options.answers.empty(204) : answer;
}

/** As often as it takes: there is no page to be asked for, and a record deletes only so many. */
async function onClear(options: RouteOptions, request: Request, prefix: string): Promise<Response> {
  const headers = new Headers(request.headers);
  // One key would make the second part a repetition of the first. To clear twice is to clear.
  headers.delete(headerNames.idempotencyKey);
  headers.delete(headerNames.keyRevision);
  const query = String(new URLSearchParams({ prefix, limit: String(deleteMax) }));
  for (let deleted = 0; ; ) {
    const answer = await deleteRange(options, query, headers);
    const part: { deleted: number; hasMore: boolean; detail?: string } = await answer
      .clone()
      .json();
    if (answer.status !== 200) {
      if (deleted === 0) return answer;
      const text = `${deleted} keys were deleted, and then not all: ${part.detail}; clear again`;
      throw new DsmError('write_timeout', text);
    }
    if (!part.hasMore) return options.answers.empty(204);
    deleted += part.deleted;
  }
}

const clearText =
  'This path has no key, and so means all that there is; to clear a base, end the path in ":" as ' +
  `unstorage does, or say ${headerNames.base}, perhaps empty`;

function notOnBase(method: string): DsmError {
  const text = `${method} needs a key: a path that ends in ":" or "/" means all keys below it`;
  return new DsmError('invalid_key', text);
}
