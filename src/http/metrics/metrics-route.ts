/** `GET /metrics`: all that a node knows of itself, for Prometheus. Nothing is counted for it alone. */
import type { Hono } from 'hono';
import type { NodeApi } from '../../node/api.ts';
import type { Answers } from '../answers.ts';
import { Exposition, expositionType } from './exposition.ts';
import * as families from './families.ts';
import type { RequestCounts } from './request-counts.ts';

export interface ProcessFacts {
  /** By the wall clock. */
  readonly startedAtMs: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
}

export interface MetricsOptions {
  readonly node: NodeApi;
  readonly answers: Answers;
  readonly counts: RequestCounts;
  readonly processFacts: (() => ProcessFacts) | undefined;
}

export function addMetricsRoute(app: Hono, options: MetricsOptions): void {
  const headers = { 'content-type': expositionType };
  app.get('/metrics', () => options.answers.make(200, metricsText(options), headers));
}

function metricsText({ node, counts, processFacts }: MetricsOptions): string {
  const out = new Exposition();
  const status = node.status();
  const gauges = node.gauges();
  const isReady = node.checks().every(({ ok }) => ok);
  families.addState(out, status, isReady);
  families.addLog(out, status);
  families.addCluster(out, status);
  families.addStore(out, status, gauges, node.limits);
  families.addQueues(out, gauges);
  families.addDisk(out, gauges);
  families.addCounters(out, status.counters);
  const help = 'Calls by class of path, method and status';
  out.counter('dsm_http_requests_total', help, counts.samples());
  if (processFacts !== undefined) addProcess(out, processFacts());
  return String(out);
}

/** The names that every Prometheus library uses. */
function addProcess(out: Exposition, facts: ProcessFacts): void {
  const { startedAtMs, cpuSeconds, residentBytes, heapBytes } = facts;
  out.gauge('process_start_time_seconds', 'Unix time of the start', startedAtMs / 1000);
  out.counter('process_cpu_seconds_total', 'Time on processors', cpuSeconds);
  out.gauge('process_resident_memory_bytes', 'Memory that the process holds', residentBytes);
  out.gauge('process_heap_bytes', 'Of it the used heap of JavaScript', heapBytes);
}
