/** A made-up full grid that follows a known law, for charts and the report. */

import { predict } from '../charts/law.ts';
import { exampleCell } from '../gates/example.ts';
import { judgeRun } from '../gates/gates.ts';
import type { Manifest } from '../results/manifest.ts';
import type { Cell, LatencySummary } from '../results/schema.ts';
import { cellKey } from '../sweep/orders.ts';
import { parseWorkload } from '../workload/config.ts';

export const law = Object.freeze({ lambda: 2000, alpha: 0.2, beta: 0.005 });
const clientCounts = [1, 3, 5, 7, 10, 12, 15, 18, 20];
const slaveCounts = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

const slower = (latency: LatencySummary, factor: number): LatencySummary => {
  const times = (value: number | null) => (value === null ? null : Math.round(value * factor));
  return {
    count: latency.count,
    avgUs: times(latency.avgUs),
    stddevUs: times(latency.stddevUs),
    minUs: times(latency.minUs),
    p50Us: times(latency.p50Us),
    p90Us: times(latency.p90Us),
    p99Us: times(latency.p99Us),
    p999Us: times(latency.p999Us),
    maxUs: times(latency.maxUs),
  };
};

function nodesOf(slaves: number): Cell['nodes'] {
  const node = (nodeId: string, role: string, appends: number) => ({
    nodeId,
    role,
    pid: 1,
    reads: 0,
    writes: 0,
    appends,
    cpuUs: 500_000,
    rssBytes: 80 * 2 ** 20,
  });
  return [
    node('m', 'master', 0),
    ...Array.from({ length: slaves }, (_, index) => node(`s${index}`, 'slave', 900 + 37 * index)),
  ];
}

function gridCell(clients: number, slaves: number, thinkMs: number): Cell {
  const cell = exampleCell();
  const capacity = predict(law, clients) / (1 + slaves / 20);
  const rate = thinkMs === 0 ? capacity : Math.min(capacity, clients / (thinkMs / 1000 + 0.0005));
  const factor = clients / rate / 0.0005;
  const { window } = cell.measurement;
  const config = {
    ...cell.config,
    clients,
    slaves,
    workload: parseWorkload({ thinkMs: String(thinkMs) }),
  };
  const share = (rate * cell.measurement.measuredS) / window.success;
  const scaled = (count: number) => Math.round(count * share);
  return {
    ...cell,
    key: cellKey(config),
    config,
    nodes: nodesOf(slaves),
    measurement: {
      ...cell.measurement,
      window: {
        ...window,
        success: scaled(window.success),
        attemptedReads: scaled(window.attemptedReads),
        attemptedWrites: scaled(window.success) - scaled(window.attemptedReads),
        verifiedReads: scaled(window.verifiedReads),
        keyCounts: null,
        read: { ...slower(window.read, factor), count: scaled(window.read.count) },
        write: {
          ...slower(window.write, factor * 1.6),
          count: scaled(window.success) - scaled(window.read.count),
        },
        all: { ...slower(window.all, factor * 1.2), count: scaled(window.success) },
        latencySumUs:
          clients * 1e6 * cell.measurement.measuredS - scaled(window.success) * thinkMs * 1000,
        thinkSumUs: scaled(window.success) * thinkMs * 1000,
      },
    },
  };
}

export function exampleManifest(): Manifest {
  return {
    schemaVersion: 1,
    runId: 'example',
    command: 'sweep',
    argv: ['sweep'],
    seed: 1,
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T01:00:00.000Z',
    status: 'complete',
    git: { commit: '0123456789', dirty: false },
    lockfile: '0123456789ab',
    versions: { node: '24.0.0' },
    host: {
      cpu: 'An Example CPU',
      cores: 2,
      memoryBytes: 8 * 2 ** 30,
      kernel: '6.1',
      dataOnTmpfs: false,
      fingerprint: '01234567',
    },
    contributors: ['0123456789@01234567'],
    cells: [],
  };
}

/** Judged; one cell is invalid: most of its requests failed. */
export function exampleGrid(): Cell[] {
  const cells = [10, 0].flatMap((thinkMs) =>
    slaveCounts.flatMap((slaves) => clientCounts.map((n) => gridCell(n, slaves, thinkMs))),
  );
  const broken = cells.find(({ config }) => config.clients === 12 && config.slaves === 4)!;
  broken.measurement.aborted = 'more than 5 % errors';
  return judgeRun({ cells, dirty: false, hosts: ['one'] });
}
