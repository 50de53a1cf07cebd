/** Lists, page by page: the next page is asked for when the one before is used up. */
import type { Caller } from './caller.ts';
import { entryOfJson, fieldsOf, strange } from './json-values.ts';
import { parseObject, type Reply } from './reply.ts';
import type { Entry, ListOptions } from './types.ts';

interface Page {
  readonly entries: readonly Entry[];
  readonly next: string | null;
}

export async function* list(
  caller: Caller,
  options: ListOptions,
  hasValues: boolean,
): AsyncGenerator<Entry, void, void> {
  const { limit = Infinity, pageSize = 100, signal, timeoutMs } = options;
  const query = queryOf(options);
  if (!hasValues) query.set('values', 'none');
  let left = limit;
  for (let after: string | null = null; left > 0; ) {
    query.set('limit', String(Math.min(pageSize, left)));
    if (after !== null) query.set('after', after);
    const reply = await caller.call({
      title: `LIST ${JSON.stringify(options.prefix ?? '')}`,
      method: 'GET',
      path: `/v1/kv?${query}`,
      isMutation: false,
      isSpread: true,
      signal,
      timeoutMs,
    });
    const { entries, next } = pageOf(reply);
    yield* entries;
    if (next === null) return;
    left -= entries.length;
    after = next;
  }
}

function queryOf(options: ListOptions): URLSearchParams {
  const { prefix, start, end, reverse, consistency, minRevision } = options;
  const query = new URLSearchParams();
  if (prefix !== undefined) query.set('prefix', prefix);
  if (start !== undefined) query.set('start', start);
  if (end !== undefined) query.set('end', end);
  if (reverse === true) query.set('reverse', 'true');
  if (consistency !== undefined) query.set('consistency', consistency);
  if (minRevision !== undefined) query.set('min-revision', String(minRevision));
  return query;
}

function pageOf(reply: Reply): Page {
  const { entries, next } = fieldsOf(parseObject(reply.body));
  const isPage = Array.isArray(entries) && (next === null || typeof next === 'string');
  if (!isPage) throw strange(reply.url);
  return { entries: entries.map((entry) => entryOfJson(entry, reply.url)), next };
}
