import { describe, expect, test } from 'vitest';
import { imbalance } from '../results/rows.ts';
import type { Cell } from '../results/schema.ts';
import { parseWorkload } from '../workload/config.ts';
import { exampleCell } from './example.ts';
import type { RunFacts } from './gate.ts';
import { gates, judgeCell } from './gates.ts';
import { chiSquareScore, median, slope, variation } from './statistics.ts';

const cell = exampleCell();
const alone: RunFacts = { cells: [cell], dirty: false, hosts: ['one'] };

type Measured = Cell['measurement'];
const measured = (change: Partial<Measured>): Cell => ({
  ...cell,
  measurement: { ...cell.measurement, ...change },
});
const inWindow = (change: Partial<Measured['window']>): Cell =>
  measured({ window: { ...cell.measurement.window, ...change } });
const configured = (change: Partial<Cell['config']>, of = cell): Cell => ({
  ...of,
  config: { ...of.config, ...change },
});
const slower = (rate: number, startedAt: string): Cell => ({
  ...inWindow({ success: cell.measurement.window.success * rate }),
  startedAt,
});
const { window, whole, samples } = cell.measurement;
const skewed = window.keyCounts!.map((count, index) => (index < 500 ? count * 2 : 0));
const noKey7 = window.keyCounts!.map((count, index) => (index === 7 ? 0 : count));

/** One lie for each row: the gate that must see it, and nobody else. */
const lies: [gate: number, lie: string, spoiled: Cell, run?: RunFacts][] = [
  [
    1,
    'most requests failed',
    inWindow({
      success: 200,
      causes: { ...window.causes, http_5xx: 19_800 },
      read: { ...window.read, count: 100 },
      write: { ...window.write, count: 100 },
      all: { ...window.all, count: 200 },
      verifiedReads: 100,
    }),
  ],
  [1, 'the driver gave up', measured({ aborted: 'more than 5 % errors' })],
  [2, 'successes that nobody timed', inWindow({ write: { ...window.write, count: 1 } })],
  [2, 'empty bodies', inWindow({ causes: { ...window.causes, bad_body: 1 } })],
  [3, 'one wrong value', inWindow({ causes: { ...window.causes, wrong_value: 1 } })],
  [3, 'reads that were not verified', inWindow({ verifiedReads: 10 })],
  [3, 'a stale read of a linearizable store', inWindow({ staleReads: 1 })],
  [4, 'a request without a trace', measured({ whole: { ...whole, sent: whole.sent + 1 } })],
  [5, 'requests that never arrived', { ...cell, served: { ...cell.served, reads: 5 } }],
  [5, 'writes that were sent twice', { ...cell, served: { ...cell.served, writes: 9001 } }],
  [6, 'clients that do nothing', inWindow({ latencySumUs: 5_000_000 })],
  [
    6,
    'clients that never rest',
    inWindow({ thinkSumUs: 0, latencySumUs: window.latencySumUs * 2 }),
  ],
  [9, 'too few writes', inWindow({ attemptedReads: 15_000, attemptedWrites: 5000 })],
  [9, 'half of the keys', inWindow({ keyCounts: skewed })],
  [9, 'a key that nobody asks for', inWindow({ keyCounts: noKey7 })],
  [11, 'a latency of 0 µs', inWindow({ read: { ...window.read, minUs: 0 } })],
  [11, 'percentiles out of order', inWindow({ write: { ...window.write, p99Us: 10 } })],
  [11, 'latencies of other operations', inWindow({ all: { ...window.all, count: 7 } })],
  [12, 'a short window', configured({ measureS: 2.2 })],
  [12, 'a clock that was set', measured({ wallS: 7 })],
  [14, 'a node that restarted', { ...cell, health: { checked: true, faults: ['other pid'] } }],
  [7, 'a busy generator', measured({ generator: { ...cell.measurement.generator, cpuPct: 99 } })],
  [
    7,
    'a blocked generator',
    measured({ generator: { ...cell.measurement.generator, loopDelayP99Ms: 50 } }),
  ],
  [
    8,
    'an open run that dropped requests',
    configured(
      { rateRps: 10_000 },
      measured({ open: { offeredRps: 10_000, dropped: 5, lagP50Us: 1, lagP99Us: 10 } }),
    ),
  ],
  [
    8,
    'an open run in name only',
    configured(
      { rateRps: 20_000 },
      measured({ open: { offeredRps: 20_000, dropped: 0, lagP50Us: 1, lagP99Us: 10 } }),
    ),
  ],
  [10, 'a host that has other things to do', { ...cell, host: { ...cell.host, stealPct: 6 } }],
  [
    10,
    'a stall',
    measured({ samples: [samples[0]!, { ...samples[1]!, success: 0 }, samples[2]!] }),
  ],
  [
    10,
    'a warm-up that leaks',
    measured({ samples: [samples[0]!, { ...samples[1]!, success: 7000 }, samples[2]!] }),
  ],
  [
    13,
    'repeats that differ',
    cell,
    { ...alone, cells: [cell, slower(0.5, '2026-01-02'), slower(0.7, '2026-01-03')] },
  ],
  [
    15,
    'drivers that differ',
    cell,
    { ...alone, cells: [cell, configured({ driver: 'k6' }, slower(0.5, '2026-01-02'))] },
  ],
  [16, 'uncommitted changes', cell, { ...alone, dirty: true }],
  [16, 'two machines', cell, { ...alone, hosts: ['one', 'two'] }],
];

const failures = (judged: Cell): number[] =>
  judged.findings.filter(({ result }) => result === 'fail').map(({ gate }) => gate);

describe('the gates', () => {
  test('let an honest cell pass', () => {
    const judged = judgeCell(cell, alone);
    expect(judged.findings.filter(({ result }) => result === 'fail')).toEqual([]);
    expect(judged).toMatchObject({ valid: true, noisy: false });
  });

  test.each(lies)('gate %i, and no other, sees: %s', (gate, _lie, spoiled, run = alone) => {
    expect(failures(judgeCell(spoiled, run))).toEqual([gate]);
  });

  test('each of the sixteen is needed: without it, a lie passes', () => {
    expect(gates.map(({ id }) => id)).toEqual(Array.from({ length: 16 }, (_, index) => index + 1));
    for (const gate of gates) {
      const others = gates.filter((other) => other !== gate);
      const unseen = lies.filter(
        ([, , spoiled, run = alone]) => failures(judgeCell(spoiled, run, others)).length === 0,
      );
      expect(unseen.map(([id]) => id)).toContain(gate.id);
    }
  });

  test('only the hard ones make a cell invalid; noise is a tag', () => {
    const hard = gates.filter(({ weight }) => weight === 'hard').map(({ id }) => id);
    expect(hard).toEqual([1, 2, 3, 4, 5, 6, 9, 11, 12, 14]);
    for (const [gate, , spoiled, run = alone] of lies) {
      const { valid, noisy } = judgeCell(spoiled, run);
      expect(valid).toBe(!hard.includes(gate));
      expect(noisy).toBe(!hard.includes(gate) && gate !== 16);
    }
  });

  test('what a target does not promise is not held against it', () => {
    const stale = inWindow({ staleReads: 9 });
    expect(failures(judgeCell({ ...stale, linearizable: false }, alone))).toEqual([]);
    const silent = { ...cell, served: { reads: null, writes: null } };
    expect(failures(judgeCell(silent, alone))).toEqual([]);
  });

  test('throughput near that of a server that does nothing is the generator’s own', () => {
    const busy = configured({ workload: parseWorkload({ thinkMs: '0' }) });
    const noop = configured({ target: 'noop' }, busy);
    expect(failures(judgeCell(busy, { ...alone, cells: [busy, noop] }))).toEqual([7]);
  });
});

describe('statistics', () => {
  test('median, variation and slope of small known series', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(variation([10, 10, 10])).toBe(0);
    expect(slope([1, 3, 5, 7])).toBe(2);
  });

  test('χ² scores fair dice low and loaded dice high', () => {
    const fair = new Array<number>(6).fill(1 / 6);
    expect(chiSquareScore([100, 97, 103, 99, 105, 96], fair)).toBeLessThan(1);
    expect(chiSquareScore([100, 97, 103, 99, 105, 300], fair)).toBeGreaterThan(5);
  });

  test('an even load has no imbalance, a one-sided one has', () => {
    expect(imbalance([10, 10, 10])).toBe(1);
    expect(imbalance([20, 5, 5])).toBe(2);
    expect(imbalance([null, 5])).toBeNull();
  });
});
