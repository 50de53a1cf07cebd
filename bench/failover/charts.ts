/** Throughput, errors and latencies per tenth of a second, the event at 0. */

import type { Chart } from '../charts/plots.ts';
import { colours, frame, inline, type Spec } from '../charts/spec.ts';
import { type Timeline, timelineRows, timelineText } from './timeline.ts';

const width = 820;
const beforeMs = 2_000;
const afterMs = 6_000;

const x = {
  field: 't_ms',
  type: 'quantitative' as const,
  title: 'ms since the event',
  scale: { domain: [-beforeMs, afterMs] },
};
const event = {
  data: { values: [{ t_ms: 0 }] },
  mark: { type: 'rule' as const, color: colours.red, strokeDash: [4, 3] },
  encoding: { x },
};

function countPanel() {
  const bar = { type: 'bar' as const, width: 8, clip: true };
  const y = (field: string, title: string) => ({ field, type: 'quantitative' as const, title });
  return {
    width,
    height: 190,
    layer: [
      {
        mark: { ...bar, color: colours.blue },
        encoding: { x, y: y('throughput_rps', 'successes/s') },
      },
      {
        transform: [{ filter: 'datum.error_count > 0' }],
        mark: { type: 'point' as const, shape: 'cross', color: colours.red, size: 60, clip: true },
        encoding: { x, y: y('error_rps', 'successes/s') },
      },
      event,
    ],
  };
}

function latencyPanel() {
  const names = ['read_p50_us', 'read_max_us', 'write_p50_us', 'write_max_us'];
  return {
    width,
    height: 190,
    layer: [
      {
        // Samples without an answer have no latency: the line breaks there.
        transform: [{ fold: names, as: ['what', 'us'] as [string, string] }],
        mark: { type: 'line' as const, point: { size: 18 }, clip: true },
        encoding: {
          x,
          y: {
            field: 'us',
            type: 'quantitative' as const,
            title: 'µs',
            scale: { type: 'log' as const, nice: false, padding: 8 },
          },
          color: {
            field: 'what',
            type: 'nominal' as const,
            title: null,
            scale: {
              domain: names,
              range: [colours.sky, colours.blue, colours.orange, colours.red],
            },
          },
        },
      },
      event,
    ],
  };
}

function timelineChart(timeline: Timeline): Spec {
  const { scenario, clients, slaves, thinkMs, runtime } = timeline;
  const title =
    scenario === 'kill' ? 'The active master is killed' : 'The active master hands over';
  const rows = timelineRows(timeline)
    .filter((row) => Number(row.t_ms) >= -beforeMs && Number(row.t_ms) <= afterMs)
    .map((row) => ({
      ...row,
      error_rps: (Number(row.error_count) / Number(row.length_ms)) * 1000,
    }));
  return {
    ...frame({
      title,
      subtitle: [
        timelineText(timeline),
        `${clients} clients, ${slaves} slaves, one standby, think ${thinkMs} ms, ${runtime}; ` +
          'samples of 100 ms; crosses are failed requests per second',
      ],
    }),
    data: inline(rows),
    vconcat: [countPanel(), latencyPanel()],
  };
}

export function failoverCharts(timelines: readonly Timeline[]): Chart[] {
  return timelines.map((timeline) => ({
    folder: 'failover',
    name: `${timeline.scenario}_${timeline.repeat + 1}`,
    title: `Failover: ${timelineText(timeline)}`,
    spec: timelineChart(timeline),
  }));
}
