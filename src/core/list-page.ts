/**
 * One page of keys in the order of their bytes, of one revision: bounded in count, in bytes, and in
 * what is looked at. Keys whose lifetime has ended stand in the way until their records remove them;
 * where that are many the page is short, perhaps empty, and says where to go on.
 */
import { allKeys, intersect, type KeyRange } from './key-range.ts';
import { listScanMax } from './limits.ts';
import type { Entry, Store } from './store.ts';

export interface ListQuery {
  readonly range: KeyRange;
  readonly isReverse: boolean;
  /** Goes on behind this key, in the direction of the list; null from the beginning on. */
  readonly after: string | null;
  /** At most so many entries. */
  readonly limit: number;
  /** At most so many bytes of keys and values, but one entry may have more alone. */
  readonly bytesMax: number;
  /** The values are wanted, so they count. */
  readonly hasValues: boolean;
}

export interface ListedEntry extends Entry {
  readonly key: string;
}

export interface ListPage {
  /** The applied lsn of the state that was read. */
  readonly revision: number;
  readonly entries: readonly ListedEntry[];
  /** The `after` of the next page; null where this one is the last. */
  readonly next: string | null;
}

/** What an entry adds to an answer beside its key and value, bytes. */
const entryOverheadBytes = 64;

export function listPage(store: Store, query: ListQuery): ListPage {
  const { limit, bytesMax, isReverse, after, hasValues } = query;
  const revision = store.appliedLsn;
  const entries: ListedEntry[] = [];
  let bytes = 0;
  let seen = 0;
  let last: string | null = null;
  for (const key of store.keysIn(rangeBehind(query), isReverse)) {
    if (key === after) continue;
    if (seen === listScanMax) return { revision, entries, next: last };
    seen += 1;
    last = key;
    const entry = store.get(key);
    if (entry === undefined) continue;
    bytes += key.length + entryOverheadBytes + (hasValues ? entry.value.length : 0);
    const isFull = entries.length >= limit || (entries.length > 0 && bytes > bytesMax);
    if (isFull) return { revision, entries, next: entries.at(-1)?.key ?? null };
    entries.push({ ...entry, key });
  }
  return { revision, entries, next: null };
}

/** Ascending, the range still begins with `after` itself. */
function rangeBehind({ range, isReverse, after }: ListQuery): KeyRange {
  if (after === null) return range;
  const rest = isReverse ? { ...allKeys, end: after } : { ...allKeys, start: after };
  return intersect(range, rest);
}
