/** Which charts a run has, in which folder. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../results/folder.ts';
import type { Manifest } from '../results/manifest.ts';
import type { Cell } from '../results/schema.ts';
import { type ChartPoint, chartPoints, nearest, slaveShares } from './data.ts';
import {
  type Axis,
  fileName,
  lineChart,
  lineMetrics,
  otherAxis,
  pairChart,
  pairNames,
} from './lines.ts';
import { renderPng, renderSvg } from './render.ts';
import { scalabilityChart } from './scalability.ts';
import { shareBars, shareRadar } from './shares.ts';
import type { Spec } from './spec.ts';

export interface Chart {
  /** `plots_by_slave_count` or `plots_by_client_count`. */
  readonly folder: string;
  /** Without an ending. */
  readonly name: string;
  readonly title: string;
  readonly spec: Spec;
}

/** The row and the column that charts of one row or column show. */
const focus = { slaves: 3, clients: 10 } as const;

function origin(cells: readonly Cell[], manifest: Manifest): string[] {
  const { host, git } = manifest;
  const first = cells[0]?.config;
  const invalid = cells.filter(({ valid }) => !valid).length;
  const noisy = cells.filter((cell) => cell.valid && cell.noisy).length;
  const gibibytes = Math.round(host.memoryBytes / 2 ** 30);
  return [
    `${host.cores} cores shared by servers and generator, ${host.cpu}, ${gibibytes} GiB; ` +
      `commit ${git.commit}${git.dirty ? ' with uncommitted changes: not for publication' : ''}`,
    `${cells.length} cells of ${first?.measureS ?? 0} s, ` +
      `${Math.round((first?.workload.writeRatio ?? 0) * 100)} % writes, ` +
      `${invalid} invalid (red crosses), ${noisy} noisy (hollow); bars show repeats, min…max`,
  ];
}

/** Only the row or column in focus, with a sentence that says so. */
function inFocus(points: readonly ChartPoint[], axis: Axis) {
  const other = otherAxis(axis);
  const value = nearest([...new Set(points.map((point) => point[other]))], focus[other]);
  return {
    chosen: points.filter((point) => point[other] === value),
    note: `at ${value} ${other}`,
  };
}

function axisCharts(cells: readonly Cell[], axis: Axis, subtitle: readonly string[]): Chart[] {
  const points = chartPoints(cells).sort((a, b) => a.clients - b.clients || a.slaves - b.slaves);
  const folder = `plots_by_${axis === 'slaves' ? 'slave' : 'client'}_count`;
  const { chosen, note } = inFocus(points, axis);
  const charts: Chart[] = [];
  const add = (metric: string, title: string, spec: Spec) =>
    charts.push({ folder, name: fileName(metric, axis), title, spec });
  for (const metric of lineMetrics) {
    const caption = { title: metric.title, subtitle };
    add(metric.name, metric.title, lineChart(points, metric, axis, caption));
  }
  for (const name of pairNames) {
    const spec = pairChart(chosen, name, axis, { subtitle: [...subtitle, note] });
    add(name, name.replaceAll('_', ' '), spec);
  }
  const other = otherAxis(axis);
  const value = nearest([...new Set(cells.map(({ config }) => config[other]))], focus[other]);
  const least = Math.min(...cells.map(({ config }) => config.workload.thinkMs));
  const row = cells.filter(
    ({ config }) => config[other] === value && config.workload.thinkMs === least,
  );
  const shares = slaveShares(row);
  const shareTitle = `Load of each slave: ${shares.unit}, and the fair share (red)`;
  const shareCaption = { title: shareTitle, subtitle: [...subtitle, note] };
  if (shares.shares.length > 0) {
    add('slave_load_distribution', shareTitle, shareBars(shares, axis, shareCaption));
    add('slave_load_radar', shareTitle, shareRadar(shares, axis, shareCaption));
  }
  const fitted = chosen.filter(({ thinkMs }) => thinkMs === least);
  const lawTitle = 'Scalability law X(N) = λN / (1 + α(N−1) + βN(N−1))';
  const lawCaption = { title: lawTitle, subtitle: [...subtitle, `${note}, think ${least} ms`] };
  add('scalability_fit', lawTitle, scalabilityChart(fitted, axis, lawCaption));
  return charts;
}

/** All charts of a run; only cells of dsm or of the one target that was swept. */
export function chartsOf(cells: readonly Cell[], manifest: Manifest): Chart[] {
  const subtitle = origin(cells, manifest);
  return [...axisCharts(cells, 'slaves', subtitle), ...axisCharts(cells, 'clients', subtitle)];
}

/** Writes each as SVG and PNG under `outPath`; returns the paths, relative to it. */
export async function writeCharts(charts: readonly Chart[], outPath: string): Promise<string[]> {
  const written: string[] = [];
  for (const { folder, name, title, spec } of charts) {
    await mkdir(join(outPath, folder), { recursive: true });
    const svg = await renderSvg(spec, title);
    const path = join(folder, name);
    await writeWhole(join(outPath, `${path}.svg`), svg);
    await writeWhole(join(outPath, `${path}.png`), renderPng(svg));
    written.push(`${path}.svg`, `${path}.png`);
  }
  return written;
}
