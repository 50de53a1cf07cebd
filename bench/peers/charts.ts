/** The peers side by side, for each runtime and number of connections. */

import type { Chart } from '../charts/plots.ts';
import { colours, frame, inline, type Spec } from '../charts/spec.ts';
import type { PeerNumbers, PeersResult } from './compare.ts';

const bars = [
  {
    name: 'throughput_rps',
    title: 'Throughput by target',
    unit: 'op/s',
    pick: (p: PeerNumbers) => p.rps,
  },
  {
    name: 'read_p99_us',
    title: 'p99 of reads by target',
    unit: 'µs',
    pick: (p: PeerNumbers) => p.readP99Us,
  },
  {
    name: 'write_p99_us',
    title: 'p99 of writes by target',
    unit: 'µs',
    pick: (p: PeerNumbers) => p.writeP99Us,
  },
  {
    name: 'cpu_us_per_op',
    title: 'CPU time of all server processes per operation, by target',
    unit: 'CPU-µs/op',
    pick: (p: PeerNumbers) => p.cpuUsPerOp,
  },
] as const;

function barChart(result: PeersResult, bar: (typeof bars)[number]): Spec {
  const values = result.rows.flatMap(({ runtime, connections, peers }) =>
    Object.entries(peers).map(([target, numbers]) => ({
      target,
      runtime,
      connections: connections === 1 ? '1 connection' : `${connections} connections`,
      value: bar.pick(numbers),
      valid: numbers.valid,
    })),
  );
  return {
    ...frame({
      title: bar.title,
      subtitle: [
        'dsm in blue. They do not promise the same: read the table of promises first. Red: invalid.',
      ],
    }),
    data: inline(values),
    facet: {
      row: { field: 'runtime', type: 'nominal', title: null },
      column: { field: 'connections', type: 'nominal', title: null },
    },
    spec: {
      width: 240,
      height: 150,
      mark: { type: 'bar' },
      encoding: {
        y: { field: 'target', type: 'nominal', title: null, sort: '-x' },
        x: { field: 'value', type: 'quantitative', title: bar.unit },
        color: {
          condition: [
            { test: '!datum.valid', value: colours.red },
            { test: "datum.target === 'dsm'", value: colours.blue },
          ],
          value: colours.grey,
        },
      },
    },
  };
}

export function peersCharts(result: PeersResult): Chart[] {
  return bars.map((bar) => ({
    folder: 'peers',
    name: `${bar.name}_by_target`,
    title: bar.title,
    spec: barChart(result, bar),
  }));
}
