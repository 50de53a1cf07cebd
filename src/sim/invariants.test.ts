/** Each rule is broken by hand in a sound cluster, and must be noticed. */
import { describe, expect, test } from 'vitest';
import { Store } from '../core/store.ts';
import { put, records, throughSnapshot } from './fixtures.ts';
import { Invariants } from './invariants.ts';
import { World } from './world.ts';

/** A cluster with a few writes behind it, under watch from its beginning. */
function watched(): { world: World; invariants: Invariants } {
  // Late appliers stop at fewer places, where their state could be held against the others'.
  const world = new World({ seed: 1, limits: { applyMs: 0 } });
  const invariants = new Invariants(world);
  const runNext = world.queue.runNext.bind(world.queue);
  world.queue.runNext = (untilMs) => {
    const hasRun = runNext(untilMs);
    invariants.check();
    return hasRun;
  };
  world.startAll();
  world.ready();
  for (let i = 1; i <= 5; i += 1) world.mustPut(`k${i}`, 'v');
  world.run(1000);
  return { world, invariants };
}

describe('the invariants', () => {
  test('hold in a sound cluster', () => {
    const { world, invariants } = watched();
    const voter = world.node('m1').inspect();
    invariants.onDone(voter.committedLsn, voter);
    invariants.onRead(voter.committedLsn);
    invariants.checkDone(voter);
  });

  test('I1: done, and not committed', () => {
    const { world, invariants } = watched();
    const { committedLsn } = world.node('m1').inspect();
    expect(() => invariants.onDone(committedLsn + 1)).toThrow(/^I1: .* not committed/);
  });

  test('I1: done, and on the master only', () => {
    const { world, invariants } = watched();
    world.partition(['m1']);
    const voter = world.node('m1').inspect();
    const { lsn, epoch } = voter.log.last;
    voter.takeRecords({ lsn, epoch }, records([put('k', 'v')], lsn + 1, epoch));
    voter.advanceCommitted(lsn + 1);
    expect(() => invariants.onDone(lsn + 1, voter)).toThrow(/^I1: .* on no majority/);
  });

  test('I1: done, and not synced by the master', () => {
    const { world, invariants } = watched();
    const voter = world.node('m1').inspect();
    voter.durableLsn -= 1;
    expect(() => invariants.onDone(voter.committedLsn, voter)).toThrow(/^I1: .* not synced/);
  });

  test('I2: two active masters in one epoch', () => {
    const { world, invariants } = watched();
    const standby = world.node('m2');
    standby.isActive = () => true;
    expect(() => invariants.check()).toThrow(/^I2: /);
  });

  test('I3: a commit is taken back, or is of another record', () => {
    const { world, invariants } = watched();
    const voter = world.node('s1').inspect();
    voter.committedLsn -= 1;
    expect(() => invariants.check()).toThrow(/^I3: /);

    const other = watched();
    const master = other.world.node('m1').inspect();
    const slave = other.world.node('s1').inspect();
    for (const [epoch, each] of [master, slave].entries()) {
      const { last } = each.log;
      each.takeRecords(last, records([put('k', 'v')], last.lsn + 1, last.epoch + epoch));
      each.advanceCommitted(last.lsn + 1);
    }
    expect(() => other.invariants.check()).toThrow(/^I3: /);
  });

  test('I4: a promise that was told is forgotten', () => {
    const { world, invariants } = watched();
    world.node('s1').inspect().promised = 1;
    expect(() => invariants.check()).toThrow(/^I4: /);
  });

  test('I5 and I9: a state that is not the replay of the log', () => {
    const { world, invariants } = watched();
    const voter = world.node('m1').inspect();
    const { appliedLsn } = voter.store;
    voter.storeAsApplied = Object.assign(new Store(), { appliedLsn });
    expect(() => invariants.checkDone(voter)).toThrow(/^I5: /);
    world.mustPut('k', 'v');
    expect(() => world.run(1000)).toThrow(/^I9: /);
  });

  test('I9: a state that differs where the hash does not look', () => {
    const { world } = watched();
    const { store } = world.node('s1').inspect();
    const honest = throughSnapshot(store);
    store.restoreSession(999, { ttlMs: 1, expiresAtMs: 1e9, ttlLsn: 999, madeFor: '' });
    store.apply = (record) => {
      honest.apply(record);
      return Store.prototype.apply.call(store, record);
    };
    Object.defineProperty(store, 'hash', { get: () => honest.hash });
    // Whole states are held against each other now and then only.
    const writes = () => {
      for (let i = 0; i < 140; i += 1) world.mustPut('k', `v${i}`);
      world.run(1000);
    };
    expect(writes).toThrow(/^I9: .*its hash does not show it/);
  });

  test('I6: what was read is not committed', () => {
    const { world, invariants } = watched();
    const { committedLsn } = world.node('m1').inspect();
    expect(() => invariants.onRead(committedLsn + 1)).toThrow(/^I6: /);
  });

  test('I10: two records at one place', () => {
    const { world, invariants } = watched();
    for (const [index, name] of ['m1', 's1'].entries()) {
      const voter = world.node(name).inspect();
      const { last } = voter.log;
      voter.takeRecords(last, records([put('k', `v${index}`)], last.lsn + 1, last.epoch));
    }
    expect(() => invariants.check()).toThrow(/^I10: /);
  });
});
