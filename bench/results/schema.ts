/**
 * What is stored of one cell: the single description that the drivers fill, the gates judge, and
 * the plots and the report read. Units are in the names. `null` means "not measured", never 0.
 * The flat rows of the CSV files are derived from it in `rows.ts`.
 */
import { z } from 'zod';
import { causes } from '../workload/dialect.ts';

export const schemaVersion = 1;

const count = z.int().nonnegative();
const maybe = z.number().nullable();

const latencySummary = z.object({
  count,
  avgUs: maybe,
  stddevUs: maybe,
  minUs: maybe,
  p50Us: maybe,
  p90Us: maybe,
  p99Us: maybe,
  p999Us: maybe,
  maxUs: maybe,
});
/** Of successful operations only, µs. */
export type LatencySummary = z.infer<typeof latencySummary>;

const causeCounts = z.record(z.enum(causes), count);
export type CauseCounts = z.infer<typeof causeCounts>;

const sample = z.object({
  /** Counts from the start of the warm-up, from 0. */
  index: count,
  phase: z.enum(['warmup', 'measure']),
  /** Asked for 1 s; the last sample of a phase may be shorter. */
  lengthS: z.number(),
  success: count,
  readsFailed: count,
  writesFailed: count,
  causes: causeCounts.nullable(),
  staleReads: count.nullable(),
  inflight: count.nullable(),
  read: latencySummary,
  write: latencySummary,
});
/** What happened in one second (or one tenth, in a failover run). */
export type Sample = z.infer<typeof sample>;

const whole = z.object({
  sent: count,
  readsOk: count,
  writesOk: count,
  readsFailed: count,
  writesFailed: count,
  /** Requests that the driver was still waiting for when it gave up, by its own book. */
  inflightAtEnd: count,
});
/** From the first request of the warm-up to the last answer of the drain. */
export type Whole = z.infer<typeof whole>;

const windowTotals = z.object({
  success: count,
  causes: causeCounts,
  staleReads: count,
  verifiedReads: count,
  read: latencySummary,
  write: latencySummary,
  all: latencySummary,
  /** HdrHistogram V2, compressed, base64; null where the driver keeps none. */
  histograms: z.object({ read: z.string(), write: z.string() }).nullable(),
  /** Successes and failures: what the clients really waited. */
  latencySumUs: z.number(),
  /** What the clients really rested before these operations. */
  thinkSumUs: z.number(),
  attemptedReads: count,
  attemptedWrites: count,
  /** Attempts by key index; null where the driver cannot count them. */
  keyCounts: z.array(count).nullable(),
});
/** The measured window: operations whose answer came in it. */
export type WindowTotals = z.infer<typeof windowTotals>;

const generator = z.object({
  /** Of one core, the whole process of the driver. */
  cpuPct: maybe,
  eventLoopUtilization: maybe,
  loopDelayP99Ms: maybe,
});

const openLoop = z.object({
  offeredRps: z.number(),
  dropped: count,
  lagP50Us: maybe,
  lagP99Us: maybe,
});

export const measurementSchema = z.object({
  /** Monotonic length of the measured window. */
  measuredS: z.number(),
  /** The same by the wall clock. */
  wallS: z.number(),
  window: windowTotals,
  whole,
  samples: z.array(sample),
  generator,
  open: openLoop.nullable(),
  /** Why the driver stopped early; '' where it did not. */
  aborted: z.string(),
  /** Up to ten sentences about what went wrong, for people. */
  faults: z.array(z.string()),
});
/** What a driver hands back. */
export type Measurement = z.infer<typeof measurementSchema>;

const keyDistribution = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('uniform') }),
  z.object({ kind: z.literal('zipfian'), theta: z.number() }),
  z.object({ kind: z.literal('hotspot') }),
  z.object({ kind: z.literal('latest') }),
]);

const workload = z.object({
  preset: z.enum(['mixed', 'a', 'b', 'c', 'd', 'f']),
  writeRatio: z.number(),
  modifyRatio: z.number(),
  keys: keyDistribution,
  keyCount: count,
  valueBytes: count,
  thinkMs: z.number(),
  seed: count,
});

export const driverNames = ['autocannon', 'native', 'k6', 'redis-benchmark'] as const;
export const runtimeNames = ['node', 'bun', 'deno', 'native'] as const;
export type DriverName = (typeof driverNames)[number];
export type RuntimeName = (typeof runtimeNames)[number];

const cellConfig = z.object({
  /** `dsm`, or the name of a peer. */
  target: z.string(),
  driver: z.enum(driverNames),
  /** What the servers run on; `native` for a peer that is no JavaScript. */
  runtime: z.enum(runtimeNames),
  workload,
  clients: count,
  slaves: count,
  backups: count,
  /** Operations offered per second; null: a closed loop. */
  rateRps: maybe,
  warmupS: z.number(),
  measureS: z.number(),
  /** Who answers a READ that came to the master: itself, or a slave it forwards to. */
  readFrom: z.enum(['master', 'slaves']),
  /** Where the clients connect: all to the master, or each to a slave in turn. */
  attach: z.enum(['master', 'slaves']),
});
export type CellConfig = z.infer<typeof cellConfig>;

const nodeLoad = z.object({
  nodeId: z.string(),
  role: z.string(),
  pid: count.nullable(),
  /** Grown over the whole run of the driver; null where the server does not count it. */
  reads: maybe,
  writes: maybe,
  appends: maybe,
  /** CPU time during the measured window. */
  cpuUs: maybe,
  rssBytes: maybe,
});
export type NodeLoad = z.infer<typeof nodeLoad>;

const health = z.object({
  /** Faults found when the cluster was looked at again after the drain. */
  faults: z.array(z.string()),
  checked: z.boolean(),
});

const host = z.object({
  psiCpuAvg10Before: maybe,
  psiCpuAvg10After: maybe,
  stealPct: maybe,
  loadAverage: maybe,
});

const finding = z.object({
  gate: z.number(),
  name: z.string(),
  result: z.enum(['pass', 'fail', 'skip']),
  /** `hard`: invalid; `noise`: tagged noisy; `mark`: a watermark. */
  weight: z.enum(['hard', 'noise', 'mark']),
  detail: z.string(),
});
export type Finding = z.infer<typeof finding>;

const promises = z.object({
  replication: z.string(),
  durableOnAck: z.string(),
  readConsistency: z.string(),
  protocol: z.string(),
});
/** What a target promises: numbers are compared only beside it. */
export type Promises = z.infer<typeof promises>;

export const cellSchema = z.object({
  schemaVersion: z.literal(schemaVersion),
  runId: z.string(),
  key: z.string(),
  repeat: count,
  startedAt: z.string(),
  config: cellConfig,
  promises,
  /** Of a server that answers anything with a constant there is nothing to verify. */
  verifiable: z.boolean(),
  /** Whether a stale read breaks a promise of the target. */
  linearizable: z.boolean(),
  measurement: measurementSchema,
  nodes: z.array(nodeLoad),
  /** Growth of the counters of all entry nodes: what the servers say was asked of them. */
  served: z.object({ reads: maybe, writes: maybe }),
  health,
  host,
  /** Filled by the gates; computed again by `check`. */
  findings: z.array(finding),
  valid: z.boolean(),
  noisy: z.boolean(),
});
export type Cell = z.infer<typeof cellSchema>;

/** Throws where the text is no measurement. */
export const parseMeasurement = (text: string): Measurement =>
  measurementSchema.parse(JSON.parse(text));

/** Throws a sentence that names the file and the first fault. */
export function parseCell(text: string, where: string): Cell {
  const parsed = cellSchema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Error(`${where} is not a cell: ${issue?.path.join('.')}: ${issue?.message}`);
}
