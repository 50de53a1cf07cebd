import { describe, expect, test } from 'vitest';
import { members, puts } from '../sim/fixtures.ts';
import { startMaster } from '../sim/master-fixture.ts';
import type { Poll, Position } from './messages.ts';
import { decodeRecords } from './record.ts';

const never = Number.NEGATIVE_INFINITY;

/** m2 polls m1, who is active in epoch 2 over `log` records of epoch 1 and its epoch-start. */
function bench(nodeIds = 'm1 m2 s1', more = puts(3, 2)) {
  const fixture = startMaster(nodeIds, more);
  const { master, voter } = fixture;
  const poll = (synced: Position, more: Partial<Poll> = {}, nowMs = 0) =>
    master.onPoll(
      {
        clusterId: 'c',
        nodeId: 'm2',
        url: 'http://m2',
        promised: 2,
        synced,
        appliedLsn: 0,
        waitMs: 150,
        echo: null,
        candidateEpoch: 0,
        ...more,
      },
      nowMs,
    );
  /** The answer to the parked poll, and the echo that the next one will carry. */
  const answer = (nowMs = 0) => {
    const [outgoing] = fixture.due('m2', nowMs);
    if (outgoing === undefined) throw new Error('the poll is not answered');
    return { ...outgoing, echo: { epoch: 2, sentAtMs: outgoing.sent.sentAtMs } };
  };
  const leaseEndMs = () => master.lease.endMs(voter.configs);
  const peer = () => master.peers.get('m2');
  return { ...fixture, poll, answer, leaseEndMs, peer };
}

const at = (epoch: number, lsn: number): Position => ({ epoch, lsn });

describe('a poll (rule 8)', () => {
  test('is answered with the records after what the backup has synced', () => {
    const { poll, answer } = bench();
    expect(poll(at(1, 2)).kind).toBe('parked');
    const { append, frames } = answer(50);
    expect(append.prev).toEqual(at(1, 2));
    expect(decodeRecords(frames.bytes).map(({ lsn }) => lsn)).toEqual([3, 4, 5]);
  });

  test('with nothing new waits, for at most a heartbeat', () => {
    const { poll, due } = bench();
    poll(at(2, 5), { waitMs: 10_000 }, 0);
    expect(due('m2', 149)).toEqual([]);
    expect(due('m2', 150)).toHaveLength(1);
  });

  test('of another cluster is refused', () => {
    expect(bench().poll(at(1, 2), { clusterId: 'other' })).toMatchObject({
      kind: 'refused',
      status: 409,
      refusal: { reason: 'cluster' },
    });
  });

  test.each([
    ['another record there', at(1, 5)],
    ['more than the active master', at(2, 9)],
  ])('of one who has %s is sent back, and counts for nothing', (_, synced) => {
    const { poll, peer } = bench();
    expect(poll(synced)).toMatchObject({
      kind: 'refused',
      status: 409,
      refusal: { reason: 'gap' },
    });
    expect(peer()?.matchLsn).toBe(0);
  });

  test('of one who is behind the kept log is sent to the snapshot', () => {
    const { poll, voter } = bench();
    voter.log.settle(4);
    voter.log.trim(4);
    expect(poll(at(1, 2))).toMatchObject({ kind: 'refused', status: 410 });
    expect(poll(at(1, 4)).kind).toBe('parked');
  });

  test('L5: with a higher promise deposes the active master', () => {
    expect(bench().poll(at(1, 2), { promised: 7 })).toEqual({ kind: 'deposed', epoch: 7 });
  });

  test('acknowledges what it says is synced, if it has promised this epoch', () => {
    const { poll, peer } = bench();
    poll(at(1, 3), { promised: 1 });
    expect(peer()?.matchLsn).toBe(0);
    poll(at(1, 3));
    expect(peer()?.matchLsn).toBe(3);
  });

  test('a late one takes back nothing that was acknowledged', () => {
    const { poll, peer } = bench();
    poll(at(2, 5));
    poll(at(1, 2));
    expect(peer()?.matchLsn).toBe(5);
  });

  test('of a node that is not known makes it a learner, whose poll commits nothing', () => {
    const { poll, voter, sync } = bench('m1 s1 s2');
    poll(at(2, 5));
    sync();
    expect(voter.configs).toEqual([members('m1 s1 s2')]);
  });
});

describe('the vow of a backup (rule 7)', () => {
  test('H7: asking is no vow; only the echo of an answer is, from when that was sent', () => {
    const { poll, answer, leaseEndMs } = bench();
    poll(at(1, 2), {}, 1000);
    expect(leaseEndMs()).toBe(never);
    const { echo } = answer(1040);
    expect(leaseEndMs()).toBe(never);
    poll(at(2, 5), { echo }, 1300);
    expect(leaseEndMs()).toBe(1040 + 810);
  });

  test('an echo of another epoch, or of another answer, is none', () => {
    const { poll, answer, leaseEndMs, peer } = bench();
    poll(at(1, 2), {}, 1000);
    const { echo } = answer(1040);
    poll(at(2, 5), { echo: { ...echo, epoch: 1 } }, 1100);
    expect(leaseEndMs()).toBe(never);
    answer(1250);
    poll(at(2, 5), { echo }, 1300);
    expect(leaseEndMs()).toBe(never);
    expect(peer()?.ackedSeq).toBe(0);
  });

  test('is none from one who has promised a lower epoch', () => {
    const { poll, answer, leaseEndMs } = bench();
    poll(at(1, 2), {}, 1000);
    const { echo } = answer(1040);
    poll(at(2, 5), { echo, promised: 1 }, 1100);
    expect(leaseEndMs()).toBe(never);
  });

  test('M4: a round is confirmed by the echo of an answer sent after it was wanted', () => {
    const { master, poll, answer } = bench();
    poll(at(1, 2), {}, 0);
    const early = answer(50);
    const wanted = master.wantRound();
    poll(at(2, 5), { echo: early.echo }, 60);
    expect(master.confirmedSeq).toBeLessThan(wanted);
    // The round is due at once: no waiting for records or for the heartbeat.
    const later = answer(60);
    poll(at(2, 5), { echo: later.echo }, 70);
    expect(master.confirmedSeq).toBeGreaterThanOrEqual(wanted);
  });
});
