/** What the charts show: cells with their repeats merged, and the load of each slave. */
import { median } from '../gates/statistics.ts';
import { summaryRow } from '../results/rows.ts';
import type { Cell, NodeLoad } from '../results/schema.ts';

/** The numbers of a summary row that are drawn. */
export const metricNames = [
  'throughput_rps',
  'read_latency_us',
  'write_latency_us',
  'read_p99_us',
  'write_p99_us',
  'error_rate',
  'cpu_us_per_op',
  'read_count',
  'write_count',
  'success_count',
  'error_count',
] as const;
export type MetricName = (typeof metricNames)[number];

export interface ChartPoint {
  readonly clients: number;
  readonly slaves: number;
  readonly thinkMs: number;
  /** What a panel shows: think time, and driver or runtime where there are several. */
  readonly panel: string;
  readonly valid: boolean;
  /** All repeats are. */
  readonly noisy: boolean;
  readonly repeats: number;
  /** Median over the valid repeats (over all where none is valid), with the extremes. */
  readonly metrics: Readonly<Record<MetricName, Spread | null>>;
}

export interface Spread {
  readonly middle: number;
  readonly low: number;
  readonly high: number;
}

function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  return { middle: median(values), low: Math.min(...values), high: Math.max(...values) };
}

function distinct<T>(cells: readonly Cell[], pick: (cell: Cell) => T): number {
  return new Set(cells.map(pick)).size;
}

/** One point for each configuration, in a fixed order. */
export function chartPoints(cells: readonly Cell[]): ChartPoint[] {
  const manyDrivers = distinct(cells, ({ config }) => config.driver) > 1;
  const manyRuntimes = distinct(cells, ({ config }) => config.runtime) > 1;
  const manyTargets = distinct(cells, ({ config }) => config.target) > 1;
  const panelOf = ({ config }: Cell) =>
    [
      config.rateRps === null
        ? `think ${config.workload.thinkMs} ms`
        : `${config.rateRps} op/s offered`,
      ...(manyTargets ? [config.target] : []),
      ...(manyRuntimes ? [config.runtime] : []),
      ...(manyDrivers ? [config.driver] : []),
    ].join(' · ');
  const groups = Map.groupBy(cells, ({ key }) => key);
  return [...groups.values()].map((group) => pointOf(group, panelOf(group[0]!)));
}

function pointOf(group: readonly Cell[], panel: string): ChartPoint {
  const valid = group.filter((cell) => cell.valid);
  const shown = valid.length > 0 ? valid : group;
  const rows = shown.map(summaryRow);
  const { clients, slaves, workload } = shown[0]!.config;
  const metrics = Object.fromEntries(
    metricNames.map((name) => {
      const values = rows.map((row) => row[name]).filter((value) => typeof value === 'number');
      return [name, spreadOf(values)];
    }),
  ) as ChartPoint['metrics'];
  const repeats = shown.length;
  return {
    clients,
    slaves,
    thinkMs: workload.thinkMs,
    panel,
    valid: valid.length > 0,
    noisy: shown.every((cell) => cell.noisy),
    repeats,
    metrics,
  };
}

export interface SlaveShare {
  readonly clients: number;
  readonly slaves: number;
  /** 1…n, in the order of the node ids. */
  readonly slave: number;
  /** Of all that the slaves did, 0…1. */
  readonly share: number;
  readonly fair: number;
}

export interface SlaveShares {
  /** What was counted: READs where slaves served any, else the log messages they took. */
  readonly unit: string;
  readonly shares: readonly SlaveShare[];
}

const slavesOf = (cell: Cell): NodeLoad[] => cell.nodes.filter(({ role }) => role === 'slave');

/** Of the first repeat of each cell. */
export function slaveShares(cells: readonly Cell[]): SlaveShares {
  const served = cells.some((cell) => slavesOf(cell).some(({ reads }) => (reads ?? 0) > 0));
  const loadOf = ({ reads, appends }: NodeLoad) => (served ? reads : appends) ?? 0;
  const shares = cells
    .filter(({ repeat }) => repeat === 0)
    .flatMap((cell) => {
      const loads = slavesOf(cell).map(loadOf);
      const total = loads.reduce((sum, load) => sum + load, 0);
      const { clients, slaves } = cell.config;
      if (total === 0) return [];
      return loads.map((load, index) => {
        const share = load / total;
        return { clients, slaves, slave: index + 1, share, fair: 1 / loads.length };
      });
    });
  return { unit: served ? 'READs served' : 'log messages taken', shares };
}

/** The value of a list that is nearest to `wanted`: what a chart of one row or column shows. */
export function nearest(values: readonly number[], wanted: number): number {
  const sorted = [...values].sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted) || a - b);
  return sorted[0] ?? wanted;
}
