import { describe, expect, test } from 'vitest';
import { renderSvg } from '../charts/render.ts';
import { exampleCell } from '../gates/example.ts';
import type { Sample } from '../results/schema.ts';
import { failoverCharts } from './charts.ts';
import { faultOf, recovery, type Timeline, timelineRows, timelineText } from './timeline.ts';

const template = exampleCell().measurement.samples[1]!;

/** 100 ms each, with so many successes, of which as many writes. */
function samplesOf(successes: readonly number[]): Sample[] {
  return successes.map((success, index) => ({
    ...template,
    index,
    phase: index < 2 ? 'warmup' : 'measure',
    lengthS: 0.1,
    success,
    read: { ...template.read, count: 0 },
    write: { ...template.write, count: success },
  }));
}

const outage = samplesOf([9, 90, 100, 100, 100, 20, 0, 0, 40, 95, 99, 101, 100]);
const eventMs = 510;

function timeline(change: Partial<Timeline> = {}): Timeline {
  const { measurement } = exampleCell();
  return {
    scenario: 'kill',
    repeat: 0,
    runtime: 'node',
    clients: 10,
    slaves: 3,
    thinkMs: 10,
    eventMs,
    ...recovery(outage, eventMs),
    newMaster: true,
    measurement: { ...measurement, samples: outage },
    ...change,
  };
}

describe('a timeline', () => {
  test('tells when the first write succeeded and when throughput was back for good', () => {
    expect(recovery(outage, eventMs)).toEqual({ firstWriteMs: 390, recoveredMs: 390 });
    const flapping = samplesOf([9, 90, 100, 100, 100, 20, 0, 95, 40, 95, 99, 40, 100]);
    expect(recovery(flapping, eventMs)).toEqual({ firstWriteMs: 290, recoveredMs: null });
    expect(recovery(samplesOf([9, 90, 100, 100, 100, 0, 0, 0]), eventMs)).toEqual({
      firstWriteMs: null,
      recoveredMs: null,
    });
  });

  test('a lost write, a wrong value or no takeover is a fault; an error is not', () => {
    expect(faultOf(timeline())).toBe('');
    expect(faultOf(timeline({ newMaster: false }))).toContain('no other node');
    expect(faultOf(timeline({ firstWriteMs: null }))).toContain('no write succeeded');
    const { measurement } = timeline();
    const stale = { ...measurement, window: { ...measurement.window, staleReads: 1 } };
    expect(faultOf(timeline({ measurement: stale }))).toContain('went back');
  });

  test('rows count from the event, and the chart shows them', async () => {
    expect(timelineRows(timeline())[5]).toMatchObject({ t_ms: -10, throughput_rps: 200 });
    expect(timelineText(timeline())).toContain('kill #1: first write after 390 ms');
    const [chart] = failoverCharts([timeline()]);
    const svg = await renderSvg(chart!.spec, chart!.title);
    expect(svg).toContain('The active master is killed');
    expect(svg).not.toContain('NaN');
    // Clipped marks have ids: the same again, whatever was drawn before.
    expect(await renderSvg(chart!.spec, chart!.title)).toBe(svg);
  });
});
