import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exampleCell } from '../gates/example.ts';
import { RunFolder } from './folder.ts';
import type { Manifest } from './manifest.ts';
import { nodeRows, sampleRows, summaryRow } from './rows.ts';
import { cellSchema, parseCell } from './schema.ts';
import { type Field, formatCsv, leadingColumns, parseCsv } from './table.ts';

describe('tables', () => {
  test('begin with the eleven columns that others rely on, in their order', () => {
    const cell = exampleCell();
    for (const row of [summaryRow(cell), ...sampleRows(cell)]) {
      expect(Object.keys(row).slice(0, 11)).toEqual([...leadingColumns]);
    }
    expect(leadingColumns.join(',')).toBe(
      'timestamp,client_count,slave_count,total_requests,success_count,error_count,' +
        'read_latency_us,write_latency_us,throughput_rps,read_count,write_count',
    );
  });

  test('total = success + errors = reads + writes; throughput counts successes only', () => {
    const cell = exampleCell();
    const { window } = cell.measurement;
    window.success = 19_000;
    window.causes.timeout = 1000;
    const row = summaryRow(cell);
    expect(row.total_requests).toBe(20_000);
    expect(Number(row.success_count) + Number(row.error_count)).toBe(20_000);
    expect(Number(row.read_count) + Number(row.write_count)).toBe(20_000);
    expect(row.throughput_rps).toBeCloseTo(19_000 / 2.001, 1);
    expect(row.error_rate).toBe(0.05);
  });

  test('what was not measured is empty, never 0', () => {
    const cell = exampleCell();
    cell.measurement.window.read.p99Us = null;
    const text = formatCsv([summaryRow(cell)], ['read_p99_us', 'cpu_us_per_op', 'client_count']);
    expect(text).toBe('read_p99_us,cpu_us_per_op,client_count\n,,10\n');
  });

  test('samples follow each other in time; nodes carry their load', () => {
    const cell = exampleCell();
    const node = { nodeId: 'a', role: 'slave', pid: 1, reads: 5, writes: 0, appends: 9 };
    cell.nodes.push({ ...node, cpuUs: 1e6, rssBytes: 2 ** 20 });
    expect(sampleRows(cell).map((row) => row.second)).toEqual([0, 1, 2]);
    expect(nodeRows(cell)[0]).toMatchObject({ node_id: 'a', cpu_us_per_op: 50, rss_mb: 1 });
  });

  test('CSV there and back is the same', () => {
    const field = fc.oneof<fc.Arbitrary<Field>[]>(
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
      fc.oneof(fc.string(), fc.constantFrom('', 'true', '1e3', '-0.5', 'a,"b"\n')),
    );
    fc.assert(
      fc.property(fc.array(fc.record({ a: field, b: field, c: field })), (rows) => {
        const plain = rows.map((row) => ({ ...row }));
        expect(parseCsv(formatCsv(plain, ['a', 'b', 'c']))).toEqual(plain);
      }),
    );
  });

  test('a line that was cut off is noticed', () => {
    expect(() => parseCsv('a,b\n1,2\n3\n')).toThrow('line 3 has 1 fields, not 2');
  });
});

test('a stored cell reads back whole, and a damaged one names its fault', () => {
  const cell = exampleCell();
  expect(parseCell(JSON.stringify(cell), 'x.json')).toEqual(cell);
  const { whole: _, ...rest } = cell.measurement;
  const damaged = JSON.stringify({ ...cell, measurement: rest });
  expect(() => parseCell(damaged, 'x.json')).toThrow(/x\.json is not a cell: measurement\.whole/);
  expect(cellSchema.safeParse({ ...cell, repeat: -1 }).success).toBe(false);
});

describe('the folder of a run', () => {
  let path = '';
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'bench-results-'));
  });
  afterEach(() => rm(path, { recursive: true }));

  const manifest: Manifest = {
    schemaVersion: 1,
    runId: 'example',
    command: 'sweep',
    argv: [],
    seed: 1,
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: null,
    status: 'running',
    git: { commit: 'abc', dirty: false },
    lockfile: 'abc',
    versions: {},
    host: {
      cpu: 'x',
      cores: 2,
      memoryBytes: 1,
      kernel: '6',
      dataOnTmpfs: false,
      fingerprint: 'abcd',
    },
    contributors: ['abc@abcd'],
    cells: [],
  };

  test('holds whole cells, and tables that follow from them', async () => {
    const folder = new RunFolder(path);
    await folder.create();
    await expect(folder.readManifest()).rejects.toThrow('holds no run');
    await folder.writeManifest(manifest);
    await folder.writeCell({ ...exampleCell(), key: 'b-c10' });
    await folder.writeCell({ ...exampleCell(), key: 'b-c3' });
    const judged = await folder.conclude(await folder.readManifest());
    expect(judged.map(({ key, valid }) => [key, valid])).toEqual([
      ['b-c3', true],
      ['b-c10', true],
    ]);
    const summary = parseCsv(await readFile(join(path, 'summary.csv'), 'utf8'));
    expect(JSON.parse(await readFile(join(path, 'summary.json'), 'utf8'))).toEqual(summary);
    expect((await readdir(path)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
