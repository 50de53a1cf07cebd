import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { members, put, records } from '../sim/fixtures.ts';
import { sessionCommand } from '../sim/session-arbitraries.ts';
import { txn } from '../sim/txn-arbitraries.ts';
import { FrameError } from './frame.ts';
import { allKeys } from './key-range.ts';
import { noResult, type OperationResult } from './result.ts';
import type { Lock, Session } from './sessions.ts';
import { encodeSnapshot, SnapshotDecoder, type SnapshotHeader } from './snapshot.ts';
import { SnapshotCheck, type SnapshotSummary } from './snapshot-check.ts';
import { type Entry, type FrozenStore, type Remembered, Store } from './store.ts';

/** A store of `count` keys, some with a lifetime, some made by a request that is remembered. */
function storeOf(count: number, valueBytes = 10): Store {
  const store = new Store();
  for (let lsn = 1; lsn <= count; lsn += 1) {
    const request = lsn % 3 === 0 ? { id: `r${lsn}`, payloadHash: lsn, keyRevision: 0 } : null;
    const ttlMs = lsn % 4 === 0 ? 500 : 0;
    const command = put(`key ${lsn}`, `${lsn}`.repeat(valueBytes), { request, ttlMs });
    const [record] = records([command], lsn, 2, lsn * 10);
    if (record !== undefined) store.apply(record);
  }
  return store;
}

function encode(store: Store): Uint8Array[] {
  const header: SnapshotHeader = {
    clusterId: 'c',
    position: { epoch: 2, lsn: store.appliedLsn },
    members: members('m1 m2 s1'),
  };
  return [...encodeSnapshot(header, store.freeze())].map((chunk) => chunk.slice());
}

function decode(chunks: readonly Uint8Array[]): ReturnType<SnapshotDecoder['finish']> {
  const decoder = new SnapshotDecoder();
  for (const chunk of chunks) decoder.push(chunk);
  return decoder.finish();
}

function check(chunks: readonly Uint8Array[]): SnapshotSummary {
  const looking = new SnapshotCheck();
  for (const chunk of chunks) looking.push(chunk);
  return looking.finish();
}

const flat = (chunks: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(chunks));

describe('a snapshot of a store that ran transactions and held sessions', () => {
  const command = fc.oneof(txn, sessionCommand);

  test('answers every later record as the store does, also requests that ran before', () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 2, maxLength: 30 }), (list) => {
        const store = storeOf(1);
        const half = Math.ceil(list.length / 2);
        let decoded: Store | null = null;
        for (const [index, command] of list.entries()) {
          const [record] = records([command], index + 2, 2, index * 3);
          if (record === undefined) return;
          const result = store.apply(record);
          if (decoded !== null) expect(decoded.apply(record)).toEqual(result);
          if (index + 1 === half) decoded = decode(encode(store)).store;
        }
        expect(decoded?.freeze()).toEqual(store.freeze());
        // The check sums up what the decoder puts together.
        expect(check(encode(store)).stateHash).toBe(store.hash);
      }),
    );
  });
});

describe('a snapshot', () => {
  test('gives back the header and the whole state', () => {
    const store = storeOf(40);
    const taken = decode(encode(store));
    expect(taken.header.position).toEqual({ epoch: 2, lsn: 40 });
    expect(taken.header.members).toEqual(members('m1 m2 s1'));
    expect(taken.store.freeze()).toEqual(store.freeze());
    expect(taken.store.memoryBytes).toBe(store.memoryBytes);
    const keys = [...taken.store.keysIn(allKeys, false)];
    expect(keys).toEqual([...store.keysIn(allKeys, false)]);
    expect(keys).toHaveLength(40);
  });

  test('of many bytes comes in several chunks, and chunks may be split anywhere', () => {
    const store = storeOf(900, 300);
    const chunks = encode(store);
    expect(chunks.length).toBeGreaterThan(1);
    const bytes = flat(chunks);
    const cuts = fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 30 });
    fc.assert(
      fc.property(cuts, (places) => {
        const edges = [0, ...places.sort((a, b) => a - b), bytes.length];
        const pieces = edges.slice(1).map((end, i) => bytes.slice(edges[i], end));
        expect(decode(pieces).store.hash).toBe(store.hash);
      }),
      { numRuns: 10 },
    );
  });

  test('of an empty store is whole too', () => {
    expect(decode(encode(new Store())).store.appliedLsn).toBe(0);
  });

  test('goes on from there as the original does: requests stay remembered', () => {
    const original = storeOf(9);
    const { store } = decode(encode(original));
    const request = { id: 'r9', payloadHash: 9, keyRevision: 0 };
    const [again] = records([put('key 9', 'again', { request })], 10, 2);
    if (again === undefined) throw new Error('no record');
    expect(store.apply(again)).toEqual(original.apply(again));
    expect(store.hash).toBe(original.hash);
  });

  test('cut off at any place is refused whole', () => {
    const bytes = flat(encode(storeOf(5)));
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decode([bytes.slice(0, length)])).toThrow(FrameError);
    }
  });

  test('with any flipped bit is refused whole', () => {
    const bytes = flat(encode(storeOf(3)));
    for (let bit = 0; bit < bytes.length * 8; bit += 5) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => decode([damaged])).toThrow(FrameError);
    }
  });

  test('without one of its frames is refused: the footer counts them', () => {
    const bytes = flat(encode(storeOf(3)));
    const ends = frameEnds(bytes);
    for (let i = 1; i < ends.length; i += 1) {
      const without = [bytes.slice(0, ends[i - 1]), bytes.slice(ends[i])];
      expect(() => decode(without)).toThrow(FrameError);
    }
  });

  test('followed by anything else is refused', () => {
    const chunks = encode(storeOf(3));
    expect(() => decode([...chunks, ...chunks])).toThrow('out of order');
  });
});

describe('a look at a snapshot', () => {
  test('says what is in it, and keeps nothing', () => {
    const store = storeOf(12);
    const chunks = encode(store);
    expect(check(chunks)).toEqual({
      clusterId: 'c',
      position: { epoch: 2, lsn: 12 },
      members: members('m1 m2 s1'),
      ...{ logTimeMs: 120, forgottenLsn: 0, keys: 12, sessions: 0, locks: 0, requests: 4 },
      bytes: flat(chunks).length,
      // Keys like "key 7" with the digits ten times.
      dataBytes: 9 * (5 + 10) + 3 * (6 + 20),
      stateHash: store.hash,
    });
  });

  test('finds what the decoder finds: any flipped bit, any missing end', () => {
    const bytes = flat(encode(storeOf(3)));
    for (let bit = 0; bit < bytes.length * 8; bit += 5) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => check([damaged])).toThrow(FrameError);
    }
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => check([bytes.slice(0, length)])).toThrow(FrameError);
    }
  });

  test('finds parts that are whole and do not belong together', () => {
    const [one, other] = [flat(encode(storeOf(3))), flat(encode(storeOf(3, 9)))];
    const [ends, otherEnds] = [frameEnds(one), frameEnds(other)];
    const swapped = Buffer.concat([
      one.slice(0, ends[0]),
      other.slice(otherEnds[0], otherEnds[1]),
      one.slice(ends[1]),
    ]);
    expect(() => check([swapped])).toThrow('not of the state that it names');
  });

  test('says of another file at once that it is none, and where a damaged one is damaged', () => {
    const text = new TextEncoder().encode('hello, this is a letter to somebody');
    expect(() => new SnapshotCheck().push(text)).toThrow('does not begin as a snapshot does');
    const bytes = flat(encode(storeOf(900, 300)));
    const [place] = frameEnds(bytes).slice(700);
    if (place === undefined) throw new Error('there are more frames');
    bytes[place + 20] = (bytes[place + 20] ?? 0) ^ 1;
    const pieces = Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, i) =>
      bytes.subarray(i * 1000, (i + 1) * 1000),
    );
    expect(() => check(pieces)).toThrow(`a frame has a wrong checksum at byte ${place}`);
  });
});

describe('the hash of a snapshot', () => {
  /** A store with one of everything. */
  function full(): FrozenStore {
    const store = storeOf(4);
    const session = { kind: 'session', lock: 'l', ttlMs: 100, ttlLsn: 0, request: null } as const;
    const request = { id: 't', payloadHash: 9, keyRevision: 0 };
    const increment = { kind: 'increment', key: 'n', by: 1, ttlMs: 0 } as const;
    const value = new Uint8Array(3);
    const tied = {
      kind: 'put',
      key: 's',
      value,
      contentType: 'a/b',
      ttlMs: 0,
      session: 5,
    } as const;
    const txn = { kind: 'txn', compares: [], otherwise: [] } as const;
    const commands = [
      { ...session, act: 'acquire', session: 0 },
      { ...session, act: 'acquire', session: 0 },
      { ...txn, operations: [increment], request },
      { ...txn, operations: [tied], request: null },
      { ...txn, operations: [{ ...increment, key: 's' }], request: { ...request, id: 'failed' } },
    ] as const;
    for (const record of records(commands, 5, 2, 50)) store.apply(record);
    return store.freeze();
  }

  const changed = <Key, Value>(map: ReadonlyMap<Key, Value>, key: Key, more: Partial<Value>) => {
    const value = map.get(key);
    if (value === undefined) throw new Error(`there is no ${key}`);
    return new Map([...map, [key, { ...value, ...more }]]);
  };
  const entry = (more: Partial<Entry>) => (frozen: FrozenStore) => ({
    ...frozen,
    entries: changed(frozen.entries, 'key 4', more),
  });
  const request = (more: Partial<Remembered>) => (frozen: FrozenStore) => ({
    ...frozen,
    requests: changed(frozen.requests, 't', more),
  });
  const session = (more: Partial<Session>) => (frozen: FrozenStore) => ({
    ...frozen,
    sessions: {
      ...frozen.sessions,
      sessions: changed(frozen.sessions.sessions, 6, more),
    },
  });
  const lock = (more: Partial<Lock>) => (frozen: FrozenStore) => ({
    ...frozen,
    sessions: { ...frozen.sessions, locks: changed(frozen.sessions.locks, 'l', more) },
  });
  const renamed = <Value>(map: ReadonlyMap<string, Value>, key: string) =>
    new Map([...map].map(([name, value]) => [name === key ? `${name}'` : name, value]));
  const without = <Key, Value>(map: ReadonlyMap<Key, Value>, key: Key) =>
    new Map([...map].filter(([name]) => name !== key));
  const one = { ...noResult, status: 'updated', revision: 7, value: new Uint8Array([49]) } as const;
  const result = (more: Partial<OperationResult>) =>
    request({ result: { status: 'committed', revision: 7, results: [{ ...one, ...more }] } });

  const changes: [string, (frozen: FrozenStore) => FrozenStore][] = [
    ['a value', entry({ value: new Uint8Array(8) })],
    ['a content type', entry({ contentType: 'text/html' })],
    ['a revision', entry({ revision: 3 })],
    ['the end of a lifetime', entry({ expiresAtMs: 541 })],
    ['where a lifetime was set', entry({ ttlLsn: 3 })],
    ['the session of a key', entry({ session: 5 })],
    ['a key', (frozen) => ({ ...frozen, entries: renamed(frozen.entries, 'key 4') })],
    ['an entry', (frozen) => ({ ...frozen, entries: without(frozen.entries, 'key 4') })],
    ['the lsn of a request', request({ lsn: 6 })],
    ['the payload of a request', request({ payloadHash: 8 })],
    ['the id of a request', (frozen) => ({ ...frozen, requests: renamed(frozen.requests, 't') })],
    ['a request', (frozen) => ({ ...frozen, requests: without(frozen.requests, 't') })],
    ['how a request ended', request({ result: { status: 'deleted', revision: 7 } })],
    [
      'a result that is forgotten',
      request({ result: { status: 'committed', revision: 7, results: null } }),
    ],
    ['a returned value', result({ value: new Uint8Array([50]) })],
    ['a returned value that is none', result({ value: null })],
    ['a returned revision', result({ revision: 8 })],
    ['a returned status', result({ status: 'created' })],
    ['a returned content type', result({ contentType: 'x' })],
    ['a returned end', result({ expiresAtMs: 1 })],
    ['a returned count', result({ count: 1 })],
    ['whether there is more', result({ hasMore: true })],
    ['the lifetime of a session', session({ ttlMs: 101 })],
    ['the end of a session', session({ expiresAtMs: 151 })],
    ['where a session was renewed', session({ ttlLsn: 7 })],
    ['the lock of a session', session({ madeFor: 'm' })],
    ['a token', lock({ token: 6 })],
    ['the order of a queue', lock({ queue: [6, 5] })],
    ['the end of a queue', lock({ queue: [5] })],
    ['the time', (frozen) => ({ ...frozen, logTimeMs: 51 })],
    ['what is forgotten', (frozen) => ({ ...frozen, forgottenLsn: 1 })],
  ];

  const chunksOf = (frozen: FrozenStore) => {
    const header = { clusterId: 'c', position: { epoch: 2, lsn: frozen.appliedLsn }, members: [] };
    return [...encodeSnapshot(header, frozen)].map((chunk) => chunk.slice());
  };
  const through = (frozen: FrozenStore) => decode(chunksOf(frozen));

  test('is that of what it holds', () => {
    expect(through(full()).store.hash).toBe(full().hash);
    const { results } = full().requests.get('t')?.result ?? {};
    expect(results).toEqual([{ ...one, status: 'created', contentType: 'text/plain' }]);
  });

  test.each(changes)('proves %s', (_name, change) => {
    const frozen = change(full());
    const text = 'not of the state that it names';
    expect(() => through(frozen)).toThrow(text);
    expect(() => check(chunksOf(frozen))).toThrow(text);
  });
});

function frameEnds(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const ends: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    at += 8 + view.getUint32(at, true);
    ends.push(at);
  }
  return ends;
}
