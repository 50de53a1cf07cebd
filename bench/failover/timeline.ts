/** What a change of mastership did to the clients, read off the samples around it. */
import { z } from 'zod';
import { measurementSchema, type Sample } from '../results/schema.ts';
import type { Row } from '../results/table.ts';

export const scenarioNames = ['kill', 'handoff'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

const maybeMs = z.number().nullable();

export const timelineSchema = z.object({
  scenario: z.enum(scenarioNames),
  repeat: z.int(),
  runtime: z.string(),
  clients: z.int(),
  slaves: z.int(),
  thinkMs: z.number(),
  /** From the first request to the event. */
  eventMs: z.number(),
  /** From the event to the end of the first sample with a successful write; null: never. */
  firstWriteMs: maybeMs,
  /** From the event until throughput stays at 90 % of what it was; null: never. */
  recoveredMs: maybeMs,
  /** Another node is the active master, in a higher epoch. */
  newMaster: z.boolean(),
  measurement: measurementSchema,
});
export type Timeline = z.infer<typeof timelineSchema>;
export const timelinesSchema = z.array(timelineSchema);

const recoveredShare = 0.9;
const recoveredSamples = 3;

export interface Placed extends Sample {
  readonly startMs: number;
  readonly endMs: number;
}

/** With the times of their ends since the first request. */
export function placeSamples(samples: readonly Sample[]): Placed[] {
  let endMs = 0;
  return samples.map((sample) => {
    const startMs = endMs;
    endMs += sample.lengthS * 1000;
    return { ...sample, startMs, endMs };
  });
}

const rate = ({ success, lengthS }: Sample): number => success / lengthS;

/** The mean throughput of the measured samples that ended before the event. */
export function rateBefore(placed: readonly Placed[], eventMs: number): number {
  const before = placed.filter(({ phase, endMs }) => phase === 'measure' && endMs <= eventMs);
  const success = before.reduce((sum, sample) => sum + sample.success, 0);
  const lengthS = before.reduce((sum, sample) => sum + sample.lengthS, 0);
  return lengthS === 0 ? 0 : success / lengthS;
}

/** Throughput is noisy from one tenth of a second to the next: three in a row must be high. */
export function recovery(samples: readonly Sample[], eventMs: number) {
  const placed = placeSamples(samples);
  const wanted = recoveredShare * rateBefore(placed, eventMs);
  const after = placed.filter(({ startMs }) => startMs >= eventMs);
  const firstWrite = after.find(({ write }) => write.count > 0);
  const recovered = after.find((_, index) => {
    const run = after.slice(index, index + recoveredSamples);
    return run.length === recoveredSamples && run.every((sample) => rate(sample) >= wanted);
  });
  const since = (sample: Placed | undefined, end: 'startMs' | 'endMs') =>
    sample === undefined ? null : Math.round(sample[end] - eventMs);
  return { firstWriteMs: since(firstWrite, 'endMs'), recoveredMs: since(recovered, 'startMs') };
}

/** Why a timeline proves a fault of the store; '' where it does not. */
export function faultOf({ measurement, firstWriteMs, newMaster }: Timeline): string {
  const { causes, staleReads } = measurement.window;
  const wrong = causes.wrong_value + causes.bad_body;
  if (wrong > 0) return `${wrong} wrong values`;
  if (staleReads > 0) return `${staleReads} reads went back behind acknowledged writes`;
  if (!newMaster) return 'no other node became the active master';
  return firstWriteMs === null ? 'no write succeeded after the event' : '';
}

/** One row per sample, t counted from the event. */
export function timelineRows(timeline: Timeline): Row[] {
  return placeSamples(timeline.measurement.samples).map((sample) => ({
    scenario: timeline.scenario,
    repeat: timeline.repeat,
    t_ms: Math.round(sample.startMs - timeline.eventMs),
    length_ms: Math.round(sample.lengthS * 1000),
    throughput_rps: Math.round(rate(sample)),
    success_count: sample.success,
    error_count: sample.readsFailed + sample.writesFailed,
    inflight: sample.inflight,
    read_p50_us: sample.read.p50Us,
    read_max_us: sample.read.maxUs,
    write_p50_us: sample.write.p50Us,
    write_max_us: sample.write.maxUs,
  }));
}

const ms = (value: number | null): string => (value === null ? 'never' : `${value} ms`);

export function timelineText(timeline: Timeline): string {
  const { scenario, repeat, measurement, firstWriteMs, recoveredMs } = timeline;
  const { whole } = measurement;
  const failed = whole.readsFailed + whole.writesFailed;
  const fault = faultOf(timeline);
  return (
    `${scenario} #${repeat + 1}: first write after ${ms(firstWriteMs)}, ` +
    `90 % of the throughput after ${ms(recoveredMs)}, ` +
    `${failed} of ${whole.sent} requests failed, ${fault === '' ? 'nothing lost' : fault}`
  );
}
