import { describe, expect, test } from 'vitest';
import { append, makeVoter, origin, puts, request } from '../sim/fixtures.ts';
import type { PromiseGrant, PromiseRefusal } from './messages.ts';

/** Has taken an append of m1 at `atMs` that asks for a vow of 900 ms. */
function vowed(atMs = 0, options: Parameters<typeof makeVoter>[1] = {}) {
  const voter = makeVoter('s1', options);
  voter.onAppend(append(1, origin, { leaseMs: 900 }), puts(1, 1), atMs);
  return voter;
}
const remaining = (answer: PromiseGrant | PromiseRefusal) =>
  'remainingMs' in answer ? answer.remainingMs : null;

describe('a vow (rule 7)', () => {
  test('forbids a promise to anybody but its master until its time has passed', () => {
    const voter = vowed(100);
    expect(remaining(voter.onPromise(request(2, 'm2'), 400))).toBe(600);
    expect(remaining(voter.onProbe(request(2, 'm2'), 400))).toBe(600);
    expect(voter.promised).toBe(1);
    expect(remaining(voter.onPromise(request(2, 'm2'), 1000))).toBeNull();
  });

  test('does not bind against its own master', () => {
    expect(remaining(vowed(0).onPromise(request(2, 'm1'), 10))).toBeNull();
  });

  test('H7: binds the voter itself when it is a candidate', () => {
    const voter = vowed(0);
    expect(voter.vowRemainingMs(request(2, 's1'), 10)).toBe(890);
  });

  test('is prolonged by every append, shortened by none', () => {
    const voter = vowed(0);
    voter.onAppend(append(1, origin, { leaseMs: 900 }), [], 500);
    expect(remaining(voter.onPromise(request(2, 'm2'), 1000))).toBe(400);
    voter.onAppend(append(1, origin, { leaseMs: 1 }), [], 600);
    expect(remaining(voter.onPromise(request(2, 'm2'), 1000))).toBe(400);
    voter.onAppend(append(1, origin, { leaseMs: 0 }), [], 700);
    expect(remaining(voter.onPromise(request(2, 'm2'), 1000))).toBe(400);
  });

  test('is not made by an append that is refused', () => {
    const voter = makeVoter('s1');
    voter.onAppend(append(1, { epoch: 1, lsn: 9 }, { leaseMs: 900 }), [], 0);
    expect(voter.vow).toBeNull();
  });

  test('is not voided by a late promise request of the master that it was made to', () => {
    const voter = makeVoter('s1');
    // m1 won epoch 5 with others; its first append overtakes its request for a promise.
    voter.onAppend(append(5, origin, { leaseMs: 900 }), [], 0);
    expect(remaining(voter.onPromise(request(5, 'm1'), 10))).toBeNull();
    expect(remaining(voter.onPromise(request(6, 'm2'), 20))).toBe(880);
    expect(voter.master?.nodeId).toBe('m1');
  });

  test('M6: is released only for the epoch and the master that a handoff names', () => {
    const release = { epoch: 1, masterId: 'm1' };
    expect(remaining(vowed(0).onPromise(request(2, 'm2', release), 10))).toBeNull();
    const later = vowed(0);
    later.onAppend(append(3, { epoch: 1, lsn: 1 }, { leaseMs: 900 }), [], 20);
    expect(remaining(later.onPromise(request(4, 'm2', release), 30))).toBe(890);
    const other = { epoch: 1, masterId: 'm3' };
    expect(remaining(vowed(0).onPromise(request(2, 'm2', other), 10))).toBe(890);
  });

  test('M12: the longest one ever made is written down, and binds after a restart', () => {
    const voter = vowed(0, { hasDisk: true });
    expect(voter.leaseGrantedMs).toBe(900);
    expect(voter.writes.filter(({ kind }) => kind === 'meta')).not.toHaveLength(0);
    const restarted = makeVoter('m2', { quietUntilMs: 990, leaseGrantedMs: 900 });
    expect(remaining(restarted.onPromise(request(2, 'm3'), 500))).toBe(490);
    const release = { epoch: 1, masterId: 'm1' };
    expect(remaining(restarted.onPromise(request(2, 'm3', release), 500))).toBe(490);
    expect(remaining(restarted.onPromise(request(2, 'm3'), 990))).toBeNull();
  });

  test('a new master’s append takes the place of the old vow', () => {
    const voter = vowed(0);
    const next = { masterId: 'm2', leaseMs: 900 };
    voter.onAppend(append(2, { epoch: 1, lsn: 1 }, next), puts(1, 2, 2), 100);
    expect(voter.vow).toEqual({ masterId: 'm2', epoch: 2, untilMs: 1000 });
    expect(remaining(voter.onPromise(request(3, 'm2'), 200))).toBeNull();
  });
});
