import { describe, expect, test } from 'vitest';
import { members, put } from '../sim/fixtures.ts';
import { type ActiveMasterFixture, startMaster } from '../sim/master-fixture.ts';
import type { Outgoing } from './master.ts';
import type { Placement } from './placement.ts';
import { decodeRecords } from './record.ts';

/** An epoch whose first records everybody has, at 0 ms; nothing is due until a heartbeat. */
function quiet(nodeIds: string, placement?: Placement): ActiveMasterFixture {
  const fixture = startMaster(nodeIds, [], 0, placement);
  fixture.sync();
  settle(fixture, 0);
  return fixture;
}

function lsnsOf(outgoing: Outgoing | undefined): number[] {
  return decodeRecords(outgoing?.frames.bytes ?? new Uint8Array()).map(({ lsn }) => lsn);
}

/** All that is due is sent and acknowledged, until nothing is. */
function settle({ master, answer }: ActiveMasterFixture, nowMs: number): void {
  for (;;) {
    const due = master.takeDue(nowMs).filter(({ peer }) => peer.role === 'slave');
    if (due.length === 0) return;
    for (const outgoing of due) answer(outgoing, nowMs);
  }
}

const sentTo = ({ master }: ActiveMasterFixture, nowMs: number) =>
  master
    .takeDue(nowMs)
    .map(({ peer }) => peer.nodeId)
    .sort();

describe('which slaves get a batch (rule 3)', () => {
  test('at once as many as the write quorum needs, the others within lazyMs', () => {
    const fixture = quiet('m1 s1 s2 s3 s4');
    fixture.write('k', 10);
    const first = sentTo(fixture, 10);
    expect(first).toHaveLength(2);
    const rest = ['s1', 's2', 's3', 's4'].filter((nodeId) => !first.includes(nodeId));
    expect(sentTo(fixture, 30)).toEqual([]);
    // The chosen ones have answered in time: no hurry for the others.
    for (const nodeId of first) fixture.ack(nodeId, undefined, 12);
    fixture.sync();
    expect(fixture.master.voter.committedLsn).toBe(fixture.voter.log.lastLsn);
    expect(sentTo(fixture, 10 + 50)).toEqual(expect.arrayContaining(rest));
  });

  test('of those that hold as much, the ones that answer fastest', () => {
    const fixture = quiet('m1 s1 s2 s3 s4');
    const { master, answer, write } = fixture;
    write('k', 10);
    for (const outgoing of master.takeDue(10 + 50)) {
      answer(outgoing, outgoing.peer.nodeId > 's2' ? 61 : 75);
    }
    write('k', 80);
    expect(sentTo(fixture, 80)).toEqual(['s3', 's4']);
  });

  test('by hash: the same key goes to the same slaves, another one perhaps to others', () => {
    const chosen = new Map<string, string>();
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'a', 'b', 'c']) {
      const fixture = quiet('m1 s1 s2 s3 s4 s5', 'hash');
      fixture.write(key, 10);
      const slaves = sentTo(fixture, 10).join(' ');
      expect(slaves).toBe(chosen.get(key) ?? slaves);
      chosen.set(key, slaves);
    }
    expect(new Set(chosen.values()).size).toBeGreaterThan(1);
  });

  test('if they have not answered within hedgeMs, all get it', () => {
    const fixture = quiet('m1 s1 s2 s3 s4');
    fixture.write('k', 10);
    const first = sentTo(fixture, 10);
    expect(fixture.master.nextWakeMs()).toBe(35);
    expect(sentTo(fixture, 34)).toEqual([]);
    expect([...first, ...sentTo(fixture, 35)].sort()).toEqual(['s1', 's2', 's3', 's4']);
  });

  test('suspects are passed over', () => {
    const fixture = quiet('m1 s1 s2 s3 s4');
    for (const nodeId of ['s1', 's3']) fixture.ack(nodeId, undefined, 1000);
    sentTo(fixture, 1000);
    for (const nodeId of ['s1', 's3']) fixture.ack(nodeId, undefined, 1001);
    fixture.write('k', 1002);
    expect(fixture.master.peers.get('s2')?.eagerLsn).toBeLessThan(fixture.voter.log.lastLsn);
    expect(fixture.master.peers.get('s1')?.eagerLsn).toBe(fixture.voter.log.lastLsn);
  });

  test('a backup is hurried only where there are too few slaves', () => {
    const few = startMaster('m1 m2 m3 s1');
    few.master.propose([put('k', 'x')], 0);
    expect(few.master.peers.get('m2')?.eagerLsn).toBe(few.voter.log.lastLsn);
    const enough = startMaster('m1 m2 s1 s2 s3');
    enough.master.propose([put('k', 'x')], 0);
    expect(enough.master.peers.get('m2')?.eagerLsn).toBe(0);
  });

  test('a read that waits at a node hurries its records', () => {
    const fixture = quiet('m1 s1 s2 s3 s4');
    fixture.write('k', 10);
    const eager = sentTo(fixture, 10);
    const [lazy = ''] = ['s1', 's2', 's3', 's4'].filter((nodeId) => !eager.includes(nodeId));
    expect(sentTo(fixture, 11)).toEqual([]);
    fixture.master.hasten(lazy, fixture.voter.log.lastLsn);
    expect(sentTo(fixture, 11)).toEqual([lazy]);
  });
});

describe('one append on its way for each peer', () => {
  test('what arrives meanwhile is the next one, sent when the first is answered', () => {
    const fixture = quiet('m1 s1');
    fixture.write('a', 10);
    const [first] = fixture.due('s1', 10);
    fixture.write('b', 11);
    fixture.write('c', 11);
    expect(fixture.due('s1', 12)).toEqual([]);
    if (first !== undefined) fixture.answer(first, 13);
    const [next] = fixture.due('s1', 13);
    expect(lsnsOf(next)).toEqual([4, 5]);
  });

  test('is a heartbeat where there is nothing to say', () => {
    const fixture = quiet('m1 s1');
    expect(fixture.due('s1', 149)).toEqual([]);
    expect(fixture.due('s1', 150).map(({ frames }) => frames.count)).toEqual([0]);
  });

  test('that is lost is sent again, after a heartbeat', () => {
    const fixture = quiet('m1 s1');
    const lsn = fixture.write('a', 10);
    const [lost] = fixture.due('s1', 10);
    if (lost !== undefined) fixture.master.onFailed(lost.peer, lost.sent, 510);
    expect(fixture.due('s1', 650)).toEqual([]);
    const [again] = fixture.due('s1', 660);
    expect(lsnsOf(again).at(-1)).toBe(lsn);
  });

  test('is of half the size after each one that was not answered, and grows again', () => {
    const fixture = quiet('m1 s1');
    const { master } = fixture;
    const commands = Array.from({ length: 60 }, (_, i) => put(`k${i}`, 'x'.repeat(100_000)));
    master.propose(commands, 10);
    const counts: number[] = [];
    let nowMs = 10;
    for (let i = 0; i < 8; i += 1) {
      const [outgoing] = fixture.due('s1', nowMs);
      counts.push(outgoing?.frames.count ?? 0);
      nowMs += 10_000;
      if (outgoing === undefined) break;
      if (i < 4) master.onFailed(outgoing.peer, outgoing.sent, nowMs - 5000);
      else fixture.answer(outgoing, nowMs);
    }
    for (let i = 1; i < 4; i += 1) expect(counts[i]).toBeLessThan(counts[i - 1] ?? 0);
    expect(counts.at(-1)).toBeGreaterThan(counts[4] ?? 0);
  });

  test('goes to all voters of both configurations, and to learners', () => {
    const fixture = quiet('m1 s1 s2');
    fixture.master.meet({ nodeId: 's9', role: 'slave', url: 'http://s9' }, 10);
    fixture.master.proposeMembers(members('m1 s1 s3'), 10);
    expect(sentTo(fixture, 200)).toEqual(['s1', 's2', 's3', 's9']);
  });
});
