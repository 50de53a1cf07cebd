import { describe, expect, test } from 'vitest';
import type { Operation } from '../core/operations.ts';
import type { SessionCommand } from '../core/session-command.ts';
import type { WriteRequest, WriteResult } from '../node/api.ts';
import { Scenario } from './scenario.ts';
import type { Promised, World } from './world.ts';

function write(world: World, command: WriteRequest): Promised<WriteResult> {
  const promised: Promised<WriteResult> = { result: null };
  world.node('m1').write(command, (error, value) => {
    promised.result = { error, value };
  });
  return promised;
}

function act(world: World, name: SessionCommand['act'], more: Partial<SessionCommand>) {
  const common = { session: 0, lock: '', ttlMs: 0, ttlLsn: 0, request: null };
  return write(world, { kind: 'session', act: name, ...common, ...more });
}

function create(world: World, ttlMs: number): number {
  return world.await(act(world, 'create', { ttlMs })).value?.revision ?? 0;
}

const sessionsAt = (world: World) => world.node('m1').inspect().store.sessions;

describe('a keep-alive that came in time', () => {
  test('counts, though the disk was slow and its session was due before its turn came', () => {
    const { world } = Scenario.ready({ masters: 1, slaves: 0 });
    const session = create(world, 1000);
    const { platter } = world.seat('m1');
    if (platter === null) throw new Error('a master has a disk');
    world.run(850);
    platter.faults = { ...platter.faults, syncMs: [200, 200] };
    const slow = world.put('m1', 'k', 'x');
    world.run(50);
    const kept = act(world, 'keep-alive', { session });
    expect(kept.result).toBeNull();
    expect(slow.result).toBeNull();
    expect(world.await(kept).value?.status).toBe('updated');
    expect(sessionsAt(world).get(session)).toBeDefined();
  });

  /** Writes of 1 KiB at a master with so slow a disk that they wait, and three fit into a batch. */
  function crowded() {
    const { world } = Scenario.ready({ masters: 1, slaves: 0, limits: { batchBytesMax: 4000 } });
    const { platter } = world.seat('m1');
    if (platter === null) throw new Error('a master has a disk');
    const slowDown = (ms: number) => {
      platter.faults = { ...platter.faults, syncMs: [ms, ms] };
    };
    const putMany = (count: number) => {
      for (let i = 0; i < count; i += 1) world.put('m1', `k${i}`, 'x'.repeat(1024));
    };
    return { world, slowDown, putMany };
  }

  test.each([
    ['a slow disk', 0],
    ['a master that stood still', 400],
  ])('counts, though more stands before it than fits into a batch, behind %s', (_, pauseMs) => {
    const { world, slowDown, putMany } = crowded();
    const session = create(world, 1000);
    world.run(850);
    slowDown(200);
    if (pauseMs > 0) {
      world.pause('m1', pauseMs);
      world.run(pauseMs + 1);
    }
    world.put('m1', 'k', 'x');
    world.run(50);
    putMany(8);
    const kept = act(world, 'keep-alive', { session });
    expect(world.await(kept).value?.status).toBe('updated');
    expect(sessionsAt(world).get(session)).toBeDefined();
  });

  test('is waited for no longer than until it must have been heard, though others always wait', () => {
    const { world, slowDown, putMany } = crowded();
    const session = create(world, 1000);
    slowDown(50);
    putMany(12);
    for (let ms = 0; ms < 2000; ms += 50) world.queue.after(ms, () => putMany(3));
    world.until(() => sessionsAt(world).get(session) === undefined, 2000);
    expect(world.node('m1').gauges().queuedWrites).toBeGreaterThan(3);
  });

  test('counts, though the master stood still and found the session due before it read from its sockets', () => {
    const { world } = Scenario.ready({ masters: 1, slaves: 0 });
    const session = create(world, 1000);
    world.run(800);
    world.pause('m1', 400);
    world.run(401);
    expect(sessionsAt(world).get(session)).toBeDefined();
    expect(world.await(act(world, 'keep-alive', { session })).value?.status).toBe('updated');
    world.run(900);
    expect(sessionsAt(world).get(session)).toBeDefined();
    world.run(300);
    expect(sessionsAt(world).get(session)).toBeUndefined();
  });

  test.each([
    ['alone', 0],
    ['beside another', 5000],
  ])('counts also where a session ended before it, %s', (_, otherTtlMs) => {
    const { world } = Scenario.ready({ masters: 1, slaves: 0 });
    if (otherTtlMs > 0) create(world, otherTtlMs);
    const ended = create(world, 100);
    world.until(() => sessionsAt(world).get(ended) === undefined);
    const session = create(world, 1000);
    world.run(800);
    world.pause('m1', 400);
    world.run(401);
    expect(sessionsAt(world).get(session)).toBeDefined();
  });
});

describe('sessions that end together', () => {
  test('take no more keys with them in one batch than a bound, and all come to their turn', () => {
    const { world } = Scenario.ready({ masters: 1, slaves: 0 });
    const created = Array.from({ length: 12 }, () => act(world, 'create', { ttlMs: 3000 }));
    const sessions = created.map((one) => world.await(one).value?.revision ?? 0);
    for (const session of sessions) {
      const operations = Array.from(
        { length: 100 },
        (_, i): Operation => ({
          kind: 'put',
          key: `${session}/${i}`,
          value: new Uint8Array(1),
          contentType: '',
          ttlMs: 0,
          session,
        }),
      );
      const txn = { kind: 'txn', compares: [], operations, otherwise: [], request: null } as const;
      world.await(write(world, txn));
    }
    const voter = world.node('m1').inspect();
    let most = 0;
    let before = voter.store.keyCount;
    expect(before).toBe(1200);
    world.until(() => {
      most = Math.max(most, before - voter.store.keyCount);
      before = voter.store.keyCount;
      return before === 0;
    });
    expect(most).toBeLessThanOrEqual(600);
    expect(sessionsAt(world).size).toBe(0);
  });

  test('take no more locks with them in one batch than a bound either', () => {
    const { world } = Scenario.ready({ masters: 1, slaves: 0 });
    const created = Array.from({ length: 12 }, () => act(world, 'create', { ttlMs: 3000 }));
    for (const one of created) {
      const session = world.await(one).value?.revision ?? 0;
      for (let i = 0; i < 100; i += 1) act(world, 'acquire', { session, lock: `${session}/${i}` });
    }
    world.until(() => sessionsAt(world).lockCount === 1200);
    let most = 0;
    let before = 1200;
    world.until(() => {
      const now = sessionsAt(world).lockCount;
      most = Math.max(most, before - now);
      before = now;
      return before === 0;
    });
    expect(most).toBeLessThanOrEqual(600);
  });
});

describe('the locks of one session', () => {
  test('are bounded before anything is proposed; what it has already, and was told, it is told again', () => {
    const { world } = Scenario.ready({ masters: 1, slaves: 0 });
    const session = create(world, 1e6);
    const acquire = (lock: string, request: SessionCommand['request'] = null) =>
      world.await(act(world, 'acquire', { session, lock, request }));
    const request = { id: 'r', payloadHash: 1, keyRevision: 0 };
    acquire('early', request);
    world.await(act(world, 'release', { session, lock: 'early' }));
    for (let i = 0; i < 10_000; i += 1) act(world, 'acquire', { session, lock: `${i}` });
    world.until(() => sessionsAt(world).lockCount === 10_000);
    const { lastLsn } = world.node('m1').status();
    expect(acquire('more').error).toMatchObject({ code: 'session_full', outcome: 'not-applied' });
    expect(world.node('m1').status().lastLsn).toBe(lastLsn);
    expect(acquire('9').value?.status).toBe('acquired');
    expect(acquire('early', request).value?.status).toBe('acquired');
    world.await(act(world, 'release', { session, lock: '9' }));
    expect(acquire('more').value?.status).toBe('acquired');
  });
});
