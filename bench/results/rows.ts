/**
 * The rows of `summary`, `per_second` and `nodes`, derived from stored cells. Throughput is
 * goodput: verified successes per second. `total_requests` = successes + errors = reads + writes,
 * of the measured window only.
 */

import { keysText } from '../workload/config.ts';
import { causes } from '../workload/dialect.ts';
import type { CauseCounts, Cell, LatencySummary, NodeLoad, Sample } from './schema.ts';
import type { Row } from './table.ts';

/** Rounded for people and for git; `null` stays "not measured". */
function rounded(value: number | null, digits = 2): number | null {
  if (value === null || !Number.isFinite(value)) return null;
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}

const ratio = (part: number | null, whole: number): number | null =>
  part === null || whole === 0 ? null : part / whole;

const errorsOf = (counts: CauseCounts): number =>
  causes.reduce((sum, cause) => sum + counts[cause], 0);

function latencyColumns(prefix: string, latency: LatencySummary): Row {
  return {
    [`${prefix}_stddev_us`]: latency.stddevUs,
    [`${prefix}_min_us`]: latency.minUs,
    [`${prefix}_p50_us`]: latency.p50Us,
    [`${prefix}_p90_us`]: latency.p90Us,
    [`${prefix}_p99_us`]: latency.p99Us,
    [`${prefix}_p999_us`]: latency.p999Us,
    [`${prefix}_max_us`]: latency.maxUs,
  };
}

function causeColumns(counts: CauseCounts | null): Row {
  return Object.fromEntries(causes.map((cause) => [`${cause}_count`, counts?.[cause] ?? null]));
}

function configColumns(cell: Cell): Row {
  const { config } = cell;
  return {
    run_id: cell.runId,
    cell: cell.key,
    repeat: cell.repeat,
    target: config.target,
    driver: config.driver,
    runtime: config.runtime,
    mode: config.rateRps === null ? 'closed' : 'open',
    workload: config.workload.preset,
    keys: keysText(config.workload.keys),
    value_bytes: config.workload.valueBytes,
    write_ratio: config.workload.writeRatio,
    think_ms: config.workload.thinkMs,
    read_from: config.readFrom,
    attach: config.attach,
    backups: config.backups,
  };
}

const isSlave = (node: NodeLoad): boolean => node.role === 'slave';

const sumOf = (values: readonly (number | null)[]): number | null =>
  values.length === 0 || values.includes(null)
    ? null
    : values.reduce<number>((sum, value) => sum + (value ?? 0), 0);

/** Greatest share over fair share, of what the slaves served; 1 is even. null without slaves. */
export function imbalance(loads: readonly (number | null)[]): number | null {
  const total = sumOf(loads);
  if (total === null || total === 0) return null;
  return (Math.max(...loads.map((load) => load ?? 0)) * loads.length) / total;
}

function resourceColumns(cell: Cell, operations: number): Row {
  const { nodes, measurement, host } = cell;
  const slaves = nodes.filter(isSlave);
  const masters = nodes.filter((node) => !isSlave(node));
  const cpuPerOp = (group: readonly NodeLoad[]) =>
    rounded(ratio(sumOf(group.map((node) => node.cpuUs)), operations), 1);
  const megabytes = (bytes: number | null) => rounded(ratio(bytes, 1_048_576), 1);
  return {
    cpu_us_per_op: cpuPerOp(nodes),
    master_cpu_us_per_op: cpuPerOp(masters),
    slave_cpu_us_per_op: cpuPerOp(slaves),
    rss_mb_total: megabytes(sumOf(nodes.map((node) => node.rssBytes))),
    rss_mb_master_max: megabytes(sumOf([masters[0]?.rssBytes ?? null])),
    slave_read_imbalance: rounded(imbalance(slaves.map((node) => node.reads)), 3),
    slave_append_imbalance: rounded(imbalance(slaves.map((node) => node.appends)), 3),
    gen_cpu_pct: rounded(measurement.generator.cpuPct, 1),
    gen_elu: rounded(measurement.generator.eventLoopUtilization, 3),
    gen_loop_delay_p99_ms: rounded(measurement.generator.loopDelayP99Ms),
    psi_cpu_avg10: host.psiCpuAvg10After,
    steal_pct: rounded(host.stealPct, 1),
  };
}

/** The population that Little's law finds: X · (R + Z). */
export function littlesN(cell: Cell): number | null {
  const { measurement, config } = cell;
  if (config.rateRps !== null || measurement.measuredS === 0) return null;
  const { latencySumUs, thinkSumUs } = measurement.window;
  return (latencySumUs + thinkSumUs) / 1e6 / measurement.measuredS;
}

function accountColumns(cell: Cell, operations: number): Row {
  const { window, whole, open } = cell.measurement;
  const answered = whole.readsOk + whole.writesOk + whole.readsFailed + whole.writesFailed;
  return {
    error_rate: rounded(ratio(operations - window.success, operations), 6),
    stale_reads: window.staleReads,
    verified_reads: window.verifiedReads,
    sent: whole.sent,
    lost: whole.sent - answered - whole.inflightAtEnd,
    inflight_at_end: whole.inflightAtEnd,
    think_actual_us: rounded(ratio(window.thinkSumUs, operations), 0),
    littles_n: rounded(littlesN(cell), 3),
    offered_rps: open?.offeredRps ?? null,
    dropped: open?.dropped ?? null,
    sched_lag_p99_us: open?.lagP99Us ?? null,
  };
}

export function summaryRow(cell: Cell): Row {
  const { window, measuredS } = cell.measurement;
  const operations = window.attemptedReads + window.attemptedWrites;
  const failed = (weight: string) =>
    cell.findings
      .filter((finding) => finding.result === 'fail' && finding.weight === weight)
      .map((finding) => `${finding.gate} ${finding.name}`)
      .join('; ');
  return {
    timestamp: cell.startedAt,
    client_count: cell.config.clients,
    slave_count: cell.config.slaves,
    total_requests: operations,
    success_count: window.success,
    error_count: errorsOf(window.causes),
    read_latency_us: window.read.avgUs,
    write_latency_us: window.write.avgUs,
    throughput_rps: rounded(ratio(window.success, measuredS)),
    read_count: window.attemptedReads,
    write_count: window.attemptedWrites,
    ...latencyColumns('read', window.read),
    ...latencyColumns('write', window.write),
    ...causeColumns(window.causes),
    ...accountColumns(cell, operations),
    ...resourceColumns(cell, operations),
    measured_s: rounded(measuredS, 3),
    ...configColumns(cell),
    valid: cell.valid,
    noisy: cell.noisy,
    invalid_reasons: failed('hard'),
    noisy_reasons: failed('noise'),
  };
}

function sampleRow(cell: Cell, sample: Sample, startS: number): Row {
  const startedMs = Date.parse(cell.startedAt);
  const reads = sample.read.count + sample.readsFailed;
  const writes = sample.write.count + sample.writesFailed;
  return {
    timestamp: new Date(startedMs + startS * 1000).toISOString(),
    client_count: cell.config.clients,
    slave_count: cell.config.slaves,
    total_requests: reads + writes,
    success_count: sample.success,
    error_count: sample.readsFailed + sample.writesFailed,
    read_latency_us: sample.read.avgUs,
    write_latency_us: sample.write.avgUs,
    throughput_rps: rounded(ratio(sample.success, sample.lengthS)),
    read_count: reads,
    write_count: writes,
    second: rounded(startS, 3),
    length_s: rounded(sample.lengthS, 3),
    phase: sample.phase,
    ...latencyColumns('read', sample.read),
    ...latencyColumns('write', sample.write),
    ...causeColumns(sample.causes),
    stale_reads: sample.staleReads,
    inflight: sample.inflight,
    cell: cell.key,
    repeat: cell.repeat,
  };
}

/** One row per sample, the warm-up included and marked. */
export function sampleRows(cell: Cell): Row[] {
  let startS = 0;
  return cell.measurement.samples.map((sample) => {
    const row = sampleRow(cell, sample, startS);
    startS += sample.lengthS;
    return row;
  });
}

/** One row per server process. */
export function nodeRows(cell: Cell): Row[] {
  const operations =
    cell.measurement.window.attemptedReads + cell.measurement.window.attemptedWrites;
  return cell.nodes.map((node) => ({
    timestamp: cell.startedAt,
    client_count: cell.config.clients,
    slave_count: cell.config.slaves,
    node_id: node.nodeId,
    role: node.role,
    reads: node.reads,
    writes: node.writes,
    appends: node.appends,
    cpu_us: node.cpuUs,
    cpu_us_per_op: rounded(ratio(node.cpuUs, operations), 1),
    rss_mb: rounded(ratio(node.rssBytes, 1_048_576), 1),
    cell: cell.key,
    repeat: cell.repeat,
  }));
}
