import { describe, expect, test } from 'vitest';
import { config, logOf, makeVoter, members, puts, records } from '../sim/fixtures.ts';
import { type ActiveMasterFixture, startMaster } from '../sim/master-fixture.ts';

describe('commit (rule 4)', () => {
  test('needs a majority that includes the own synced log', () => {
    const { master, voter, ack, sync } = startMaster('m1 s1 s2');
    ack('s1');
    ack('s2');
    expect(voter.committedLsn).toBe(0);
    sync();
    expect(voter.committedLsn).toBe(2);
    expect(master.isServing).toBe(true);
  });

  test('takes a record of an older epoch only together with one of its own', () => {
    const { voter, ack, sync } = startMaster('m1 m2 s1', puts(3, 2));
    sync();
    ack('s1', 4);
    expect(voter.committedLsn).toBe(0);
    ack('s1', 5);
    expect(voter.committedLsn).toBe(5);
  });

  test('of a client write is not by every master; of a control record it is (L1)', () => {
    const { master, voter, sync, write } = startMaster('m1 s1 s2');
    sync();
    expect(voter.committedLsn).toBe(2);
    write('k');
    sync();
    expect(voter.committedLsn).toBe(2);
    master.proposeMembers(members('m1 s9'), 0);
    sync();
    expect(voter.committedLsn).toBe(4);
  });

  test('M1: a write dragged along by a control record is not answered "done"', () => {
    const { master, sync, write, ack } = startMaster('m1 s1 s2');
    sync();
    const lsn = write('k');
    master.proposeMembers(members('m1 s2'), 0);
    sync();
    expect(master.voter.committedLsn).toBe(lsn + 1);
    expect(master.doneLsn).toBeLessThan(lsn);
    ack('s2', lsn);
    expect(master.doneLsn).toBe(lsn);
  });

  test('C1, C3: behind a change of members needs a majority of both configurations', () => {
    const { master, voter, sync, write, ack } = startMaster('m1 m2 s1 s2');
    ack('s1');
    ack('s2');
    sync();
    master.proposeMembers(members('m1 s3'), 0);
    const lsn = write('k');
    sync();
    ack('s3', lsn);
    // {m1, s3} is all of the new configuration and no quorum of the old one.
    expect(voter.committedLsn).toBe(2);
    ack('s1', lsn);
    expect(voter.committedLsn).toBe(2);
    ack('s2', lsn);
    expect(voter.committedLsn).toBe(lsn);
  });

  test('M13: is evaluated again when a committed change asks for less', () => {
    const { master, voter, sync, write, ack } = startMaster('m1 m2 s1 s2 s3');
    ack('s1');
    ack('s2');
    sync();
    const changed = voter.log.lastLsn + 1;
    master.proposeMembers(members('m1 s1 s9'), 0);
    const lsn = write('k');
    sync();
    ack('s1', lsn);
    expect(voter.committedLsn).toBeLessThan(changed);
    // The old majority reaches only the change; the write behind it needs the new one alone.
    ack('s2', changed);
    expect(voter.committedLsn).toBe(lsn);
  });

  test('counts a learner for nothing', () => {
    const { master, voter, sync, ack } = startMaster('m1 m2 s1');
    sync();
    master.meet({ nodeId: 's9', role: 'slave', url: 'http://s9' }, 0);
    ack('s9');
    expect(voter.committedLsn).toBe(0);
  });

  test('a new master starts under both configurations of an uncommitted change', () => {
    const change = records([config('m1 m2 s1', 'm1 s1 s2')], 2);
    const { voter, sync, ack } = startMaster('m1 m2 s1', change);
    sync();
    ack('s2');
    expect(voter.committedLsn).toBe(0);
    ack('s1');
    expect(voter.committedLsn).toBe(3);
  });
});

describe('answers of peers (rule 2)', () => {
  const contact = ({ master, due }: ActiveMasterFixture) => {
    const [first] = due('s1');
    if (first === undefined) throw new Error('nothing is due');
    return { master, ...first };
  };

  test.each([
    ['another epoch', { epoch: 1 }],
    ['another place than was sent', { ackedLsn: 1 }],
    ['a later place than was sent', { ackedLsn: 3 }],
  ])('an ACK of %s counts for nothing', (_, wrong) => {
    const fixture = startMaster('m1 s1');
    fixture.sync();
    const { master, peer, sent } = contact(fixture);
    const ack = { nodeId: 's1', epoch: 2, ackedLsn: sent.lsn, appliedLsn: 0, ...wrong };
    master.onAck(peer, sent, ack, 0);
    expect(peer.matchLsn).toBe(0);
    expect(peer.ackedSeq).toBe(0);
    expect(master.lease.endMs([members('m1 s1')])).toBe(Number.NEGATIVE_INFINITY);
  });

  test('an ACK of another node at that URL proves the peer gone, and meets the other one', () => {
    const { master, peer, sent } = contact(startMaster('m1 s1 s2'));
    master.onAck(peer, sent, { nodeId: 's9', epoch: 2, ackedLsn: sent.lsn, appliedLsn: 0 }, 0);
    expect(peer.isGone).toBe(true);
    expect(peer.matchLsn).toBe(0);
    expect(master.peers.get('s9')?.isVoter).toBe(false);
  });

  test('a late registration of a dead node does not make the living one at its URL gone', () => {
    const { master, ack } = startMaster('m1 s1 s2');
    ack('s1');
    master.meet({ nodeId: 'sOld', role: 'slave', url: 'http://s1' }, 10);
    expect(master.peers.get('s1')?.isGone).toBe(false);
  });

  test('a refusal for a gap goes back to what is committed there, not behind what is acked', () => {
    const { master, peer, sent } = contact(startMaster('m1 s1 s2', puts(8, 2)));
    const gap = { nodeId: 's1', reason: 'gap', promised: 2, lastLsn: 3, committedLsn: 2 } as const;
    expect(master.onRefused(peer, sent, gap, 0)).toBe(0);
    expect(peer.nextLsn).toBe(3);
    expect(peer.matchLsn).toBe(0);
  });

  test('a refusal with a higher promise deposes', () => {
    const { master, peer, sent } = contact(startMaster('m1 s1'));
    const refusal = { nodeId: 's1', reason: 'epoch', promised: 7, lastLsn: 0, committedLsn: 0 };
    expect(master.onRefused(peer, sent, { ...refusal, reason: 'epoch' }, 0)).toBe(7);
  });

  test('one that fetches a snapshot hears the heartbeat, and no hail of appends', () => {
    const fixture = startMaster('m1 s1 s2', puts(5, 2));
    const { master, peer, sent } = contact(fixture);
    peer.eagerLsn = 100;
    const busy = { nodeId: 's1', reason: 'snapshot', promised: 2, lastLsn: 0, committedLsn: 0 };
    master.onRefused(peer, sent, { ...busy, reason: 'snapshot' }, 0);
    expect(fixture.due('s1', 149)).toEqual([]);
    expect(fixture.due('s1', 150)).toHaveLength(1);
  });
});

describe('members (rule 11)', () => {
  test('one change at a time, and none before the own epoch is committed', () => {
    const { master, sync, ack } = startMaster('m1 s1 s2');
    expect(master.canReconfigure).toBe(false);
    ack('s1');
    sync();
    expect(master.canReconfigure).toBe(true);
    master.proposeMembers(members('m1 m2 s1 s2'), 0);
    expect(master.canReconfigure).toBe(false);
    expect(() => master.proposeMembers(members('m1 s1'), 0)).toThrow('one change of members');
  });

  test('a change never removes the active master', () => {
    const { master, sync } = startMaster('m1');
    sync();
    expect(() => master.proposeMembers(members('m2 s1 s2'), 0)).toThrow('never removes the active');
  });
});

describe('a new epoch', () => {
  test('begins after the adopted log, with an epoch-start record of its own', () => {
    const { voter } = startMaster('m1 s1', puts(2, 2));
    expect(voter.log.at(4)?.command).toEqual({ kind: 'epoch-start', nodeId: 'm1' });
    expect(voter.log.at(4)?.epoch).toBe(2);
  });

  test('goes on with log time from where the adopted log was, whatever its own clock says', () => {
    const old = records([{ kind: 'expire', key: 'k', ttlLsn: 1 }], 2, 1, 5_000_000);
    const { master, voter } = startMaster('m1', old, 77);
    master.propose([{ kind: 'expire', key: 'k', ttlLsn: 1 }], 177);
    expect(voter.log.at(4)?.logTimeMs).toBe(5_000_100);
  });

  test('knows nobody’s position: what was acked in an older epoch counts for nothing', () => {
    const { master } = startMaster('m1 s1 s2', puts(3, 2));
    expect([...master.peers.values()].map(({ matchLsn }) => matchLsn)).toEqual([0, 0]);
    expect(logOf('m1').lastLsn).toBe(1);
    expect(makeVoter('m1').committedLsn).toBe(0);
  });
});
