/** One metric over the number of slaves or clients: a line for each value of the other. */
import type { ChartPoint, MetricName } from './data.ts';
import {
  type Caption,
  colours,
  frame,
  inline,
  panelHeight,
  panelWidth,
  type Spec,
} from './spec.ts';

export type Axis = 'slaves' | 'clients';

export interface Metric {
  readonly name: MetricName;
  readonly title: string;
  readonly unit: string;
  /** Latencies are compared by ratio, throughput by difference. */
  readonly scale: 'linear' | 'log';
}

export const lineMetrics: readonly Metric[] = Object.freeze([
  {
    name: 'throughput_rps',
    title: 'Throughput: verified successes per second',
    unit: 'op/s',
    scale: 'linear',
  },
  { name: 'read_latency_us', title: 'Mean read latency', unit: 'µs', scale: 'log' },
  { name: 'write_latency_us', title: 'Mean write latency', unit: 'µs', scale: 'log' },
  { name: 'read_p99_us', title: '99th percentile of read latency', unit: 'µs', scale: 'log' },
  { name: 'write_p99_us', title: '99th percentile of write latency', unit: 'µs', scale: 'log' },
  { name: 'error_rate', title: 'Error rate', unit: 'share of requests', scale: 'linear' },
  {
    name: 'cpu_us_per_op',
    title: 'CPU time of all server processes per operation',
    unit: 'CPU-µs/op',
    scale: 'linear',
  },
]);

/** A file name, like `throughput_rps_vs_slave_count`. */
export const fileName = (metric: string, axis: Axis): string =>
  `${metric}_vs_${axis === 'slaves' ? 'slave' : 'client'}_count`;

export const axisTitle = (axis: Axis): string => (axis === 'slaves' ? 'slaves' : 'clients');
export const otherAxis = (axis: Axis): Axis => (axis === 'slaves' ? 'clients' : 'slaves');

interface Row {
  readonly x: number;
  readonly series: number;
  readonly panel: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly valid: boolean;
  readonly noisy: boolean;
}

function rowsOf(points: readonly ChartPoint[], name: MetricName, axis: Axis): Row[] {
  return points.flatMap((point) => {
    const spread = point.metrics[name];
    if (spread === null) return [];
    const { middle: value, low, high } = spread;
    const { panel, valid, noisy } = point;
    const series = point[otherAxis(axis)];
    return [{ x: point[axis], series, panel, value, low, high, valid, noisy }];
  });
}

/** A level that was measured at one place only is no line here: in the other chart it is a point. */
function linesOf(rows: readonly Row[]): readonly Row[] {
  const placesOf = Map.groupBy(rows, ({ series }) => series);
  const isLine = (own: readonly Row[] = []) => new Set(own.map(({ x }) => x)).size > 1;
  const lines = rows.filter(({ series }) => isLine(placesOf.get(series)));
  return lines.length === 0 ? rows : lines;
}

const valid = { filter: 'datum.valid' };

/** Beyond this ratio of the last level to the first, the low ones would be one heap. */
const linearRatioMax = 25;

function levelScale(levels: readonly number[]) {
  const isWide = Math.max(...levels) > Math.min(...levels) * linearRatioMax;
  if (!isWide) {
    return { axis: { tickMinStep: 1, format: 'd' }, scale: { zero: false, padding: 12 } };
  }
  const values = [...new Set(levels)].sort((a, b) => a - b);
  return {
    axis: { values, format: 'd', labelOverlap: 'greedy' as const },
    scale: { type: 'log' as const, nice: false, padding: 12 },
  };
}

function encodings(metric: Metric, axis: Axis, levels: readonly number[]) {
  const series = { field: 'series', title: axisTitle(otherAxis(axis)) };
  const log = { type: 'log' as const, nice: false, padding: 10 };
  return {
    x: {
      field: 'x',
      type: 'quantitative' as const,
      title: axisTitle(axis),
      ...levelScale(levels),
    },
    y: {
      field: 'value',
      type: 'quantitative' as const,
      title: metric.unit,
      scale: metric.scale === 'log' ? log : { zero: true },
      axis: { format: metric.name === 'error_rate' ? '.2%' : ',.6~g' },
    },
    color: { ...series, type: 'ordinal' as const, scale: { scheme: 'viridis' as const } },
    shape: { ...series, type: 'ordinal' as const },
  };
}

/** Noisy cells are hollow, invalid ones red crosses that no line touches. */
function layers(metric: Metric, axis: Axis, levels: readonly number[]) {
  const { x, y, color, shape } = encodings(metric, axis, levels);
  return [
    {
      transform: [valid, { filter: 'datum.high > datum.low' }],
      mark: { type: 'rule' as const, opacity: 0.5 },
      encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
    },
    {
      transform: [valid],
      mark: { type: 'line' as const, strokeWidth: 1.5 },
      encoding: { x, y, color },
    },
    ...[true, false].map((filled) => ({
      transform: [valid, { filter: filled ? '!datum.noisy' : 'datum.noisy' }],
      mark: { type: 'point' as const, filled, size: 42, opacity: 1 },
      encoding: { x, y, color, shape },
    })),
    {
      transform: [{ filter: '!datum.valid' }],
      mark: { type: 'point' as const, shape: 'cross', filled: false, size: 110 },
      encoding: { x, y, color: { value: colours.red } },
    },
  ];
}

export function lineChart(
  points: readonly ChartPoint[],
  metric: Metric,
  axis: Axis,
  caption: Caption,
): Spec {
  const rows = linesOf(rowsOf(points, metric.name, axis));
  const levels = rows.map(({ x }) => x);
  return {
    ...frame(caption),
    data: inline(rows),
    facet: { column: { field: 'panel', type: 'nominal', title: null } },
    spec: { width: panelWidth, height: panelHeight, layer: layers(metric, axis, levels) },
    resolve: { scale: { y: 'independent' } },
  };
}

const pairs = {
  read_write_breakdown: {
    title: 'Reads and writes in the measured window',
    parts: { read_count: 'reads', write_count: 'writes' },
  },
  success_and_error_counts: {
    title: 'Successes and errors in the measured window',
    parts: { success_count: 'successes', error_count: 'errors' },
  },
} as const;
export type PairName = keyof typeof pairs;
export const pairNames = Object.keys(pairs) as PairName[];

/** Stacked bars of two counts, of the one row or column that `points` holds. */
export function pairChart(
  points: readonly ChartPoint[],
  name: PairName,
  axis: Axis,
  caption: Omit<Caption, 'title'>,
): Spec {
  const { title, parts } = pairs[name];
  const rows = points.flatMap((point) =>
    Object.entries(parts).map(([metric, part]) => ({
      x: point[axis],
      panel: point.panel,
      part,
      count: point.metrics[metric as MetricName]?.middle ?? 0,
    })),
  );
  const domain: string[] = Object.values(parts);
  return {
    ...frame({ title, ...caption }),
    data: inline(rows),
    facet: { column: { field: 'panel', type: 'nominal', title: null } },
    spec: {
      width: panelWidth,
      height: panelHeight,
      mark: { type: 'bar' },
      encoding: {
        x: { field: 'x', type: 'ordinal', title: axisTitle(axis), axis: { labelAngle: 0 } },
        y: { field: 'count', type: 'quantitative', title: 'requests', stack: 'zero' },
        color: {
          field: 'part',
          type: 'nominal',
          title: null,
          scale: { domain, range: [colours.blue, colours.red] },
        },
      },
    },
    resolve: { scale: { y: 'independent' } },
  };
}
