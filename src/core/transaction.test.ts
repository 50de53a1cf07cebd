import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { put, records, throughSnapshot } from '../sim/fixtures.ts';
import { txn } from '../sim/txn-arbitraries.ts';
import type { Compare, Operation, TxnCommand } from './operations.ts';
import type { Command } from './record.ts';
import type { Result } from './result.ts';
import { Store } from './store.ts';

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | null | undefined) =>
  bytes ? new TextDecoder().decode(bytes) : null;

class Machine {
  readonly store = new Store();
  apply(command: Command, logTimeMs = 0): Result | null {
    const [record] = records([command], this.store.appliedLsn + 1, 1, logTimeMs);
    if (record === undefined) throw new Error('one command is one record');
    return this.store.apply(record);
  }
  run(...operations: Operation[]): Result | null {
    return this.apply(txnOf(operations));
  }
  get texts(): Record<string, string | null> {
    const keys = [...this.store.keysIn({ start: '', end: null })];
    const live = keys.filter((key) => this.store.get(key) !== undefined);
    return Object.fromEntries(live.map((key) => [key, decode(this.store.get(key)?.value)]));
  }
}

function txnOf(
  operations: Operation[],
  compares: Compare[] = [],
  otherwise: Operation[] = [],
): TxnCommand {
  return { kind: 'txn', compares, operations, otherwise, request: null };
}

const set = (key: string, text: string, ttlMs = 0): Operation => ({
  kind: 'put',
  key,
  value: encode(text),
  contentType: 'a/b',
  ttlMs,
  session: 0,
});
const add = (key: string, by = 1, ttlMs = 0): Operation => ({ kind: 'increment', key, by, ttlMs });
const get = (key: string): Operation => ({ kind: 'get', key });
const remove = (key: string): Operation => ({ kind: 'delete', key });

describe('a transaction', () => {
  test('does all its operations at one revision, each seeing those before it', () => {
    const machine = new Machine();
    machine.apply(put('old', 'x'));
    const result = machine.run(set('a', '1'), add('a', 4), get('a'), remove('old'), get('old'));
    expect(result).toMatchObject({ status: 'committed', revision: 2 });
    expect(result?.results?.map(({ status, revision }) => [status, revision])).toEqual([
      ['created', 2],
      ['updated', 2],
      ['found', 2],
      ['deleted', 0],
      ['not-found', 0],
    ]);
    expect(decode(result?.results?.[2]?.value)).toBe('5');
    expect(machine.texts).toEqual({ a: '5' });
    expect(machine.store.get('a')?.revision).toBe(2);
  });

  test.each([
    ['absent where it is absent', { key: 'no', condition: 'absent' as const, value: null }, true],
    ['absent where it is there', { key: 'k', condition: 'absent' as const, value: null }, false],
    ['present', { key: 'k', condition: 'present' as const, value: null }, true],
    ['its revision', { key: 'k', condition: 1, value: null }, true],
    ['another revision', { key: 'k', condition: 2, value: null }, false],
    ['its value', { key: 'k', condition: 'none' as const, value: encode('v') }, true],
    ['another value', { key: 'k', condition: 'none' as const, value: encode('w') }, false],
    ['a longer value', { key: 'k', condition: 'none' as const, value: encode('vv') }, false],
    [
      'a value where it is absent',
      { key: 'no', condition: 'none' as const, value: encode('') },
      false,
    ],
    ['its value at another revision', { key: 'k', condition: 9, value: encode('v') }, false],
  ])('compares with %s', (_, compare, holds) => {
    const machine = new Machine();
    machine.apply(put('k', 'v'));
    const result = machine.apply(txnOf([set('then', '')], [compare], [set('else', '')]));
    expect(result?.status).toBe(holds ? 'committed' : 'otherwise');
    expect(Object.keys(machine.texts)).toEqual(holds ? ['k', 'then'] : ['else', 'k']);
  });

  test('does nothing where one operation cannot be done, in either list', () => {
    const machine = new Machine();
    machine.apply(put('text', 'abc'));
    const before = machine.store.hash;
    expect(machine.run(set('a', 'x'), add('text'))).toEqual({
      status: 'not-a-number',
      revision: 0,
      failedAt: { list: 'operations', index: 1 },
    });
    const never = { key: 'text', condition: 'absent', value: null } as const;
    const result = machine.apply(txnOf([], [never], [remove('text'), set('b', ''), add('b')]));
    expect(result).toMatchObject({
      status: 'not-a-number',
      failedAt: { list: 'otherwise', index: 2 },
    });
    expect(machine.texts).toEqual({ text: 'abc' });
    expect(machine.store.hash).toBe(before);
  });
});

describe('increment', () => {
  test.each(['', ' 1', '1 ', '01', '-0', '+1', '1.0', '1e3', '0x1', '9007199254740992', 'NaN'])(
    'of %j is refused',
    (text) => {
      const machine = new Machine();
      machine.apply(put('n', text));
      expect(machine.run(add('n', 0))?.status).toBe('not-a-number');
      expect(machine.texts).toEqual({ n: text });
    },
  );

  test('counts exactly, from 0 where there is nothing, and never beyond what is exact', () => {
    const numbers = fc.array(fc.maxSafeInteger(), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(numbers, (steps) => {
        const machine = new Machine();
        let sum = 0n;
        for (const by of steps) {
          const next = sum + BigInt(by);
          const fits = Number.isSafeInteger(Number(next));
          expect(machine.run(add('n', by))?.status).toBe(fits ? 'committed' : 'out-of-range');
          if (fits) sum = next;
          else if (sum === 0n && machine.texts.n === undefined) continue;
          expect(machine.texts.n).toBe(String(sum));
        }
      }),
    );
  });

  test('gives a lifetime to a key that it makes, and leaves that of one that is there', () => {
    const machine = new Machine();
    machine.run(add('n', 1, 100));
    expect(machine.store.get('n')).toMatchObject({ expiresAtMs: 100, contentType: 'text/plain' });
    machine.apply(txnOf([add('n', 1, 900)]), 50);
    expect(machine.store.get('n')).toMatchObject({ expiresAtMs: 100, ttlLsn: 1, revision: 2 });
    machine.apply(txnOf([add('n', 1, 900)]), 100);
    expect(machine.texts.n).toBe('1');
    expect(machine.store.get('n')?.expiresAtMs).toBe(1000);
  });
});

describe('touch', () => {
  test('changes the lifetime, not the revision, and tells no watcher', () => {
    const machine = new Machine();
    machine.apply(put('k', 'v', { ttlMs: 100 }));
    const touch = { kind: 'touch', key: 'k', ttlMs: 500 } as const;
    const [record] = records([txnOf([touch])], 2, 1, 50);
    if (record === undefined) throw new Error('one command is one record');
    const before = machine.store.hash;
    expect(machine.store.apply(record)?.results?.[0]).toMatchObject({
      status: 'updated',
      revision: 1,
      expiresAtMs: 550,
    });
    expect(machine.store.history.changesOf(record)).toEqual([]);
    expect(machine.store.hash).not.toBe(before);
    expect(machine.store.expired(100, 9)).toEqual([]);
    expect(machine.store.expired(550, 9)).toEqual([{ atMs: 550, key: 'k', ttlLsn: 2 }]);
  });

  test('to 0 makes it live for ever; of nothing it is nothing', () => {
    const machine = new Machine();
    machine.apply(put('k', 'v', { ttlMs: 100 }));
    machine.run({ kind: 'touch', key: 'k', ttlMs: 0 });
    expect(machine.store.nextExpiryMs()).toBe(Infinity);
    expect(machine.run({ kind: 'touch', key: 'no', ttlMs: 5 })?.results?.[0]?.status).toBe(
      'not-found',
    );
  });
});

describe('delete-range', () => {
  const range = (limit: number, isPage: boolean): Operation => ({
    kind: 'delete-range',
    start: 'k',
    end: 'l',
    limit,
    isPage,
  });
  const filled = () => {
    const machine = new Machine();
    for (const key of ['j', 'k1', 'k2', 'k3', 'l']) machine.apply(put(key, ''));
    return machine;
  };

  test('removes all keys of the range, and no other', () => {
    const machine = filled();
    expect(machine.run(range(3, false))?.results?.[0]).toMatchObject({ count: 3, hasMore: false });
    expect(Object.keys(machine.texts)).toEqual(['j', 'l']);
  });

  test('removes none where there are more than its limit, or a page of them', () => {
    const machine = filled();
    expect(machine.run(range(2, false))?.status).toBe('too-many-keys');
    expect(machine.store.keyCount).toBe(5);
    expect(machine.run(range(2, true))?.results?.[0]).toMatchObject({ count: 2, hasMore: true });
    expect(machine.run(range(2, true))?.results?.[0]).toMatchObject({ count: 1, hasMore: false });
  });
});

describe('a range in which many lifetimes have ended', () => {
  const range = (limit: number, isPage: boolean): Operation => ({
    kind: 'delete-range',
    start: '',
    end: null,
    limit,
    isPage,
  });
  const filled = (deadCount: number) => {
    const machine = new Machine();
    for (let i = 0; i < deadCount; i += 1) machine.apply(put(`a${i}`, 'x', { ttlMs: 10 }));
    machine.apply(put('b', 'x'));
    machine.apply({ kind: 'tick' }, 10);
    return machine;
  };

  test('is cleared of them on the way, and only what was there counts', () => {
    const machine = filled(3);
    const [record] = records([txnOf([range(9, false)])], machine.store.appliedLsn + 1, 1, 10);
    if (record === undefined) throw new Error('one command is one record');
    expect(machine.store.apply(record)?.results?.[0]).toMatchObject({ count: 1, hasMore: false });
    expect([machine.store.keyCount, machine.store.nextExpiryMs()]).toEqual([0, Infinity]);
    const kinds = machine.store.history.changesOf(record).map(({ kind }) => kind);
    expect(kinds).toEqual(['expire', 'expire', 'expire', 'delete']);
  });

  test('is looked at in pieces, and who goes on comes to its end', () => {
    const machine = filled(20_001);
    expect(machine.run(range(9, false))?.status).toBe('too-many-keys');
    expect(machine.store.keyCount).toBe(20_002);
    expect(machine.run(range(9, true))?.results?.[0]).toMatchObject({ count: 0, hasMore: true });
    expect(machine.store.keyCount).toBe(2);
    expect(machine.run(range(9, true))?.results?.[0]).toMatchObject({ count: 1, hasMore: false });
    expect(machine.store.keyCount).toBe(0);
  });
});

describe('what a transaction returns', () => {
  test('is bounded, but one value may be larger alone', () => {
    const machine = new Machine();
    const half = 'x'.repeat(3 * 1024 * 1024);
    machine.apply(put('a', half));
    machine.apply(put('b', half));
    machine.apply(put('c', half + half));
    expect(machine.run(get('c'))?.status).toBe('committed');
    expect(machine.run(get('a'), get('b'))).toMatchObject({
      status: 'results-too-large',
      failedAt: { list: 'operations', index: 1 },
    });
  });
});

describe('random transactions', () => {
  test('change all or nothing; the same log gives the same state, from a snapshot too (I5, I9)', () => {
    fc.assert(
      fc.property(fc.array(txn, { maxLength: 25 }), fc.nat(24), (list, cut) => {
        const machine = new Machine();
        const other = new Machine();
        let thawed: Store | null = null;
        for (const [index, command] of list.entries()) {
          const before = machine.store.freeze();
          const result = machine.apply(command, index);
          if (result?.revision !== index + 1) {
            expect(machine.store.freeze().entries).toEqual(before.entries);
          }
          expect(other.apply(command, index)).toEqual(result);
          const [record] = records([command], index + 1, 1, index);
          if (thawed !== null && record) expect(thawed.apply(record)).toEqual(result);
          if (index === cut) thawed = throughSnapshot(machine.store);
        }
        expect(other.store.freeze()).toEqual(machine.store.freeze());
        if (thawed === null) return;
        expect(thawed.freeze()).toEqual(machine.store.freeze());
        expect(thawed.memoryBytes).toBe(machine.store.memoryBytes);
        expect(thawed.expired(Infinity, 99).length).toBe(
          machine.store.expired(Infinity, 99).length,
        );
      }),
    );
  });

  test('tell a watcher exactly what they changed', () => {
    fc.assert(
      fc.property(fc.array(txn, { maxLength: 25 }), (list) => {
        const machine = new Machine();
        const seen = new Map<string, { revision: number; text: string | null }>();
        for (const [index, command] of list.entries()) {
          const [record] = records([command], index + 1);
          if (record === undefined) return;
          machine.store.apply(record);
          for (const change of machine.store.history.changesOf(record)) {
            expect(change.revision).toBe(index + 1);
            if (change.kind !== 'put') seen.delete(change.key);
            else seen.set(change.key, { revision: change.revision, text: decode(change.value) });
          }
        }
        const held = [...machine.store.freeze().entries].map(
          ([key, { revision, value }]) => [key, { revision, text: decode(value) }] as const,
        );
        expect(seen).toEqual(new Map(held));
      }),
    );
  });
});
