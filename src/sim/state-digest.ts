/**
 * A digest of everything that a store holds, made by reading all of it, and of what it derives from
 * that. Slow and simple, to check the state hash, which is neither.
 */
import { crc32 } from 'node:zlib';
import { allKeys, compareKeys } from '../core/key-range.ts';
import { encodeSnapshot } from '../core/snapshot.ts';
import type { FrozenStore, Store } from '../core/store.ts';

export function stateDigest(store: Store): number {
  const frozen = canonical(store.freeze());
  const header = { clusterId: '', position: { epoch: 0, lsn: frozen.appliedLsn }, members: [] };
  let digest = 0;
  for (const chunk of encodeSnapshot(header, frozen)) digest = crc32(chunk, digest);
  return crc32(JSON.stringify(derived(store, frozen)), digest);
}

/** The order of the requests is part of the state: they are forgotten in it. No other is. */
function canonical(frozen: FrozenStore): FrozenStore {
  const { sessions, locks } = frozen.sessions;
  return {
    ...frozen,
    entries: sorted(frozen.entries, compareKeys),
    sessions: { sessions: sorted(sessions, (a, b) => a - b), locks: sorted(locks, compareKeys) },
  };
}

function sorted<Key, Value>(
  map: ReadonlyMap<Key, Value>,
  compare: (a: Key, b: Key) => number,
): Map<Key, Value> {
  return new Map([...map].toSorted(([a], [b]) => compare(a, b)));
}

/** Indexes and counts that a snapshot does not hold, and that must be the same all the same. */
function derived(store: Store, frozen: FrozenStore): unknown[] {
  const { sessions } = store;
  const ids = [...frozen.sessions.sessions.keys()];
  return [
    [...store.keysIn(allKeys)],
    store.memoryBytes,
    store.nextExpiryMs(),
    sessions.nextExpiryMs(),
    ids.map((id) => [...sessions.keysOf(id)].toSorted(compareKeys)),
    ids.map((id) => [...sessions.locksOf(id)].toSorted(compareKeys)),
  ];
}
