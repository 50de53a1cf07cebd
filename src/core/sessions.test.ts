import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { records, throughSnapshot } from '../sim/fixtures.ts';
import type { Command } from './record.ts';
import type { SessionCommand } from './session-command.ts';
import { type Result, Store } from './store.ts';

const common = { session: 0, lock: '', ttlMs: 0, ttlLsn: 0, request: null };
const act = (name: SessionCommand['act'], more: Partial<SessionCommand> = {}): SessionCommand => ({
  kind: 'session',
  act: name,
  ...common,
  ...more,
});

class Machine {
  store = new Store();
  apply(command: Command, logTimeMs = 0): Result | null {
    const [record] = records([command], this.store.appliedLsn + 1, 1, logTimeMs);
    if (record === undefined) throw new Error('one command is one record');
    return this.store.apply(record);
  }
  create(ttlMs = 1000): number {
    return this.apply(act('create', { ttlMs }))?.revision ?? 0;
  }
  acquire(session: number, lock = 'l'): Result | null {
    return this.apply(act('acquire', { session, lock }));
  }
  release(session: number, lock = 'l'): Result | null {
    return this.apply(act('release', { session, lock }));
  }
  put(key: string, session: number): Result | null {
    const value = new Uint8Array(1);
    const operation = { kind: 'put', key, value, contentType: '', ttlMs: 0, session } as const;
    const txn = { kind: 'txn', compares: [], otherwise: [], request: null } as const;
    return this.apply({ ...txn, operations: [operation] });
  }
  get owner(): number | undefined {
    return this.store.sessions.lock('l')?.queue[0];
  }
}

describe('a session', () => {
  test('ends when its lifetime is over, unless it was kept alive', () => {
    const machine = new Machine();
    const id = machine.create(100);
    expect(machine.store.sessions.nextExpiryMs()).toBe(100);
    machine.apply(act('keep-alive', { session: id }), 50);
    expect(machine.store.sessions.expired(100, 9)).toEqual([]);
    expect(machine.apply(act('expire', { session: id, ttlLsn: 1 }), 100)?.status).toBe('not-found');
    expect(machine.store.sessions.expired(150, 9)).toEqual([{ atMs: 150, key: '1', ttlLsn: 2 }]);
    expect(machine.apply(act('expire', { session: id, ttlLsn: 2 }), 150)?.status).toBe('deleted');
    expect(machine.apply(act('keep-alive', { session: id }))?.status).toBe('no-session');
    expect(machine.store.memoryBytes).toBe(0);
  });

  test('takes the keys attached to it along, and no others', () => {
    const machine = new Machine();
    const [one, other] = [machine.create(), machine.create()];
    for (const key of ['a', 'b', 'c', 'd']) machine.put(key, one);
    machine.put('b', other);
    machine.put('c', 0);
    machine.apply({ kind: 'delete', key: 'd', condition: 'none', request: null });
    const [record] = records([act('revoke', { session: one })], machine.store.appliedLsn + 1);
    if (record === undefined) throw new Error('one command is one record');
    machine.store.apply(record);
    expect([...machine.store.keysIn({ start: '', end: null })]).toEqual(['b', 'c']);
    expect(machine.store.history.changesOf(record)).toEqual([
      { kind: 'delete', key: 'a', revision: record.lsn },
    ]);
    expect([...machine.store.sessions.keysOf(other)]).toEqual(['b']);
  });

  test('must be there for a key to be attached', () => {
    const machine = new Machine();
    expect(machine.put('a', 7)?.status).toBe('no-session');
    expect(machine.store.keyCount).toBe(0);
  });
});

describe('a lock', () => {
  test('is given in the order of asking, each time with a higher token', () => {
    const machine = new Machine();
    const [a, b, c] = [machine.create(), machine.create(), machine.create()];
    expect(machine.acquire(a)).toEqual({ status: 'acquired', revision: 4 });
    expect(machine.acquire(b)?.status).toBe('queued');
    expect(machine.acquire(c)?.status).toBe('queued');
    expect(machine.acquire(b)?.status).toBe('queued');
    expect(machine.acquire(a)).toEqual({ status: 'acquired', revision: 4 });
    machine.release(a);
    expect(machine.store.sessions.lock('l')).toEqual({ token: 9, queue: [b, c] });
    machine.apply(act('revoke', { session: b }));
    expect(machine.store.sessions.lock('l')).toEqual({ token: 10, queue: [c] });
    expect(machine.release(b)?.status).toBe('no-session');
    expect(machine.release(a)?.status).toBe('not-found');
    machine.release(c);
    expect(machine.store.sessions.lock('l')).toBeUndefined();
  });

  test('gives its new owner the whole lifetime, however long it waited', () => {
    const machine = new Machine();
    const [a, b] = [machine.create(), machine.create(100)];
    machine.acquire(a);
    machine.acquire(b);
    machine.apply(act('release', { session: a, lock: 'l' }), 90);
    expect(machine.store.sessions.get(b)?.expiresAtMs).toBe(190);
  });

  test('renews its next owner once, though that one is the next in several locks of one session', () => {
    const machine = new Machine();
    const [a, b] = [machine.create(), machine.create(100)];
    for (const lock of ['l', 'm', 'n']) {
      machine.acquire(a, lock);
      machine.acquire(b, lock);
    }
    machine.apply(act('revoke', { session: a }), 90);
    const ttlLsn = machine.store.appliedLsn;
    expect(machine.store.sessions.expired(190, 9)).toEqual([{ atMs: 190, key: `${b}`, ttlLsn }]);
  });

  test('a place in the queue is given up by leave, the lock is not', () => {
    const machine = new Machine();
    const [a, b] = [machine.create(), machine.create()];
    machine.acquire(a);
    machine.acquire(b);
    expect(machine.apply(act('leave', { session: a, lock: 'l' }))).toEqual({
      status: 'acquired',
      revision: 3,
    });
    expect(machine.apply(act('leave', { session: b, lock: 'l' }))?.status).toBe('deleted');
    expect(machine.store.sessions.lock('l')?.queue).toEqual([a]);
  });

  test('made with a session of its own, ends with it, and it with the lock', () => {
    const machine = new Machine();
    const made = machine.apply(act('acquire', { lock: 'l', ttlMs: 100 }));
    expect([made?.status, machine.owner]).toEqual(['acquired', made?.revision]);
    machine.put('k', made?.revision ?? 0);
    expect(machine.release(made?.revision ?? 0)?.status).toBe('deleted');
    expect([machine.store.sessions.size, machine.store.keyCount]).toEqual([0, 0]);
    const waiting = machine.create();
    machine.acquire(waiting);
    const queued = machine.apply(act('acquire', { lock: 'l', ttlMs: 100 }));
    expect(queued?.status).toBe('queued');
    machine.apply(act('leave', { session: queued?.revision ?? 0, lock: 'l' }));
    expect([machine.store.sessions.size, machine.owner]).toEqual([1, waiting]);
  });

  test('is charged with what it takes on the heap, about, and so is a place in its queue', () => {
    const machine = new Machine();
    const [a, b] = [machine.create(), machine.create()];
    const before = machine.store.memoryBytes;
    machine.acquire(a, 'lock-100000');
    const held = machine.store.memoryBytes;
    machine.acquire(b, 'lock-100000');
    const queued = machine.store.memoryBytes;
    // Measured with 100 000 of them: 191 and 66 bytes.
    expect([held - before, queued - held]).toEqual([203, 64]);
    machine.release(b, 'lock-100000');
    machine.release(a, 'lock-100000');
    expect(machine.store.memoryBytes).toBe(before);
  });

  test('has a queue that ends somewhere', () => {
    const machine = new Machine();
    for (let i = 0; i < 1000; i += 1) machine.apply(act('acquire', { lock: 'l', ttlMs: 100 }));
    const { memoryBytes, hash } = machine.store;
    expect(machine.apply(act('acquire', { lock: 'l', ttlMs: 100 }))?.status).toBe('queue-full');
    expect([machine.store.memoryBytes, machine.store.hash]).toEqual([memoryBytes, hash]);
  });
});

describe('any sessions and locks', () => {
  const step = fc.record({
    act: fc.constantFrom(
      ...([
        'create',
        'create',
        'create',
        'keep-alive',
        'revoke',
        'expire',
        'acquire',
        'leave',
        'release',
      ] as const),
    ),
    session: fc.integer({ min: 0, max: 12 }),
    lock: fc.constantFrom('l', 'm'),
    ttlLsn: fc.integer({ min: 1, max: 20 }),
    key: fc.constantFrom(null, null, 'a', 'b', 'c'),
  });

  test('have one owner at a time, tokens that rise, and the same state from a snapshot', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(50), (steps, cut) => {
        const machine = new Machine();
        const owners = new Map<string, { owner: number; token: number }>();
        for (const [index, { key, act: name, ...rest }] of steps.entries()) {
          if (key !== null) machine.put(key, rest.session);
          else machine.apply(act(name, { ...rest, ttlMs: 10 }), index);
          if (index === cut) {
            const { memoryBytes } = machine.store;
            machine.store = throughSnapshot(machine.store);
            expect(machine.store.memoryBytes).toBe(memoryBytes);
          }
          const { sessions } = machine.store;
          for (const lockName of ['l', 'm']) {
            const lock = sessions.lock(lockName);
            const before = owners.get(lockName);
            const owner = lock?.queue[0];
            if (lock === undefined || owner === undefined) continue;
            expect(new Set(lock.queue).size).toBe(lock.queue.length);
            for (const id of lock.queue) {
              expect(sessions.get(id)).toBeDefined();
              expect(sessions.locksOf(id).has(lockName)).toBe(true);
            }
            if (before?.token === lock.token) expect(owner).toBe(before.owner);
            else expect(lock.token).toBeGreaterThan(before?.token ?? 0);
            owners.set(lockName, { owner, token: lock.token });
          }
          for (const [held, { session }] of machine.store.freeze().entries) {
            if (session !== 0) expect(sessions.keysOf(session).has(held)).toBe(true);
          }
        }
      }),
    );
  });
});
