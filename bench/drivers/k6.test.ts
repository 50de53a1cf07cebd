import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { outputOf } from '../../k6/lib/output.ts';
import { parseSettings } from '../../k6/lib/settings.ts';
import { measurementOf, type SummaryData } from '../../k6/lib/summary.ts';
import { measureCell } from '../cell.ts';
import { exampleCell } from '../gates/example.ts';
import { judgeCell } from '../gates/gates.ts';
import { parseCsv } from '../results/table.ts';
import { shim } from '../testing/k6-shim.ts';
import { type Lie, lies, startLiar } from '../testing/liars.ts';
import { parseWorkload } from '../workload/config.ts';
import { encodeValue } from '../workload/value.ts';
import { driveK6, findK6, k6Missing } from './k6.ts';
import { whyNot } from './registry.ts';

vi.mock('k6', async () => (await import('../testing/k6-shim.ts')).k6Module);
vi.mock('k6/http', async () => (await import('../testing/k6-shim.ts')).httpModule);
vi.mock('k6/metrics', async () => (await import('../testing/k6-shim.ts')).metricsModule);
vi.mock('k6/execution', async () => (await import('../testing/k6-shim.ts')).executionModule);

const env = { MASTER: 'http://127.0.0.1:1', KEY_COUNT: '3', WARMUP_S: '1', MEASURE_S: '2' };

describe('the settings of the scripts', () => {
  test('need only a master', () => {
    const settings = parseSettings({ MASTER: 'http://127.0.0.1:1,http://127.0.0.1:2' });
    expect(settings.entries).toHaveLength(2);
    expect(settings).toMatchObject({ clients: 10, preload: true, out: '' });
    expect(settings.workload).toEqual(parseWorkload({}));
  });

  test('name every fault', () => {
    const parse = () => parseSettings({ CLIENTS: '0', WARMUP_S: '0.5' });
    for (const name of ['CLIENTS', 'WARMUP_S', 'MASTER']) expect(parse).toThrow(name);
  });
});

describe('a client under k6', async () => {
  const { Client } = await import('../../k6/lib/client.ts');
  const sums = (metric: string) =>
    shim.added.filter((added) => added.metric === metric).map(({ value }) => value);

  beforeEach(() => {
    shim.added.length = 0;
    shim.requests.length = 0;
    shim.scenario.startTime = Date.now();
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    vi.spyOn(console, 'log').mockImplementation(() => {});
  });

  const values = new Map<string, string>();
  const keyOf = (url: string) => url.slice(url.lastIndexOf('/') + 1);
  const honest = (method: string, url: string, body: string | null) => {
    if (method === 'PUT') values.set(keyOf(url), body ?? '');
    return { status: 200, body: method === 'PUT' ? '' : (values.get(keyOf(url)) ?? '') };
  };
  const fill = () => {
    for (let index = 0; index < 3; index += 1) {
      const key = `key${index}`;
      values.set(key, encodeValue({ key, writer: 0, sequence: index }, 100));
    }
  };

  test('asks, verifies and counts the same operations as every driver', () => {
    fill();
    shim.answer = honest;
    const client = new Client(parseSettings({ ...env, THINK_MS: '0' }), 0);
    for (let index = 0; index < 50; index += 1) client.iterate(0);
    expect(sums('kv_sent')).toHaveLength(50);
    expect(sums('kv_read').length + sums('kv_write').length).toBe(50);
    expect(sums('kv_verified')).toHaveLength(sums('kv_read').length);
    expect(sums('kv_fail').reduce((sum, value) => sum + value, 0)).toBe(0);
    expect(shim.added.every(({ tags }) => tags.phase !== 'warmup')).toBe(true);
  });

  test('sees a forgotten write, another key’s value and an error', () => {
    fill();
    const before = new Map(values);
    shim.answer = (method, url) => ({
      status: 200,
      body: method === 'PUT' ? '' : (before.get(keyOf(url)) ?? ''),
    });
    const settings = parseSettings({ ...env, KEY_COUNT: '1', WRITE_RATIO: '0.5', THINK_MS: '0' });
    const forgetful = new Client(settings, 0);
    for (let index = 0; index < 20; index += 1) forgetful.iterate(0);
    // The old value is the preload's: only a ledger over all clients can call it stale.
    expect(sums('kv_wrong_value').every((value) => value === 0)).toBe(true);
    shim.answer = () => ({ status: 200, body: before.get('key2') ?? '' });
    const reader = new Client(parseSettings({ ...env, KEY_COUNT: '2', WRITE_RATIO: '0' }), 0);
    reader.iterate(0);
    expect(sums('kv_wrong_value').at(-1)).toBe(1);
    shim.answer = () => ({ status: 0, body: '', error_code: 1212, error: 'refused' });
    reader.iterate(0);
    expect(
      shim.added.find(({ metric, tags }) => metric === 'kv_failed' && tags.cause === 'refused'),
    ).toBeDefined();
  });
});

describe('the summary of k6', () => {
  const settings = parseSettings({ ...env, OUT: 'out' });
  const trend = (count: number) => ({
    values: { count, avg: 1.5, min: 0.4, med: 1.2, 'p(90)': 2, 'p(99)': 4, 'p(99.9)': 5, max: 6 },
  });
  const counter = (count: number) => ({ values: { count } });
  const data: SummaryData = {
    state: { testRunDurationMs: 3010 },
    metrics: {
      kv_sent: counter(31),
      kv_read: trend(21),
      kv_write: trend(9),
      'kv_failed{op:read}': counter(1),
      'kv_read{phase:measure}': trend(14),
      'kv_write{phase:measure}': trend(6),
      'kv_success{phase:measure}': trend(20),
      'kv_wait{phase:measure}': trend(20),
      'kv_verified{phase:measure}': counter(14),
      'kv_read{second:0}': trend(7),
      'kv_write{second:0}': trend(3),
    },
  };

  test('becomes the same measurement as any driver’s, in µs', () => {
    const measurement = measurementOf(data, settings, false);
    expect(measurement.window).toMatchObject({
      success: 20,
      attemptedReads: 14,
      latencySumUs: 30_000,
      read: { count: 14, avgUs: 1500, p50Us: 1200, maxUs: 6000 },
    });
    expect(measurement.whole).toMatchObject({ sent: 31, readsOk: 21, readsFailed: 1 });
    expect(measurement.samples).toHaveLength(2);
    expect(measurement.aborted).toBe('');
    const short = { ...data, state: { testRunDurationMs: 1200 } };
    expect(measurementOf(short, settings, false).aborted).toContain('1.2 of 3 s');
  });

  test('is written in the same files with the same columns', () => {
    const files: Record<string, string> = outputOf(
      measurementOf(data, settings, false),
      settings,
      false,
    );
    expect(Object.keys(files).sort()).toEqual([
      'out/measurement.json',
      'out/per_second.csv',
      'out/per_second.json',
      'out/summary.csv',
      'out/summary.json',
      'stdout',
    ]);
    const [row] = parseCsv(files['out/summary.csv'] ?? '');
    expect(row).toMatchObject({ client_count: 10, success_count: 20, read_latency_us: 1500 });
  });
});

test('without k6 it says what is missing and how to get it', async () => {
  const { PATH, K6_BIN } = process.env;
  try {
    process.env.PATH = '';
    process.env.K6_BIN = '';
    expect(findK6()).toBeNull();
    expect(whyNot('k6')).toBe(k6Missing);
    expect(k6Missing).toMatch(/^k6 not found: .*go install/);
  } finally {
    process.env.PATH = PATH;
    if (K6_BIN === undefined) delete process.env.K6_BIN;
    else process.env.K6_BIN = K6_BIN;
  }
});

// Only where k6 is installed: K6_BIN or PATH.
describe.runIf(findK6() !== null)('with a real k6', () => {
  const folders: string[] = [];
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

  const config = {
    ...exampleCell().config,
    driver: 'k6' as const,
    workload: parseWorkload({ thinkMs: '5', keyCount: '20' }),
    clients: 4,
    warmupS: 1,
    measureS: 1,
  };

  async function measure(lie: Lie, change: Partial<typeof config> = {}) {
    const target = await startLiar(lie, 20);
    try {
      const order = { runId: 'test', key: 'k6', repeat: 0, config: { ...config, ...change } };
      const signal = new AbortController().signal;
      const cell = await measureCell(order, target, driveK6, () => {}, signal);
      return judgeCell(cell, { cells: [cell], dirty: false, hosts: ['one'] });
    } finally {
      await target.stop();
    }
  }

  test('an honest server passes, closed and open', async () => {
    for (const rateRps of [null, 50]) {
      const cell = await measure(lies['is honest'], { rateRps });
      expect(cell.findings.filter((f) => f.weight === 'hard' && f.result === 'fail')).toEqual([]);
      expect(cell.measurement.window.success).toBeGreaterThan(10);
    }
  }, 60_000);

  test.each([
    ['answers every request with 500', 1],
    ['answers reads with 200 and nothing', 2],
    ['returns the value of another key', 3],
  ] as const)(
    'a server that %s fails gate %i and a threshold',
    async (lie, gate) => {
      const cell = await measure(lies[lie]);
      expect(cell.measurement.faults[0]).toBe('a threshold of k6 failed');
      const failed = cell.findings.filter((f) => f.weight === 'hard' && f.result === 'fail');
      expect(failed.map((finding) => finding.gate)).toContain(gate);
    },
    60_000,
  );

  test('its scripts run by hand and leave the same files', async () => {
    const { execFile } = await import('node:child_process');
    const { promisify } = await import('node:util');
    const target = await startLiar(lies['is honest'], 0);
    const out = await mkdtemp(join(tmpdir(), 'bench-k6-'));
    folders.push(out);
    const variables = {
      MASTER: target.entries[0]!,
      KEY_COUNT: '10',
      WARMUP_S: '1',
      MEASURE_S: '1',
      OUT: out,
    };
    const flags = Object.entries(variables).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    try {
      await promisify(execFile)(findK6() ?? '', ['run', '--quiet', ...flags, 'k6/mixed.ts']);
      const [row] = parseCsv(await readFile(join(out, 'summary.csv'), 'utf8'));
      expect(Number(row?.success_count)).toBeGreaterThan(10);
      expect(row?.error_count).toBe(0);
    } finally {
      await target.stop();
    }
  }, 60_000);
});
