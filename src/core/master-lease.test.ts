import { describe, expect, test } from 'vitest';
import { members } from '../sim/fixtures.ts';
import { startMaster } from '../sim/master-fixture.ts';

describe('rounds and lease (rules 6, 7)', () => {
  test('M4: a round is confirmed only by messages sent after it was wanted', () => {
    const { master, due, answer } = startMaster('m1 s1 s2');
    const [early] = due('s1');
    const wanted = master.wantRound();
    if (early !== undefined) answer(early);
    expect(master.confirmedSeq).toBeLessThan(wanted);
    const [later] = due('s1');
    if (later !== undefined) answer(later);
    expect(master.confirmedSeq).toBeGreaterThanOrEqual(wanted);
  });

  test('a round needs a majority in both configurations in force', () => {
    const { master, ack, sync } = startMaster('m1 s1 s2');
    ack('s1');
    sync();
    master.proposeMembers(members('m1 s3 s4'), 0);
    const wanted = master.wantRound();
    ack('s1', 0);
    expect(master.confirmedSeq).toBeLessThan(wanted);
    ack('s3', 0);
    expect(master.confirmedSeq).toBeGreaterThanOrEqual(wanted);
  });

  test('a vow counts from when its append was sent, however late the answer comes', () => {
    const { master, voter, due, answer } = startMaster('m1 s1 s2');
    const [sent] = due('s1', 100);
    if (sent !== undefined) answer(sent, 500);
    expect(master.lease.endMs(voter.configs)).toBe(100 + 810);
  });

  test('reads from the own map only when it serves and the lease runs', () => {
    const { master, ack, sync } = startMaster('m1 s1 s2');
    ack('s1');
    expect(master.mayRead(1, 1)).toBe(false);
    sync();
    expect(master.mayRead(1, 1)).toBe(true);
    expect(master.mayRead(811, 811)).toBe(false);
  });
});

describe('stepping down (rule 10)', () => {
  test('when no quorum of either kind has answered for stepDownMs', () => {
    const { master } = startMaster('m1 m2 s1');
    expect(master.mustStepDown(1499)).toBeNull();
    expect(master.mustStepDown(1500)).toBe('no quorum answers');
  });

  test('L3: not while it is every master by itself', () => {
    const { master, sync } = startMaster('m1 s1 s2');
    sync();
    expect(master.mustStepDown(1_000_000)).toBeNull();
  });

  test('when a sync of its own hangs', () => {
    const { master, ack } = startMaster('m1 s1 s2');
    ack('s1');
    expect(master.mustStepDown(1499)).toBeNull();
    expect(master.mustStepDown(1500)).toBe('the own disk hangs');
  });
});
