import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { config, makeVoter, put, records } from '../sim/fixtures.ts';
import { type Change, History } from './history.ts';
import type { Command, Condition, Record } from './record.ts';
import { Store } from './store.ts';

const request = (id: string) => ({ id, payloadHash: 1, keyRevision: 0 });
const remove = (key: string): Command => ({
  kind: 'delete',
  key,
  condition: 'none',
  request: null,
});
const expire = (key: string, ttlLsn: number): Command => ({ kind: 'expire', key, ttlLsn });

/** The changes of `commands`, from lsn 1 on, as a short text each. */
function told(commands: readonly Command[]): string[] {
  const store = new Store();
  const all = records(commands, 1);
  for (const record of all) store.apply(record);
  return all.flatMap((record) => store.history.changesOf(record)).map(shown);
}

const shown = (change: Change) => `${change.revision} ${change.kind} ${change.key}`;

describe('what records changed', () => {
  test('puts, deletes and ends of lifetimes are told', () => {
    const commands = [put('a', 'x', { ttlMs: 5 }), put('b', 'y'), expire('a', 1), remove('b')];
    expect(told(commands)).toEqual(['1 put a', '2 put b', '3 expire a', '4 delete b']);
  });

  test.each([
    ['a condition that does not hold', [put('a', 'x'), put('a', 'y', { condition: 'absent' })]],
    ['a repeated request', [1, 2].map(() => put('a', 'x', { request: request('r') }))],
    ['a delete of an absent key', [put('a', 'x'), remove('b')]],
    ['a lifetime that was set anew', [put('a', 'x', { ttlMs: 5 }), expire('a', 7)]],
    ['another configuration', [put('a', 'x'), config('', 'm1')]],
  ] as const)('nothing is told of %s', (_name, commands) => {
    expect(told(commands)).toEqual(['1 put a']);
  });

  test('a key whose lifetime has ended ends before it is made anew, however that is done', () => {
    const store = new Store();
    const changed = (command: Command, logTimeMs: number) => {
      const [record] = records([command], store.appliedLsn + 1, 1, logTimeMs) as [Record];
      store.apply(record);
      return store.history.changesOf(record).map(shown);
    };
    const increment = { kind: 'increment', key: 'a', by: 1, ttlMs: 5 } as const;
    const txn = { kind: 'txn', compares: [], operations: [increment], otherwise: [] } as const;
    changed(put('a', 'x', { ttlMs: 5 }), 0);
    expect(changed(put('a', 'y', { ttlMs: 5 }), 5)).toEqual(['2 expire a', '2 put a']);
    expect(changed(put('a', 'y', { ttlMs: 5 }), 9)).toEqual(['3 put a']);
    const twice = { ...txn, operations: [increment, increment], request: null };
    expect(changed(twice, 14)).toEqual(['4 expire a', '4 put a', '4 put a']);
    // What comes too late is void, and tells nothing.
    expect(changed(expire('a', 3), 15)).toEqual([]);
    expect(changed({ ...txn, request: null }, 15)).toEqual(['6 put a']);
  });

  test('a put carries the value and its type', () => {
    const store = new Store();
    const [record] = records([put('a', 'x')], 1) as [Record];
    store.apply(record);
    const value = new TextEncoder().encode('x');
    expect(store.history.changesOf(record)).toEqual([
      { kind: 'put', key: 'a', revision: 1, value, contentType: 'text/plain' },
    ]);
  });

  test('a copy that follows the changes is the store, whatever is applied', () => {
    const key = fc.constantFrom('a', 'b');
    const condition = fc.constantFrom<Condition[]>('none', 'absent', 'present', 1, 2, 3);
    const tag = fc.option(fc.constantFrom('r1', 'r2').map(request));
    const command = fc.oneof(
      fc
        .tuple(key, condition, tag, fc.integer({ min: 0, max: 1 }))
        .map(([k, c, r, ttlMs]) => put(k, 'v', { condition: c, request: r, ttlMs })),
      fc
        .tuple(key, condition, tag)
        .map(([k, c, r]): Command => ({ kind: 'delete', key: k, condition: c, request: r })),
      fc.tuple(key, fc.integer({ min: 1, max: 6 })).map(([k, lsn]) => expire(k, lsn)),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 12 }), (commands) => {
        const store = new Store();
        const copy = new Map<string, number>();
        for (const record of records(commands, 1)) {
          store.apply(record);
          for (const change of store.history.changesOf(record)) {
            expect(change.kind === 'put' || copy.has(change.key)).toBe(true);
            if (change.kind === 'put') copy.set(change.key, change.revision);
            else copy.delete(change.key);
          }
          for (const k of ['a', 'b']) expect(copy.get(k)).toBe(store.get(k)?.revision);
        }
      }),
    );
  });
});

test('a voter tells changes as long as its log holds the records, and forgets the exceptions too', () => {
  const value = 'x'.repeat(1000);
  const commands = Array.from({ length: 40 }, (_, i) =>
    put('a', value, { condition: i % 2 === 0 ? 'none' : 'absent' }),
  );
  const subject = makeVoter('s1', { limits: { logTailBytesMax: 10_000 } });
  const all = records(commands, 1);
  subject.takeRecords({ epoch: 0, lsn: 0 }, all);
  subject.advanceCommitted(40);
  const { base } = subject.log;
  expect(base.lsn).toBeGreaterThan(20);
  expect(subject.changesAt(base.lsn)).toBeUndefined();
  const held = Array.from({ length: 40 - base.lsn }, (_, i) => base.lsn + 1 + i);
  const counts = held.map((lsn) => subject.changesAt(lsn)?.length);
  expect(counts).toEqual(held.map((lsn) => lsn % 2));
  // Forgotten with its record: asked for it, the history knows of no exception.
  expect(subject.store.history.changesOf(all[1] as Record)).toHaveLength(1);
});

test('exceptions are bounded in bytes: the oldest are forgotten, and everything before them with them', () => {
  const empty = new History(8 * 64);
  const [record] = records([put('a', 'x')], 9) as [Record];
  for (let lsn = 1; lsn <= 8; lsn += 1) empty.except(lsn);
  expect(empty.floorLsn).toBe(0);
  empty.except(9);
  expect(empty.floorLsn).toBe(3);
  expect(empty.changesOf(record)).toEqual([]);
  const subject = makeVoter('s1', { store: new Store(undefined, empty) });
  subject.takeRecords(
    { epoch: 0, lsn: 0 },
    records([put('a', '1'), put('b', '2'), put('c', '3'), put('d', '4')], 1),
  );
  subject.advanceCommitted(4);
  const counts = [1, 2, 3, 4].map((lsn) => subject.changesAt(lsn)?.length);
  expect(counts).toEqual([undefined, undefined, undefined, 0]);
});

test('an exception is kept until the next, however large it is: it is about to be told', () => {
  const deleted = (revision: number): Change[] =>
    ['a', 'b', 'c'].map((key) => ({ kind: 'delete', key, revision }));
  const history = new History(100);
  const all = records([put('t', '1'), put('t', '2')], 1) as [Record, Record];
  for (const record of all) {
    history.except(record.lsn, deleted(record.lsn));
    expect(history.changesOf(record)).toEqual(deleted(record.lsn));
    expect(history.floorLsn).toBe(record.lsn - 1);
  }
});

test('an exception counts with what it holds, and no more once it is forgotten', () => {
  const change = (key: string): Change => ({ kind: 'delete', key, revision: 1 });
  const large = Array.from({ length: 1000 }, (_, i) => change(`key ${i}`));
  const history = new History(900_000);
  for (let lsn = 1; lsn <= 5; lsn += 1) history.except(lsn, large);
  expect(history.floorLsn).toBe(2);
  // Said twice of one record it counts once; what is trimmed does not count.
  history.trim(5);
  for (let i = 0; i < 20; i += 1) history.except(6, large);
  expect(history.floorLsn).toBe(2);
  // Hundreds of thousands that changed nothing are no burden: half a minute of failed conditions.
  const quiet = new History();
  for (let lsn = 1; lsn <= 500_000; lsn += 1) quiet.except(lsn);
  expect(quiet.floorLsn).toBe(0);
});
