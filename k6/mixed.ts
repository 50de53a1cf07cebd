/**
 * The closed loop: CLIENTS clients, each with one request at a time and THINK_MS of rest between.
 *
 *   k6 run -e MASTER=http://127.0.0.1:12345 k6/mixed.ts
 *
 * `lib/settings.ts` lists what else can be set.
 */
import exec from 'k6/execution';
import type { Options } from 'k6/options';
import { Client } from './lib/client.ts';
import { thresholds, trendStatistics } from './lib/metrics.ts';
import { outputOf } from './lib/output.ts';
import { preload } from './lib/preload.ts';
import { parseSettings } from './lib/settings.ts';
import { measurementOf, type SummaryData } from './lib/summary.ts';

const settings = parseSettings(__ENV);
const vus = settings.clients;

const warmup = {
  executor: 'constant-vus',
  vus,
  duration: `${settings.warmupS}s`,
  gracefulStop: '2s',
} as const;
const measure = {
  executor: 'constant-vus',
  vus,
  startTime: `${settings.warmupS}s`,
  duration: `${settings.measureS}s`,
  gracefulStop: '5s',
} as const;

export const options: Options = {
  scenarios: settings.warmupS > 0 ? { warmup, measure } : { measure },
  thresholds: thresholds(settings, false),
  summaryTrendStats: trendStatistics,
  systemTags: ['status', 'method', 'name', 'scenario', 'error_code'],
};

let client: Client | undefined;

export function setup(): void {
  if (settings.preload) preload(settings);
}

export default function iterate(): void {
  client ??= new Client(settings, exec.vu.idInTest - 1);
  client.iterate(settings.workload.thinkMs);
}

export function handleSummary(data: SummaryData): Record<string, string> {
  return outputOf(measurementOf(data, settings, false), settings, false);
}
