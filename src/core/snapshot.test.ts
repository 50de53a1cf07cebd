import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { members, put, records } from '../sim/fixtures.ts';
import { sessionCommand } from '../sim/session-arbitraries.ts';
import { txn } from '../sim/txn-arbitraries.ts';
import { FrameError } from './frame.ts';
import { allKeys } from './key-range.ts';
import { encodeSnapshot, SnapshotDecoder, type SnapshotHeader } from './snapshot.ts';
import { SnapshotCheck, type SnapshotSummary } from './snapshot-check.ts';
import { Store } from './store.ts';

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

function frameEnds(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const ends: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    at += 8 + view.getUint32(at, true);
    ends.push(at);
  }
  return ends;
}
