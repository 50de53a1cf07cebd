/** Lists, page by page: the next page is asked for when the one before is used up. */
import type { Caller } from './caller.ts';
import { entryOfJson, fieldsOf, strange } from './json-values.ts';
import { catchUpMs, queryOf } from './query.ts';
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
  const { limit = Infinity, pageSize = 100, signal, timeoutMs, minRevision } = options;
  const { prefix, start, end, reverse, consistency } = options;
  const wanted = {
    ...{ prefix, start, end, reverse, consistency },
    'min-revision': minRevision,
    values: hasValues ? undefined : 'none',
  };
  let left = limit;
  for (let after: string | undefined; left > 0; ) {
    const reply: Reply = await caller.call({
      title: `LIST ${JSON.stringify(prefix ?? '')}`,
      method: 'GET',
      path: `/v1/kv${queryOf({ ...wanted, limit: Math.min(pageSize, left), after })}`,
      isMutation: false,
      isSpread: true,
      patienceMs: catchUpMs(minRevision),
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

function pageOf(reply: Reply): Page {
  const { entries, next } = fieldsOf(parseObject(reply.body));
  const isPage = Array.isArray(entries) && (next === null || typeof next === 'string');
  if (!isPage) throw strange(reply.url);
  return { entries: entries.map((entry) => entryOfJson(entry, reply.url)), next };
}
