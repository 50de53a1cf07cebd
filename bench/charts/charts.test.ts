import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exampleGrid, exampleManifest, law } from '../testing/grid.ts';
import { chartPoints, slaveShares } from './data.ts';
import { bandOf, fitLaw, type Point, predict } from './law.ts';
import { type Chart, chartsOf, writeCharts } from './plots.ts';
import { renderPng, renderSvg } from './render.ts';
import { fitText } from './scalability.ts';

const levels = [1, 3, 5, 7, 10, 12, 15, 18, 20];

describe('the scalability law', () => {
  const exact: Point[] = levels.map((n) => ({ n, x: predict(law, n) }));

  test('its constants are recovered from what follows it', () => {
    const fit = fitLaw(exact)!;
    expect(fit.lambda).toBeCloseTo(law.lambda, 3);
    expect(fit.alpha).toBeCloseTo(law.alpha, 6);
    expect(fit.beta).toBeCloseTo(law.beta, 6);
    expect(fit.peak).toBeCloseTo(Math.sqrt((1 - law.alpha) / law.beta), 3);
    expect(fit.rSquared).toBeCloseTo(1, 6);
  });

  test('five levels are not enough, and repeats of one level are not levels', () => {
    expect(fitLaw(exact.slice(0, 5))).toBeNull();
    expect(fitLaw(levels.map(() => exact[0]!))).toBeNull();
    expect(fitText(null)).toContain('fewer than 6');
  });

  test('more than linear growth is no negative cost', () => {
    const fit = fitLaw(levels.map((n) => ({ n, x: n ** 1.2 * 100 })))!;
    expect(fit.alpha).toBe(0);
    expect(fit.beta).toBe(0);
    expect(fit.peak).toBeNull();
  });

  test('the band holds the fit and ends at twice the largest N', () => {
    const noisy = exact.map(({ n, x }, index) => ({ n, x: x * (index % 2 === 0 ? 1.03 : 0.97) }));
    const band = bandOf(noisy, fitLaw(noisy)!);
    expect(band.at(-1)?.n).toBe(40);
    const inside = band.filter(({ fitted, low, high }) => low <= fitted && fitted <= high);
    expect(inside.length).toBeGreaterThan(band.length * 0.9);
  });
});

describe('what the charts show', () => {
  const cells = exampleGrid();

  test('repeats are merged to their median with the extremes; invalid ones only if alone', () => {
    const [first] = cells.filter(({ valid }) => valid);
    const faster = structuredClone(first!);
    faster.measurement.window.success *= 2;
    const broken = { ...structuredClone(first!), valid: false };
    broken.measurement.window.success = 1;
    const [point] = chartPoints([first!, faster, faster, broken]);
    expect(point).toMatchObject({ valid: true, repeats: 3 });
    const { low, middle, high } = point!.metrics.throughput_rps!;
    expect(middle).toBe(high);
    expect(low).toBeCloseTo(high / 2, 0);
  });

  test('a point is noisy, and drawn hollow, where all its repeats are', () => {
    const steady = { ...structuredClone(cells[0]!), valid: true, noisy: false };
    const noisy = { ...steady, noisy: true };
    expect(chartPoints([noisy, steady])[0]).toMatchObject({ noisy: false });
    expect(chartPoints([noisy, noisy])[0]).toMatchObject({ noisy: true });
  });

  test('shares of the slaves sum to one beside the fair share', () => {
    const { shares, unit } = slaveShares(cells.filter(({ config }) => config.slaves === 4));
    expect(unit).toBe('log messages taken');
    const one = shares.filter(({ clients }) => clients === 10).slice(0, 4);
    expect(one.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    expect(one[0]?.fair).toBe(0.25);
  });
});

describe('a grid with a row that goes far beyond it', () => {
  const grid = exampleGrid();
  const beyond = [100, 300].map((clients) => {
    const cell = structuredClone(grid.find(({ config, valid }) => valid && config.slaves === 4)!);
    return { ...cell, key: `${clients} clients`, config: { ...cell.config, clients } };
  });
  const charts = chartsOf([...grid, ...beyond], exampleManifest());
  const specOf = (name: string) =>
    charts.find((chart) => chart.name === name)!.spec as unknown as {
      readonly data: { readonly values: { readonly x: number; readonly series: number }[] };
      readonly spec: { readonly layer: { readonly encoding: { readonly x: unknown } }[] };
    };

  test('by client count: its levels are told apart by ratio', () => {
    const { data, spec } = specOf('throughput_rps_vs_client_count');
    expect(data.values.map(({ x }) => x)).toContain(300);
    expect(spec.layer[0]?.encoding.x).toMatchObject({ scale: { type: 'log' } });
  });

  test('by slave count: they would be single points, and are left to the other chart', () => {
    const { data, spec } = specOf('throughput_rps_vs_slave_count');
    expect(Math.max(...data.values.map(({ series }) => series))).toBe(20);
    expect(spec.layer[0]?.encoding.x).not.toMatchObject({ scale: { type: 'log' } });
  });
});

describe('the files', () => {
  let path = '';
  let charts: Chart[] = [];
  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), 'bench-charts-'));
    charts = chartsOf(exampleGrid(), exampleManifest());
    await writeCharts(charts, path);
  }, 60_000);
  afterAll(() => rm(path, { recursive: true }));

  const names = [
    'throughput_rps',
    'read_latency_us',
    'write_latency_us',
    'error_rate',
    'read_write_breakdown',
    'success_and_error_counts',
    'read_p99_us',
    'write_p99_us',
    'cpu_us_per_op',
    'slave_load_distribution',
    'slave_load_radar',
    'scalability_fit',
  ];

  test.each(['slave', 'client'])('by %s count, each as SVG and PNG', async (axis) => {
    const files = await readdir(join(path, `plots_by_${axis}_count`));
    const expected = names.flatMap((name) =>
      ['png', 'svg'].map((ending) => `${name}_vs_${axis}_count.${ending}`),
    );
    expect(files.sort()).toEqual(expected.sort());
  });

  test('the same cells give the same bytes, whatever was drawn before', async () => {
    for (const { folder, name, title, spec } of charts.slice(3, 6)) {
      const written = await readFile(join(path, folder, `${name}.svg`), 'utf8');
      const again = await renderSvg(spec, title);
      expect(again).toBe(written);
      const png = await readFile(join(path, folder, `${name}.png`));
      expect(png.equals(renderPng(again))).toBe(true);
    }
  });

  test('the PNG has its text, which would vanish silently without a font', async () => {
    const svg = await renderSvg(charts[0]!.spec, charts[0]!.title);
    const textless = svg.replaceAll(/<text.*?<\/text>/gs, '');
    expect(renderPng(svg).length).toBeGreaterThan(renderPng(textless).length * 1.2);
    expect(svg).toContain('<title>Throughput');
    expect(svg).not.toMatch(/NaN|undefined/);
  });

  test('an invalid cell is a red cross, and the caption counts it', async () => {
    const svg = await renderSvg(charts[0]!.spec, 'x');
    expect(svg).toContain('1 invalid (red crosses)');
    const values = (charts[0]!.spec as { data: { values: { valid: boolean }[] } }).data.values;
    expect(values.filter(({ valid }) => !valid)).toHaveLength(1);
  });
});
