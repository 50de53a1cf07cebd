import { describe, expect, test } from 'vitest';
import { append, logOf, makeVoter, members, origin, puts, request } from '../sim/fixtures.ts';
import { Log } from './log.ts';
import type { AppendAck, PromiseGrant, PromiseRefusal, Refusal } from './messages.ts';
import type { Record } from './record.ts';
import { Store } from './store.ts';

const at = (epoch: number, lsn: number) => ({ epoch, lsn });

function ackOf(answer: AppendAck | Refusal): AppendAck {
  if ('reason' in answer) throw new Error(`refused: ${answer.reason}`);
  return answer;
}
const isGranted = (answer: PromiseGrant | PromiseRefusal) => !('remainingMs' in answer);

/** A slave that holds lsn 1..n of epoch 1. */
function holding(count: number) {
  const voter = makeVoter('s1');
  ackOf(voter.onAppend(append(1, origin), puts(count, 1), 0));
  return voter;
}

describe('what waits for the disk', () => {
  const masterHolding = (sent: readonly Record[]) => {
    const voter = makeVoter('m2', { hasDisk: true });
    ackOf(voter.onAppend(append(1, origin), sent, 0));
    return voter;
  };

  test('a record counts as synced only when its write is done', () => {
    const sent = puts(3, 1);
    const voter = masterHolding(sent);
    expect(voter.synced).toEqual(origin);
    voter.onSynced(sent);
    expect(voter.synced).toEqual(at(1, 3));
  });

  test('the end of a write whose records were cut says nothing about those in their place', () => {
    const sent = puts(3, 1);
    const voter = masterHolding(sent);
    const later = puts(2, 2, 2);
    ackOf(voter.onAppend(append(2, at(1, 1)), later, 0));
    voter.onSynced(sent);
    expect(voter.durableLsn).toBeLessThanOrEqual(1);
    voter.onSynced(later);
    expect(voter.synced).toEqual(at(2, 3));
  });

  test('a slave has nothing to wait for', () => {
    expect(holding(3).synced).toEqual(at(1, 3));
  });
});

describe('snapshots', () => {
  const header = (epoch: number, lsn: number, clusterId = 'c') => ({
    clusterId,
    position: at(epoch, lsn),
    members: members('m1 s1'),
  });
  const storeAt = (lsn: number) => {
    const store = new Store();
    for (const record of puts(lsn, 1)) store.apply(record);
    return store;
  };

  test('is taken under the epoch check of an append', () => {
    const voter = makeVoter('s1', { promised: 3 });
    expect(voter.onSnapshot(2, header(1, 9), storeAt(9))).toBe(false);
    expect(voter.onSnapshot(4, header(1, 9, 'other'), storeAt(9))).toBe(false);
    expect(voter.onSnapshot(4, header(1, 9), storeAt(9))).toBe(true);
    expect(voter.promised).toBe(4);
    expect(voter.log.last).toEqual(at(1, 9));
    expect(voter.committedLsn).toBe(9);
  });

  test('M8: a late one below what is held moves nothing back', () => {
    const voter = holding(8);
    voter.advanceCommitted(5);
    expect(voter.onSnapshot(1, header(1, 3), storeAt(3))).toBe(true);
    expect(voter.log.last).toEqual(at(1, 8));
    expect(voter.onSnapshot(1, header(1, 7), storeAt(7))).toBe(true);
    expect(voter.log.last).toEqual(at(1, 8));
  });

  test('M8: nor a late one from before the records that are still kept', () => {
    const voter = holding(8);
    voter.advanceCommitted(6);
    voter.log.trim(5);
    expect(voter.onSnapshot(1, header(1, 3), storeAt(3))).toBe(true);
    expect(voter.committedLsn).toBe(6);
    expect(voter.log.last).toEqual(at(1, 8));
    expect(voter.store.appliedLsn).toBe(6);
  });

  test('what a snapshot stands for is committed, also where the records are held already', () => {
    const voter = holding(8);
    expect(voter.onSnapshot(1, header(1, 7), storeAt(7))).toBe(true);
    expect(voter.committedLsn).toBe(7);
  });

  test('replaces the whole log where another record stands at its place', () => {
    const voter = holding(8);
    expect(voter.onSnapshot(2, header(2, 6), storeAt(6))).toBe(true);
    expect(voter.log.last).toEqual(at(2, 6));
    expect(voter.members).toEqual(members('m1 s1'));
  });

  test('makes nothing durable before it is saved', () => {
    const voter = makeVoter('m2', { hasDisk: true });
    voter.onSnapshot(1, header(1, 9), storeAt(9));
    expect(voter.synced).toEqual(origin);
    voter.onSnapshotSynced(9);
    expect(voter.synced).toEqual(at(1, 9));
  });
});

describe('a restarted master', () => {
  test('I4: has promised at least what its log holds', () => {
    const log = logOf('m1 s1', puts(1, 2, 6));
    const voter = makeVoter('m1', { log, promised: 4, promisedTo: 'm2', hasDisk: true });
    expect(voter.promised).toBe(6);
    expect(isGranted(voter.onPromise(request(6, 'm2'), 0))).toBe(false);
  });

  test('knows nothing to be committed but what its snapshot holds', () => {
    const voter = makeVoter('m1', { log: logOf('m1', puts(5, 2)), hasDisk: true });
    expect(voter.committedLsn).toBe(0);
    expect(voter.durableLsn).toBe(6);
  });

  test('starts without a log as nobody’s voter', () => {
    expect(makeVoter('m1', { log: new Log() }).isVoter()).toBe(false);
  });
});
