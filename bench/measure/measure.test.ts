import { describe, expect, test } from 'vitest';
import { parseWorkload } from '../workload/config.ts';
import { createDsmDialect } from '../workload/dialect.ts';
import { encodeValue } from '../workload/value.ts';
import { Latencies, latencyUsMax, mergedPercentiles } from './histogram.ts';
import { createLedger } from './ledger.ts';
import type { LoadPlan } from './plan.ts';
import { LoadSession } from './session.ts';

describe('latencies', () => {
  test('a two-point distribution reads as it was made', () => {
    const latencies = new Latencies();
    for (let index = 0; index < 900; index += 1) latencies.record(2_000);
    for (let index = 0; index < 100; index += 1) latencies.record(20_000);
    const summary = latencies.summary();
    expect(summary).toMatchObject({ count: 1000, avgUs: 3800, minUs: 2000, maxUs: 20_000 });
    expect(summary.p50Us).toBeCloseTo(2000, -1);
    expect(summary.p99Us).toBeCloseTo(20_000, -2);
  });

  test('half a millisecond is not zero', () => {
    const latencies = new Latencies();
    latencies.record(499.6);
    expect(latencies.summary().p50Us).toBe(500);
  });

  test('percentiles of merged halves are those of the whole', () => {
    const [whole, low, high] = [new Latencies(), new Latencies(), new Latencies()];
    for (let us = 1; us <= 2000; us += 1) {
      whole.record(us);
      (us <= 1000 ? low : high).record(us);
    }
    const merged = mergedPercentiles([low.encode(), high.encode()], [50, 99]);
    expect(merged).toEqual(mergedPercentiles([whole.encode()], [50, 99]));
  });

  test('nothing recorded is not measured, and a day is not lost', () => {
    const latencies = new Latencies();
    expect(latencies.summary()).toMatchObject({ count: 0, p50Us: null, maxUs: null });
    latencies.record(latencyUsMax * 10);
    expect(latencies.summary().maxUs).toBe(latencyUsMax * 10);
    latencies.reset();
    expect(latencies.count).toBe(0);
  });
});

describe('the ledger', () => {
  test('accuses a read of an older value only when the order is certain', () => {
    const ledger = createLedger(10, 2);
    const floorBefore = ledger.floor(4);
    const first = { writer: 1, sequence: ledger.begin(1) };
    ledger.acknowledge(first, 4, 0, 10);
    const second = { writer: 2, sequence: ledger.begin(2) };
    ledger.acknowledge(second, 4, 11, 20);
    // A read that began before the second write was acknowledged may see either.
    expect(ledger.judge(first, floorBefore)).toBe('fresh');
    expect(ledger.judge(first, ledger.floor(4))).toBe('stale');
    expect(ledger.judge(second, ledger.floor(4))).toBe('fresh');
    expect(ledger.judge({ writer: 0, sequence: 4 }, ledger.floor(4))).toBe('stale');
  });

  test('writes that overlapped may be seen in either order', () => {
    const ledger = createLedger(1, 2);
    const long = { writer: 1, sequence: ledger.begin(1) };
    const short = { writer: 2, sequence: ledger.begin(2) };
    ledger.acknowledge(short, 0, 5, 6);
    ledger.acknowledge(long, 0, 1, 9);
    expect(ledger.judge(short, ledger.floor(0))).toBe('fresh');
    expect(ledger.judge(long, ledger.floor(0))).toBe('fresh');
  });

  test('a write of unknown outcome may come true at any time; one nobody made may not', () => {
    const ledger = createLedger(1, 1);
    const lost = { writer: 1, sequence: ledger.begin(1) };
    const next = { writer: 1, sequence: ledger.begin(1) };
    ledger.acknowledge(next, 0, 100, 110);
    expect(ledger.judge(lost, ledger.floor(0))).toBe('fresh');
    expect(ledger.judge({ writer: 1, sequence: 99 }, ledger.floor(0))).toBe('never-written');
  });
});

const plan: LoadPlan = {
  dialect: 'dsm',
  targets: ['http://127.0.0.1:1'],
  workload: parseWorkload({ writeRatio: '0', keyCount: '1' }),
  clients: 2,
  rateRps: null,
  warmupMs: 0,
  measureMs: 1000,
  drainMs: 0,
  sampleMs: 1000,
  timeoutMs: 1000,
  roam: false,
  abortErrorShare: 0.05,
};

describe('a session', () => {
  const start = () => {
    const session = new LoadSession(plan, createDsmDialect(100), () => {});
    session.enter('measure');
    return session;
  };
  const preloaded = encodeValue({ key: 'key0', writer: 0, sequence: 0 }, 100);

  test('counts a success only for the right value', () => {
    const session = start();
    session.answer(session.begin(0, 0), 200, preloaded, 1);
    session.answer(session.begin(0, 0), 200, '', 1);
    session.answer(session.begin(1, 0), 500, preloaded, 1);
    session.fail(session.begin(1, 0), 'timeout', 'no answer');
    const { window, whole, faults } = session.results(0);
    expect(window).toMatchObject({ success: 1, verifiedReads: 1, attemptedReads: 4 });
    expect(window.causes).toMatchObject({ bad_body: 1, http_5xx: 1, timeout: 1 });
    expect(window.read).toMatchObject({ count: 1, avgUs: 1000 });
    expect(whole).toMatchObject({ sent: 4, readsOk: 1, readsFailed: 3 });
    expect(faults).toHaveLength(3);
  });

  test('the warm-up and the drain are conserved, and no result', () => {
    const session = start();
    session.enter('warmup');
    session.answer(session.begin(0, 0), 200, preloaded);
    session.closeSample(1);
    session.enter('drain');
    session.answer(session.begin(0, 0), 200, preloaded);
    const { window, whole, samples } = session.results(0);
    expect(window.success).toBe(0);
    expect(whole).toMatchObject({ sent: 2, readsOk: 2 });
    expect(samples).toMatchObject([{ index: 0, phase: 'warmup', success: 1 }]);
  });

  test('a broken server is given up', () => {
    const session = start();
    expect(session.hopeless).toBe(false);
    session.answer(session.begin(0, 0), 500, '');
    expect(session.hopeless).toBe(true);
  });
});
