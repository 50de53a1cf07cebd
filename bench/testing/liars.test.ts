import { afterEach, describe, expect, test } from 'vitest';
import { measureCell } from '../cell.ts';
import { driveAutocannon } from '../drivers/autocannon.ts';
import { driveNative } from '../drivers/native.ts';
import { exampleCell } from '../gates/example.ts';
import { judgeCell } from '../gates/gates.ts';
import type { Driver } from '../measure/plan.ts';
import type { Cell, CellConfig } from '../results/schema.ts';
import type { Target } from '../targets/target.ts';
import { parseWorkload } from '../workload/config.ts';
import { type Lie, lies, startLiar } from './liars.ts';

const keyCount = 20;
const started: Target[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((target) => target.stop()));
});

const short: CellConfig = {
  ...exampleCell().config,
  driver: 'native',
  workload: parseWorkload({ thinkMs: '0', keyCount: String(keyCount) }),
  clients: 4,
  slaves: 0,
  warmupS: 0.1,
  measureS: 0.3,
};

async function judge(
  lie: Lie,
  drive: Driver = driveNative,
  change: Partial<CellConfig> = {},
): Promise<Cell> {
  const target = await startLiar(lie, keyCount);
  started.push(target);
  const order = { runId: 'test', key: 'liar', repeat: 0, config: { ...short, ...change } };
  // Who waits in vain makes the test as long as its timeout, and nobody else may be as impatient: a
  // busy machine stands still for longer. The rest of the plan is the real one.
  const waits = lie === lies['never answers'] ? { timeoutMs: 100, drainMs: 200 } : {};
  const impatient: Driver = (plan, onEvent, stop) => drive({ ...plan, ...waits }, onEvent, stop);
  const cell = await measureCell(order, target, impatient, () => {}, new AbortController().signal);
  return judgeCell(cell, { cells: [cell], dirty: false, hosts: ['one'] });
}

const failedHard = (cell: Cell): number[] =>
  cell.findings
    .filter(({ result, weight }) => result === 'fail' && weight === 'hard')
    .map(({ gate }) => gate);

/**
 * Gates 6 and 12 measure how well this machine keeps time, which a busy one does not; gates.test.ts
 * has their cases. All others judge the server and the driver.
 */
const isOfServer = (gate: number) => gate !== 6 && gate !== 12;

const drivers = { native: driveNative, autocannon: driveAutocannon } as const;

describe.each(['native', 'autocannon'] as const)('under the %s driver, a server that', (name) => {
  test('is honest passes every hard gate', async () => {
    const cell = await judge(lies['is honest'], drivers[name]);
    expect(failedHard(cell).filter(isOfServer)).toEqual([]);
    expect(cell.measurement.window.success).toBeGreaterThan(50);
  });

  test.each([
    ['answers every request with 500', 1],
    ['answers reads with 200 and nothing', 2],
    ['returns the value of another key', 3],
    ['acknowledges every 20th write without doing it', 3],
    ['acknowledges writes before it applies them', 3],
    ['never answers', 1],
    ['closes the connection instead of every 50th answer', 1],
    ['breaks off in the middle of every 50th answer', 1],
    ['does not count what it serves', 5],
    ['serves writes twice', 5],
  ] as const)('%s fails gate %i', async (lie, gate) => {
    const cell = await judge(lies[lie], drivers[name]);
    expect(cell.valid).toBe(false);
    expect(failedHard(cell)).toContain(gate);
  });

  test.each([
    'closes the connection instead of every 50th answer',
    'breaks off in the middle of every 50th answer',
  ] as const)('%s is charged for each lost request, and for no other', async (lie) => {
    const cell = await judge(lies[lie], drivers[name]);
    const { causes, success } = cell.measurement.window;
    const { reset, ...others } = causes;
    expect(failedHard(cell)).not.toContain(4);
    expect(Object.values(others).filter((count) => count > 0)).toEqual([]);
    // A window may begin and end anywhere between two of them, and with answers under way.
    expect(Math.abs(reset - (reset + success) / 50)).toBeLessThanOrEqual(2);
  });

  test('is not there at all gets a bounded number of attempts', async () => {
    const target = await startLiar(lies['is honest'], keyCount);
    const dead: Driver = async (plan, onEvent, stop) => {
      await target.stop();
      return drivers[name](plan, onEvent, stop);
    };
    const order = { runId: 'test', key: 'dead', repeat: 0, config: short };
    const cell = await measureCell(
      order,
      { ...target, hasStatus: false },
      dead,
      () => {},
      new AbortController().signal,
    );
    expect(cell.measurement.window.success).toBe(0);
    expect(cell.measurement.whole.sent).toBeGreaterThan(0);
    expect(cell.measurement.whole.sent).toBeLessThan(60);
    expect(cell.measurement.window.causes.refused).toBeGreaterThan(0);
  });
});

test.each(['native', 'autocannon'] as const)(
  '%s measures a server of 5 ms with clients that rest 5 ms as what it is',
  async (name) => {
    const workload = parseWorkload({ thinkMs: '5', keyCount: '20' });
    const cell = await judge(lies['is honest and slow'], drivers[name], { workload, clients: 10 });
    const { window, measuredS } = cell.measurement;
    expect(failedHard(cell).filter(isOfServer)).toEqual([]);
    // Bounds that hold on a busy machine too: a client cannot be faster than one in 10 ms.
    expect(window.success).toBeLessThanOrEqual(10 * (measuredS / 0.01 + 1));
    expect(window.all.minUs).toBeGreaterThanOrEqual(5_000);
    expect(window.thinkSumUs / window.success).toBeGreaterThanOrEqual(5_000);
  },
);

test('a stall hides from a closed loop and shows in an open one', async () => {
  const lie = lies['freezes for 400 ms once a second'];
  const change = { measureS: 1.5, workload: parseWorkload({ thinkMs: '2', keyCount: '20' }) };
  const closed = await judge(lie, driveNative, change);
  const open = await judge(lie, driveNative, { ...change, clients: 20, rateRps: 100 });
  const stalled = ({ measurement }: Cell) => measurement.window.all.p90Us ?? 0;
  expect(stalled(closed)).toBeLessThan(100_000);
  expect(stalled(open)).toBeGreaterThan(150_000);
});

test('a driver that forgets a request is not believed', async () => {
  const forgetful: Driver = async (plan, onEvent, stop) => {
    const measurement = await driveNative(plan, onEvent, stop);
    return {
      ...measurement,
      whole: { ...measurement.whole, readsOk: measurement.whole.readsOk - 1 },
    };
  };
  expect(failedHard(await judge(lies['is honest'], forgetful))).toContain(4);
});

test('a generator that computes instead of asking is tagged', async () => {
  const busy: Driver = (plan, onEvent, stop) => {
    const timer = setInterval(() => {
      const endMs = performance.now() + 30;
      while (performance.now() < endMs);
    }, 31);
    return driveNative(plan, onEvent, stop).finally(() => clearInterval(timer));
  };
  const cell = await judge(lies['is honest'], busy);
  const finding = cell.findings.find(({ gate }) => gate === 7);
  expect(finding).toMatchObject({ result: 'fail', weight: 'noise' });
  expect(cell.noisy).toBe(true);
});
