import { describe, expect, test } from 'vitest';
import {
  append,
  config,
  logOf,
  makeVoter,
  members,
  origin,
  puts,
  records,
  request,
} from '../sim/fixtures.ts';
import type { AppendAck, PromiseGrant, PromiseRefusal, Refusal } from './messages.ts';

const at = (epoch: number, lsn: number) => ({ epoch, lsn });

function ackOf(answer: AppendAck | Refusal): AppendAck {
  if ('reason' in answer) throw new Error(`refused: ${answer.reason}`);
  return answer;
}
function reasonOf(answer: AppendAck | Refusal): string {
  return 'reason' in answer ? answer.reason : 'none';
}
const isGranted = (answer: PromiseGrant | PromiseRefusal) => !('remainingMs' in answer);

/** A slave that holds lsn 1..n of epoch 1. */
function holding(count: number, options: Parameters<typeof makeVoter>[1] = {}) {
  const voter = makeVoter('s1', options);
  ackOf(voter.onAppend(append(1, origin), puts(count, 1), 0));
  return voter;
}

describe('append (rule 1)', () => {
  test('is refused below the promise, above it is a promise itself', () => {
    const voter = makeVoter('s1', { promised: 5 });
    expect(reasonOf(voter.onAppend(append(4, origin), puts(1, 1, 4), 0))).toBe('epoch');
    expect(voter.log.lastLsn).toBe(0);
    ackOf(voter.onAppend(append(7, origin), puts(1, 1, 7), 0));
    expect(voter.promised).toBe(7);
    // H2: what e7 has acknowledged, a late append of e5 cannot touch.
    expect(reasonOf(voter.onAppend(append(5, origin), puts(1, 1, 5), 0))).toBe('epoch');
    expect(voter.log.last).toEqual(at(7, 1));
  });

  test('what it commits is applied when somebody looks, in order and once', () => {
    const told: number[] = [];
    const voter = makeVoter('s1', {
      onApplied: ({ lsn }) => {
        told.push(lsn);
        expect(voter.store.appliedLsn).toBe(lsn);
      },
    });
    const ack = ackOf(voter.onAppend(append(1, origin, { committedLsn: 3 }), puts(4, 1), 0));
    expect(ack).toMatchObject({ ackedLsn: 4, appliedLsn: 3 });
    expect(voter.storeAsApplied.appliedLsn).toBe(0);
    expect(told).toEqual([]);
    expect(voter.store.keyCount).toBe(3);
    voter.applyCommitted();
    expect(told).toEqual([1, 2, 3]);
  });

  test('of another cluster is refused, and joins a voter that knows none', () => {
    const voter = makeVoter('s1', { clusterId: '' });
    ackOf(voter.onAppend(append(1, origin, { clusterId: 'mine' }), [], 0));
    expect(voter.clusterId).toBe('mine');
    const foreign = append(9, origin, { clusterId: 'other' });
    expect(reasonOf(voter.onAppend(foreign, puts(1, 1, 9), 0))).toBe('cluster');
    expect(voter.promised).toBe(1);
  });

  test('needs exactly the record before it; a refusal says where to go on', () => {
    const voter = holding(5);
    voter.advanceCommitted(3);
    const gap = voter.onAppend(append(2, at(1, 6)), puts(1, 7, 2), 0);
    expect(gap).toMatchObject({ reason: 'gap', lastLsn: 5, committedLsn: 3, promised: 2 });
    expect(reasonOf(voter.onAppend(append(2, at(2, 5)), puts(1, 6, 2), 0))).toBe('gap');
  });

  test('H4: a refusal cuts nothing, wherever the other log differs', () => {
    const voter = holding(5);
    for (const lsn of [1, 2, 4, 5, 6, 9]) {
      expect(reasonOf(voter.onAppend(append(2, at(2, lsn)), puts(1, lsn + 1, 2), 0))).toBe('gap');
      expect(voter.log.last).toEqual(at(1, 5));
    }
  });

  test('twice is the same answer and no change', () => {
    const voter = makeVoter('s1', { hasDisk: true });
    const sent = puts(3, 1);
    const first = voter.onAppend(append(1, origin), sent, 0);
    const written = voter.writes.length;
    expect(voter.onAppend(append(1, origin), sent, 1)).toEqual(first);
    expect(voter.writes).toHaveLength(written);
  });

  test('M8: a late one with fewer records cuts nothing', () => {
    const voter = holding(5);
    expect(ackOf(voter.onAppend(append(1, origin), puts(2, 1), 0)).ackedLsn).toBe(2);
    expect(voter.log.last).toEqual(at(1, 5));
  });

  test('cuts only where another record takes the place, and the configuration with it', () => {
    const voter = makeVoter('s1', { hasDisk: true });
    const old = [...records([config('m1 s1', 'm1 s1')], 1), ...records([config('m1 s1', 'm1')], 2)];
    ackOf(voter.onAppend(append(1, origin), [...old, ...puts(2, 3)], 0));
    voter.writes = [];
    ackOf(voter.onAppend(append(2, at(1, 1)), puts(1, 2, 2), 0));
    expect(voter.log.last).toEqual(at(2, 2));
    expect(voter.members).toEqual(members('m1 s1'));
    expect(voter.writes.map(({ kind }) => kind)).toEqual(['meta', 'cut', 'append']);
  });

  test('I3: what is committed is never cut; such a message stops the node', () => {
    const voter = holding(3);
    voter.advanceCommitted(2);
    expect(() => voter.onAppend(append(2, at(1, 1)), puts(1, 2, 2), 0)).toThrow('I3');
  });

  test('asks for a snapshot where the sender cannot send what is missing', () => {
    const voter = holding(3);
    voter.advanceCommitted(3);
    const empty = append(1, at(1, 50), { startLsn: 51 });
    expect(reasonOf(voter.onAppend(empty, [], 0))).toBe('snapshot');
  });
});

describe('ACK (rule 2)', () => {
  test('H1: names the last record of this append, never the end of the log', () => {
    const voter = holding(5);
    expect(ackOf(voter.onAppend(append(2, at(1, 2)), [], 0)).ackedLsn).toBe(2);
    expect(ackOf(voter.onAppend(append(2, at(1, 2)), puts(1, 3, 2), 0)).ackedLsn).toBe(3);
  });

  test('commits no further than this append reaches', () => {
    const voter = holding(5);
    ackOf(voter.onAppend(append(2, at(1, 2), { committedLsn: 5 }), [], 0));
    expect(voter.committedLsn).toBe(2);
    expect(voter.store.appliedLsn).toBe(2);
  });

  test('a node follows a commit index only when it holds exactly that record', () => {
    const voter = holding(5);
    voter.learnCommitted(at(2, 4));
    expect(voter.committedLsn).toBe(0);
    voter.learnCommitted(at(1, 9));
    expect(voter.committedLsn).toBe(0);
    voter.learnCommitted(at(1, 4));
    expect(voter.committedLsn).toBe(4);
  });
});

describe('promise (rule 9)', () => {
  test('is given once for an epoch, and repeated to the same candidate', () => {
    const voter = holding(2);
    expect(voter.onPromise(request(3, 'm2'), 0)).toMatchObject({ epoch: 3, last: at(1, 2) });
    expect(isGranted(voter.onPromise(request(3, 'm1'), 0))).toBe(false);
    expect(voter.onPromise(request(3, 'm2'), 0)).toMatchObject({ epoch: 3, nodeId: 's1' });
    expect(isGranted(voter.onPromise(request(2, 'm2'), 0))).toBe(false);
  });

  test('refuses lower appends from then on', () => {
    const voter = holding(2);
    voter.onPromise(request(3, 'm2'), 0);
    expect(reasonOf(voter.onAppend(append(1, at(1, 2)), puts(1, 3), 0))).toBe('epoch');
  });

  test('is refused to a candidate of another cluster', () => {
    const voter = holding(1);
    const foreign = { ...request(9, 'm2'), clusterId: 'other' };
    expect(isGranted(voter.onPromise(foreign, 0))).toBe(false);
    expect(voter.promised).toBe(1);
  });

  test('is written where there is a disk, before the answer may go', () => {
    const voter = makeVoter('m2', { hasDisk: true });
    voter.onPromise(request(1, 'm1'), 0);
    expect(voter.writes).toEqual([{ kind: 'meta' }]);
  });

  test('M11: asking whether it would be given changes nothing', () => {
    const voter = holding(2, { hasDisk: true });
    const before = { promised: voter.promised, writes: voter.writes.length, vow: voter.vow };
    expect(isGranted(voter.onProbe(request(8, 'm2'), 0))).toBe(true);
    expect({ promised: voter.promised, writes: voter.writes.length, vow: voter.vow }).toEqual(
      before,
    );
    expect(voter.clusterId).toBe('c');
  });

  test('tells the configurations in force, also when it is refused (L4)', () => {
    const log = logOf('m1 s1', records([config('m1 s1', 'm1 m2 s1')], 2));
    const voter = makeVoter('s1', { log, promised: 4 });
    const both = [members('m1 s1'), members('m1 m2 s1')];
    expect(voter.onPromise(request(2, 'm2'), 0).configs).toEqual(both);
    expect(voter.onPromise(request(5, 'm2'), 0).configs).toEqual(both);
  });
});
