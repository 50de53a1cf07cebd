/** The map: keys with their values, in the order of their bytes and in that of their lifetimes. */
import { type Deadline, DeadlineQueue } from './deadlines.ts';
import { KeyIndex } from './key-index.ts';
import type { KeyRange } from './key-range.ts';
import { mixBytes, mixNumber, mixText } from './state-hash.ts';

export interface EntryContent {
  readonly value: Uint8Array;
  readonly contentType: string;
  /** lsn of the key's last change. */
  readonly revision: number;
  /** Log time at which it may be expired; 0 for never. */
  readonly expiresAtMs: number;
  /** lsn of the record that set the lifetime; 0 where there is none. */
  readonly ttlLsn: number;
  /** The session that it ends with; 0 for none. */
  readonly session: number;
}

export interface Entry extends EntryContent {
  /** Share of the state hash: of the key and all of the above. */
  readonly hash: number;
}

export function entryOf(key: string, content: EntryContent): Entry {
  const { value, contentType, revision, expiresAtMs, ttlLsn, session } = content;
  let hash = mixBytes(mixText(0, key), value);
  hash = mixNumber(mixText(hash, contentType), revision);
  // Most have no more to them.
  if (ttlLsn !== 0) hash = mixNumber(mixNumber(hash, expiresAtMs), ttlLsn);
  if (session !== 0) hash = mixNumber(hash, session);
  return { value, contentType, revision, expiresAtMs, ttlLsn, session, hash };
}

/** Rough cost of an entry in memory beside its key and value, bytes. */
const entryOverheadBytes = 160;

export class Entries {
  /** Size of keys, values and overhead, bytes. */
  memoryBytes = 0;
  /** Sum of the hashes of all entries, modulo 2^32. */
  hash = 0;
  readonly #map = new Map<string, Entry>();
  readonly #index = new KeyIndex();
  /** Where `ownValues` is on its way; at rest null, as an iterator keeps outgrown tables of its map. */
  #sweep: MapIterator<[string, Entry]> | null = null;
  /** What was trimmed when it set out. */
  #sweepLsn = 0;
  /** All values at or below this lsn have a buffer of their own. */
  #ownedLsn = 0;
  readonly #lifetimes = new DeadlineQueue(({ key, ttlLsn, atMs }) => {
    const entry = this.#map.get(key);
    return entry?.ttlLsn === ttlLsn && entry.expiresAtMs === atMs;
  });

  /** What is held, though its lifetime may have ended. */
  get(key: string): Entry | undefined {
    return this.#map.get(key);
  }

  get size(): number {
    return this.#map.size;
  }

  /** Keys in the order of their bytes. Nothing may be changed while they are read. */
  keysIn(range: KeyRange, isReverse: boolean): Generator<string, void, void> {
    return isReverse ? this.#index.descending(range) : this.#index.ascending(range);
  }

  /** `old` is what `get` says of the key. */
  set(key: string, entry: Entry, old: Entry | undefined): void {
    if (old === undefined) this.#index.add(key);
    else this.#forget(key, old);
    this.#map.set(key, entry);
    this.memoryBytes += entryBytes(key, entry);
    this.hash = (this.hash + entry.hash) >>> 0;
    const { expiresAtMs: atMs, ttlLsn } = entry;
    const isNew = atMs > 0 && (old?.ttlLsn !== ttlLsn || old.expiresAtMs !== atMs);
    if (isNew) this.#lifetimes.push({ atMs, key, ttlLsn });
  }

  remove(key: string, entry: Entry): void {
    this.#map.delete(key);
    this.#index.delete(key);
    this.#forget(key, entry);
  }

  #forget(key: string, entry: Entry): void {
    this.memoryBytes -= entryBytes(key, entry);
    this.hash = (this.hash - entry.hash) >>> 0;
  }

  /** When the first of all lifetimes ends, in log time; Infinity where no key has one. */
  nextExpiryMs(): number {
    return this.#lifetimes.nextMs();
  }

  /** Lifetimes that have ended at `logTimeMs`: the first `countMax` of those to be expired. */
  expired(logTimeMs: number, countMax: number): Deadline[] {
    return this.#lifetimes.due(logTimeMs, countMax);
  }

  /**
   * Gives values a buffer of their own where the log has forgotten the batch that they are a view of,
   * which they would keep alive: those at or below `trimmedLsn`. Looks at `count` entries, going on
   * where it stopped: a look at all of them at once would be a pause. Most values are replaced
   * before, so most are never copied.
   */
  ownValues(trimmedLsn: number, count: number): void {
    if (this.#sweep === null && this.#ownedLsn < trimmedLsn) {
      this.#sweep = this.#map.entries();
      this.#sweepLsn = trimmedLsn;
    }
    for (let seen = 0; seen < count && this.#sweep !== null; seen += 1) {
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#ownedLsn = this.#sweepLsn;
        this.#sweep = null;
        return;
      }
      const [key, entry] = next.value;
      const isView = entry.value.byteLength < entry.value.buffer.byteLength;
      if (entry.revision <= trimmedLsn && isView) {
        this.#map.set(key, { ...entry, value: entry.value.slice() });
      }
    }
  }

  /** A copy of the map that stays as it is; the values are shared. */
  freeze(): Map<string, Entry> {
    return new Map(this.#map);
  }
}

function entryBytes(key: string, entry: Entry): number {
  return key.length + entry.value.length + entry.contentType.length + entryOverheadBytes;
}
