import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CellOrder } from '../cell.ts';
import { exampleCell } from '../gates/example.ts';
import type { Driver } from '../measure/plan.ts';
import { RunFolder } from '../results/folder.ts';
import type { CellConfig } from '../results/schema.ts';
import { exampleManifest } from '../testing/grid.ts';
import { lies, startLiar } from '../testing/liars.ts';
import { parseWorkload } from '../workload/config.ts';
import { cellKey, gridOf, hasFallen, orderCells } from './orders.ts';
import { bar, cellLine, duration, type Progress, statusBlock } from './progress.ts';
import { concludeRun, openRun, type RunState, runOrder } from './runner.ts';

const base: CellConfig = {
  ...exampleCell().config,
  workload: parseWorkload({ keyCount: '20', thinkMs: '0' }),
  warmupS: 0.05,
  measureS: 0.2,
};

describe('the orders of a sweep', () => {
  const configs = gridOf(base, {
    clients: [1, 3, 5, 7, 10, 12, 15, 18, 20],
    slaves: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    thinkMs: [10, 0],
    ratesRps: [null],
    drivers: ['autocannon'],
    runtimes: ['node'],
  });
  const repeats = { all: 1, focus: 3, focusSlaves: [3], focusClients: [10] };

  test('the full grid is 180 cells, and the row and column in focus come three times', () => {
    const orders = orderCells('run', configs, repeats, 1);
    expect(new Set(orders.map(({ key }) => key)).size).toBe(180);
    expect(orders).toHaveLength(180 + 2 * 2 * (9 + 10 - 1));
    const inFocus = orders.filter(({ key }) => key === 'dsm-node-autocannon-c10-s7-think0');
    expect(inFocus.map(({ repeat }) => repeat)).toEqual([0, 1, 2]);
  });

  test('each pass is shuffled, and the same seed gives the same order', () => {
    const keys = (seed: number) => orderCells('run', configs, repeats, seed).map(({ key }) => key);
    expect(keys(1)).toEqual(keys(1));
    expect(keys(1)).not.toEqual(keys(2));
    expect(keys(1).slice(0, 180)).not.toEqual(configs.map(cellKey));
  });

  test('keys tell configurations apart', () => {
    const others: CellConfig[] = [
      base,
      { ...base, rateRps: 500 },
      { ...base, readFrom: 'slaves' },
      { ...base, attach: 'slaves' },
      { ...base, workload: parseWorkload({ workload: 'a' }) },
      { ...base, workload: parseWorkload({ valueBytes: '1000' }) },
    ];
    expect(new Set(others.map(cellKey)).size).toBe(others.length);
  });

  test('three slower levels in a row are a fall', () => {
    expect(hasFallen([5, 4, 3])).toBe(false);
    expect(hasFallen([5, 4, 3, 2])).toBe(true);
    expect(hasFallen([5, 4, 4.5, 3])).toBe(false);
  });
});

describe('what a person sees', () => {
  test('one line says what a cell is worth', () => {
    const cell = { ...exampleCell(), valid: true };
    expect(cellLine(cell, 3, 12)).toContain(' 3/12 dsm-c10-s2 #1 · 9995 op/s');
    expect(cellLine({ ...cell, valid: false }, 1, 1)).toContain('INVALID');
    expect(duration(59)).toBe('59 s');
    expect(duration(3720)).toBe('1 h 2 min');
    expect(bar(0.5)).toBe(`${'█'.repeat(12)}${'░'.repeat(12)}`);
  });

  test('the block shows phase, live numbers and the time to go', () => {
    const order = { runId: 'run', key: 'cell', repeat: 0, config: base };
    const state = {
      order,
      phase: 'measure',
      phaseStartMs: 0,
      last: exampleCell().measurement.samples[1]!,
      done: 2,
      invalid: 1,
      noisy: 0,
      cellMs: 20_000,
      cellStartMs: 0,
    };
    const block = statusBlock(state, 8, 100);
    expect(block).toContain('cell 3/8');
    expect(block).toContain('10000 op/s');
    expect(block).toContain('2 done, 1 invalid, 0 noisy  about 1 min 0 s to go');
  });
});

const silent: Progress = {
  begin() {},
  onEvent() {},
  finish() {},
  failed() {},
  note() {},
  close() {},
};

describe('a run', () => {
  let path = '';
  let starts = 0;
  let stops = 0;
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'bench-sweep-'));
    starts = 0;
    stops = 0;
  });
  afterEach(() => rm(path, { recursive: true }));

  const order = (key: string): CellOrder => ({ runId: 'run', key, repeat: 0, config: base });

  /** Returns a made-up measurement at once; the servers are real. */
  const instant: Driver = async () => exampleCell().measurement;

  async function begin(drive: Driver = instant, stop = new AbortController().signal) {
    const folder = new RunFolder(path);
    const fresh = exampleManifest();
    const manifest = await openRun(folder, fresh, { resume: true, allowMixed: false });
    const state: RunState = {
      folder,
      progress: silent,
      tools: {
        dataRoot: path,
        driver: () => drive,
        startTarget: () => async () => {
          starts += 1;
          const target = await startLiar(lies['is honest'], 0);
          const stopTarget = async () => {
            await target.stop();
            stops += 1;
          };
          return { ...target, stop: stopTarget };
        },
      },
      stop,
      manifest,
      cells: [],
    };
    return state;
  }

  test('measures each cell on a fresh target, and a resumed one only what is missing', async () => {
    const first = await begin();
    await runOrder(first, order('a'));
    await concludeRun(first);
    const second = await begin();
    await runOrder(second, order('a'));
    await runOrder(second, order('b'));
    expect([starts, stops]).toEqual([2, 2]);
    const cells = await concludeRun(second);
    expect(cells.map(({ key }) => key)).toEqual(['a', 'b']);
    const manifest = await second.folder.readManifest();
    expect(manifest).toMatchObject({ status: 'complete', cells: [{ key: 'a' }, { key: 'b' }] });
  });

  test('a driver that fails costs its cell, stops the servers, and is named', async () => {
    const state = await begin(() => Promise.reject(new Error('no sockets left')));
    expect(await runOrder(state, order('a'))).toBeNull();
    expect([starts, stops]).toEqual([1, 1]);
    expect(state.manifest.cells).toMatchObject([{ state: 'failed', detail: 'no sockets left' }]);
  });

  test('an interrupted cell is dropped, and nothing is started after it', async () => {
    const stop = new AbortController();
    const interrupted: Driver = async () => {
      stop.abort();
      return exampleCell().measurement;
    };
    const state = await begin(interrupted, stop.signal);
    expect(await runOrder(state, order('a'))).toBeNull();
    expect(await runOrder(state, order('b'))).toBeNull();
    expect([starts, stops]).toEqual([1, 1]);
    expect(await concludeRun(state)).toEqual([]);
    expect(state.manifest.status).toBe('aborted');
  });

  test('cells of another commit or machine are not mixed in unknowingly', async () => {
    await begin();
    const elsewhere = { ...exampleManifest(), git: { commit: 'other', dirty: false } };
    const folder = new RunFolder(path);
    await expect(openRun(folder, elsewhere, { resume: false, allowMixed: false })).rejects.toThrow(
      '--resume',
    );
    await expect(openRun(folder, elsewhere, { resume: true, allowMixed: false })).rejects.toThrow(
      'this is other@',
    );
    const mixed = await openRun(folder, elsewhere, { resume: true, allowMixed: true });
    expect(mixed.contributors).toHaveLength(2);
  });
});
