import { describe, expect, test } from 'vitest';
import type { Judgement } from '../contract/load.ts';
import { checkHistory } from '../verify/check-history.ts';
import type { HistoryOperation } from '../verify/history.ts';
import { goalsOf } from './goals.ts';
import type { FaultReport } from './nemesis.ts';
import { type Evidence, isSafe, summarize } from './summary.ts';

const call = (facts: Partial<HistoryOperation>, callUs: number): HistoryOperation => ({
  ...{ process: `p${callUs}`, op: 'put', key: 'k', outcome: 'ok' },
  ...{ callUs, returnUs: callUs + 5 },
  ...facts,
});

const goodHistory = [
  call({ value: 'a', revision: 1 }, 0),
  call({ op: 'get', value: 'a', revision: 1, nodeRevision: 1 }, 10),
];
const staleHistory = [
  ...goodHistory,
  call({ value: 'b', revision: 2 }, 20),
  call({ op: 'get', value: 'a', revision: 1, nodeRevision: 2 }, 30),
];

function judge(history: readonly HistoryOperation[], rest: Partial<Judgement> = {}): Judgement {
  const result = checkHistory(history);
  return { history, acknowledged: 1, looked: 9, lost: [], result, differing: [], ...rest };
}

function fault(beganMs: number, recoveryMs: number, rest: Partial<FaultReport> = {}): FaultReport {
  return {
    ...{ kind: 'kill', title: 'kill', isTakeover: true, time: '' },
    ...{ beganMs, recoveryMs, recoveredMs: beganMs + recoveryMs },
    ...rest,
  };
}

const evidence = (rest: Partial<Evidence> = {}): Evidence => ({
  ...{ reports: [], judgement: judge(goodHistory), tasks: { calls: 7, faults: [] }, fallen: [] },
  ...{ acknowledgedMs: [], startedMs: 0, endedMs: 10_000 },
  ...rest,
});

describe('a run is safe', () => {
  test('where nothing contradicts it', () => {
    const summary = summarize(evidence());
    expect(summary).toMatchObject({ lost: 0, stale: 0, broken: 0, operations: 9, taskCalls: 7 });
    expect(summary).toMatchObject({ verdict: 'linearizable', objections: [] });
    expect(isSafe(summary)).toBe(true);
  });

  test.each<[string, Partial<Evidence>, object]>([
    ['a lost write', { judgement: judge(goodHistory, { lost: ['l/1 @7: absent'] }) }, { lost: 1 }],
    ['a stale read', { judgement: judge(staleHistory) }, { verdict: 'not-linearizable' }],
    [
      'nodes that differ',
      { judgement: judge(goodHistory, { differing: ['a', 'b'] }) },
      { differingStates: 2 },
    ],
    ['a sum that is wrong', { tasks: { calls: 7, faults: ['the sum is 1'] } }, { broken: 1 }],
    ['a node that ended by itself', { fallen: ['slave-1 ended'] }, { fallen: 1 }],
  ])('but not with %s', (_name, rest, figures) => {
    const summary = summarize(evidence(rest));
    expect(summary).toMatchObject(figures);
    expect(isSafe(summary)).toBe(false);
  });

  test('and not where a checker did not come to an end', () => {
    const judgement = judge(goodHistory);
    const undecided = {
      ...judgement,
      result: { ...judgement.result, verdict: 'unknown' as const },
    };
    expect(isSafe(summarize(evidence({ judgement: undecided })))).toBe(false);
  });

  test('a read of something old is counted as stale', () => {
    expect(summarize(evidence({ judgement: judge(staleHistory) })).stale).toBeGreaterThan(0);
  });
});

describe('the figures', () => {
  test('the time of a takeover is that of takeovers, and of nothing else', () => {
    const reports = [
      fault(0, 1000),
      fault(3000, 1400),
      fault(5000, 9, { isTakeover: false, kind: 'slow' }),
      fault(6000, 8000, { isTakeover: false, kind: 'poweroff' }),
    ];
    const { takeoverMs, recoveryMs, faults } = summarize(evidence({ reports }));
    expect(takeoverMs).toEqual({ count: 2, p50: 1000, p99: 1400, max: 1400 });
    expect(recoveryMs.poweroff).toEqual({ count: 1, p50: 8000, p99: 8000, max: 8000 });
    expect(faults).toEqual({ kill: 2, slow: 1, poweroff: 1 });
  });

  test('availability leaves out the time between a fault and its recovery, and no other', () => {
    const perSlot = Array.from({ length: 20 }, (_, index) => index * 500 + 10);
    const isDown = (atMs: number) => atMs >= 2000 && atMs < 3000;
    const acknowledgedMs = perSlot.filter((atMs) => !isDown(atMs));
    const excused = summarize(evidence({ acknowledgedMs, reports: [fault(2000, 999)] }));
    expect(excused.availability).toBe(1);
    const outage = summarize(evidence({ acknowledgedMs, reports: [] }));
    expect(outage.availability).toBe(0.9);
  });

  test('without a takeover the goals about it are missed', () => {
    const goals = goalsOf(summarize(evidence()));
    expect(goals.filter(({ isMet }) => isMet)).toEqual([]);
    const reports = Array.from({ length: 100 }, (_, index) => fault(index * 5000, 1200));
    const met = goalsOf({ ...summarize(evidence({ reports })), operations: 100_000 });
    expect(met.filter(({ isMet }) => !isMet)).toEqual([]);
  });
});
