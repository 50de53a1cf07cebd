import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { put, records, throughSnapshot } from '../sim/fixtures.ts';
import { type Command, decodeRecords, joinFrames, type RequestTag } from './record.ts';
import { type Result, Store } from './store.ts';

/** A store that gets one record after the other, from lsn 1 on. */
class Machine {
  readonly store: Store;
  constructor(recordsMax = 100, bytesMax = 1_000_000, resultBytesMax = 1000) {
    this.store = new Store({ recordsMax, bytesMax, resultBytesMax });
  }
  apply(command: Command, logTimeMs = 0): Result | null {
    const [record] = records([command], this.store.appliedLsn + 1, 1, logTimeMs);
    if (record === undefined) throw new Error('one command is one record');
    return this.store.apply(record);
  }
  put(key: string, value: string, options: Parameters<typeof put>[2] = {}): Result | null {
    return this.apply(put(key, value, options));
  }
  text(key: string): string | null {
    const entry = this.store.get(key);
    return entry === undefined ? null : new TextDecoder().decode(entry.value);
  }
}

const remove = (key: string, condition: 'none' | 'absent' | 'present' | number = 'none') =>
  ({ kind: 'delete', key, condition, request: null }) as const;
const tag = (id: string, payloadHash = 1, keyRevision = 0): RequestTag => ({
  id,
  payloadHash,
  keyRevision,
});

describe('conditions', () => {
  test.each([
    { condition: 'none', absent: 'created', present: 'updated' },
    { condition: 'absent', absent: 'created', present: 'precondition-failed' },
    { condition: 'present', absent: 'precondition-failed', present: 'updated' },
    { condition: 1, absent: 'precondition-failed', present: 'updated' },
    { condition: 2, absent: 'precondition-failed', present: 'precondition-failed' },
  ] as const)('$condition: $absent on an absent key, $present on revision 1', (row) => {
    const { condition, absent, present } = row;
    expect(new Machine().put('k', 'x', { condition })?.status).toBe(absent);
    const machine = new Machine();
    machine.put('k', 'first');
    expect(machine.put('k', 'x', { condition })?.status).toBe(present);
    expect(machine.text('k')).toBe(present === 'updated' ? 'x' : 'first');
  });

  test('a failed condition says the revision as it is, 0 where the key is absent', () => {
    const machine = new Machine();
    machine.put('k', 'x');
    expect(machine.put('k', 'y', { condition: 7 })?.revision).toBe(1);
    expect(machine.put('other', 'y', { condition: 7 })?.revision).toBe(0);
    expect(machine.apply(remove('k', 7))?.status).toBe('precondition-failed');
    expect(machine.apply(remove('k', 1))?.status).toBe('deleted');
    expect(machine.apply(remove('k'))).toEqual({ status: 'not-found', revision: 0 });
  });
});

describe('idempotency keys', () => {
  test('the same request again is not run: it gets the first result', () => {
    const machine = new Machine();
    const first = machine.put('k', 'a', { request: tag('r') });
    machine.put('k', 'b');
    expect(machine.put('k', 'a', { request: tag('r') })).toEqual(first);
    expect(machine.text('k')).toBe('b');
  });

  test('a failed condition is remembered too: the retry fails the same way', () => {
    const machine = new Machine();
    const first = machine.put('k', 'a', { condition: 'present', request: tag('r') });
    machine.put('k', 'b');
    expect(machine.put('k', 'a', { condition: 'present', request: tag('r') })).toEqual(first);
  });

  test('the same id with another payload is refused and changes nothing', () => {
    const machine = new Machine();
    machine.put('k', 'a', { request: tag('r', 1) });
    const answer = machine.put('k', 'other', { request: tag('r', 2) });
    expect(answer).toEqual({ status: 'request-mismatch', revision: 1 });
    expect(machine.text('k')).toBe('a');
  });

  test('a request that may have been forgotten is refused, never run again', () => {
    const machine = new Machine(3);
    machine.put('k', 'seen'); // revision 1
    machine.put('k', 'a', { request: tag('old', 1, 1) });
    for (let i = 0; i < 4; i += 1) machine.put('x', 'y', { request: tag(`r${i}`) });
    const answer = machine.put('k', 'a', { request: tag('old', 1, 1) });
    expect(answer?.status).toBe('request-forgotten');
    expect(machine.text('k')).toBe('a');
    expect(machine.store.get('k')?.revision).toBe(2);
  });

  test('a request made inside the window is run, though others were forgotten', () => {
    const machine = new Machine(3);
    for (let i = 0; i < 6; i += 1) machine.put('x', 'y', { request: tag(`r${i}`) });
    const { forgottenLsn } = machine.store;
    expect(forgottenLsn).toBe(3);
    const fresh = machine.put('k', 'a', { request: tag('new', 1, forgottenLsn) });
    expect(fresh?.status).toBe('created');
  });

  test('the window is bounded in bytes too', () => {
    const machine = new Machine(1000, 2000);
    for (let i = 0; i < 100; i += 1) machine.put('x', 'y', { request: tag(`r${i}`) });
    expect(machine.store.remembered('r99')).toBeDefined();
    expect(machine.store.remembered('r80')).toBeUndefined();
  });
});

describe('expiry', () => {
  test('is void when the lifetime was set again, or the key replaced without one', () => {
    const machine = new Machine();
    machine.put('a', 'x', { ttlMs: 100 });
    machine.put('a', 'x', { ttlMs: 100 });
    machine.apply({ kind: 'expire', key: 'a', ttlLsn: 1 });
    expect(machine.text('a')).toBe('x');
    machine.put('a', 'for ever');
    machine.apply({ kind: 'expire', key: 'a', ttlLsn: 2 });
    expect(machine.text('a')).toBe('for ever');
  });

  test('removes the key whose lifetime it names', () => {
    const machine = new Machine();
    machine.put('a', 'x', { ttlMs: 100 });
    expect(machine.store.get('a')?.expiresAtMs).toBe(100);
    machine.apply({ kind: 'expire', key: 'a', ttlLsn: 1 });
    expect(machine.text('a')).toBeNull();
    expect(machine.apply({ kind: 'expire', key: 'a', ttlLsn: 1 })).toBeNull();
  });

  test('ends at log time: a later record of an older time does not turn it back', () => {
    const machine = new Machine();
    machine.apply(put('a', 'x', { ttlMs: 50 }), 1000);
    machine.apply(put('b', 'x'), 900);
    expect(machine.store.logTimeMs).toBe(1000);
    expect(machine.store.get('a')?.expiresAtMs).toBe(1050);
  });
});

describe('a key whose lifetime has ended in log time', () => {
  const later = (machine: Machine, logTimeMs: number) => machine.apply({ kind: 'tick' }, logTimeMs);

  test('is absent from the first record of that time on, and stays so', () => {
    const machine = new Machine();
    machine.put('a', 'x', { ttlMs: 100 });
    later(machine, 99);
    expect(machine.text('a')).toBe('x');
    later(machine, 100);
    expect(machine.text('a')).toBeNull();
    later(machine, 50);
    expect(machine.text('a')).toBeNull();
  });

  test('is absent for conditions too: created anew, not found, not matched', () => {
    const machine = new Machine();
    machine.put('a', 'x', { ttlMs: 100 });
    later(machine, 100);
    expect(machine.apply(remove('a'))?.status).toBe('not-found');
    expect(machine.put('a', 'y', { condition: 'present' })?.status).toBe('precondition-failed');
    expect(machine.put('a', 'y', { condition: 1 })).toEqual({
      status: 'precondition-failed',
      revision: 0,
    });
    expect(machine.put('a', 'y', { condition: 'absent' })?.status).toBe('created');
    expect(machine.text('a')).toBe('y');
  });

  test('is to be expired until its record is applied; a renewed one is not', () => {
    const machine = new Machine();
    machine.put('a', 'x', { ttlMs: 100 });
    machine.put('b', 'x', { ttlMs: 50 });
    machine.put('b', 'x', { ttlMs: 500 });
    expect(machine.store.nextExpiryMs()).toBe(100);
    expect(machine.store.timelyUntilMs).toBe(99);
    expect(machine.store.expired(100, 10)).toEqual([{ atMs: 100, key: 'a', ttlLsn: 1 }]);
    machine.apply({ kind: 'expire', key: 'a', ttlLsn: 1 }, 120);
    expect(machine.store.expired(400, 10)).toEqual([]);
    expect(machine.store.nextExpiryMs()).toBe(500);
    machine.put('b', 'for ever');
    expect(machine.store.nextExpiryMs()).toBe(Infinity);
  });

  test('is to be expired after a snapshot too', () => {
    const machine = new Machine();
    machine.put('a', 'x', { ttlMs: 100 });
    expect(throughSnapshot(machine.store).expired(100, 10)).toEqual(machine.store.expired(100, 10));
  });
});

describe('determinism', () => {
  const key = fc.constantFrom('a', 'b', 'c');
  const condition = fc.oneof(
    fc.constantFrom('none' as const, 'absent' as const, 'present' as const),
    fc.integer({ min: 1, max: 30 }),
  );
  const request = fc.option(
    fc.record({
      id: fc.constantFrom('r1', 'r2', 'r3', 'r4', 'r5'),
      payloadHash: fc.constantFrom(1, 2),
      keyRevision: fc.integer({ min: 0, max: 20 }),
    }),
  );
  const ttlMs = fc.constantFrom(0, 10);
  const command: fc.Arbitrary<Command> = fc.oneof(
    fc
      .tuple(key, fc.string({ maxLength: 5 }), fc.record({ condition, request, ttlMs }))
      .map(([k, value, options]) => put(k, value, options)),
    fc.record({ kind: fc.constant('delete' as const), key, condition, request }),
    fc.record({
      kind: fc.constant('expire' as const),
      key,
      ttlLsn: fc.integer({ min: 1, max: 30 }),
    }),
    fc.record({ kind: fc.constant('tick' as const) }),
  );
  const commands = fc.array(command, { maxLength: 40 });

  test('the same log makes the same state, hash and results on every node (I5, I9)', () => {
    fc.assert(
      fc.property(commands, (list) => {
        const run = () => {
          const machine = new Machine(3);
          return { results: list.map((one, i) => machine.apply(one, i)), store: machine.store };
        };
        const [one, other] = [run(), run()];
        expect(one.results).toEqual(other.results);
        expect(one.store.hash).toBe(other.store.hash);
        expect(one.store.freeze()).toEqual(other.store.freeze());
      }),
    );
  });

  test('hash and memory are those of what is held, whatever the way there', () => {
    fc.assert(
      fc.property(commands, (list) => {
        const machine = new Machine(3);
        for (const one of list) machine.apply(one);
        const { store } = machine;
        const thawed = throughSnapshot(store, {
          recordsMax: 3,
          bytesMax: 1_000_000,
          resultBytesMax: 1000,
        });
        expect(thawed.hash).toBe(store.hash);
        expect(thawed.memoryBytes).toBe(store.memoryBytes);
      }),
    );
  });

  test('a frozen view does not change while records go on being applied', () => {
    const machine = new Machine();
    machine.put('k', 'old', { request: tag('r') });
    const frozen = machine.store.freeze();
    machine.put('k', 'new', { request: tag('r2') });
    machine.apply(remove('k'));
    expect(new TextDecoder().decode(frozen.entries.get('k')?.value)).toBe('old');
    expect([...frozen.requests.keys()]).toEqual(['r']);
    expect(frozen.appliedLsn).toBe(1);
  });

  test('values are freed from a batch that the log forgets, a few entries at a time', () => {
    const store = new Store();
    const batch = decodeRecords(
      joinFrames(records([put('a', 'one'), put('b', 'two'), put('a', 'three')], 1)),
    );
    for (const record of batch) store.apply(record);
    const sharedBytes = store.get('b')?.value.buffer.byteLength ?? 0;
    const isShared = (key: string) => store.get(key)?.value.buffer.byteLength === sharedBytes;
    expect(sharedBytes).toBeGreaterThan(100);
    store.ownValues(2, 10);
    expect(['a', 'b'].map(isShared)).toEqual([true, false]);
    store.ownValues(3, 1);
    expect(['a', 'b'].map(isShared)).toEqual([false, false]);
    for (const [key, text] of Object.entries({ a: 'three', b: 'two' })) {
      expect(new TextDecoder().decode(store.get(key)?.value)).toBe(text);
    }
  });

  test('a sweep that has seen all entries rests until the log forgets more', () => {
    const store = new Store();
    for (const record of decodeRecords(
      joinFrames(records([put('a', 'one'), put('b', 'two')], 1)),
    )) {
      store.apply(record);
    }
    const sharedBytes = store.get('b')?.value.buffer.byteLength ?? 0;
    const sharedKeys = () =>
      ['a', 'b'].filter((key) => store.get(key)?.value.buffer.byteLength === sharedBytes);
    const begin = vi.spyOn(Map.prototype, 'entries');
    onTestFinished(() => begin.mockRestore());
    for (let turn = 0; turn < 5; turn += 1) store.ownValues(0, 10);
    expect(begin).not.toHaveBeenCalled();
    // Once over all of it, then nothing is left to look for.
    for (let turn = 0; turn < 5; turn += 1) store.ownValues(1, 10);
    expect(sharedKeys()).toEqual(['b']);
    for (let turn = 0; turn < 5; turn += 1) store.ownValues(2, 10);
    expect(sharedKeys()).toEqual([]);
    expect(begin).toHaveBeenCalledTimes(2);
  });

  test('a record out of turn is refused', () => {
    const { store } = new Machine();
    const [second] = records([put('k', 'x')], 2);
    expect(() => second && store.apply(second)).toThrow('applied 2 after 0');
  });
});
