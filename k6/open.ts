/**
 * The open model: RATE requests per second are due whatever the server does; CLIENTS is the most
 * that can be under way. A request for which no client is free is dropped, and fails the run.
 *
 *   k6 run -e MASTER=http://127.0.0.1:12345 -e RATE=500 -e CLIENTS=100 k6/open.ts
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

const arrivals = {
  executor: 'constant-arrival-rate',
  rate: settings.rateRps,
  timeUnit: '1s',
  preAllocatedVUs: settings.clients,
  gracefulStop: '5s',
} as const;
const warmup = { ...arrivals, duration: `${settings.warmupS}s` } as const;
const measure = {
  ...arrivals,
  startTime: `${settings.warmupS}s`,
  duration: `${settings.measureS}s`,
} as const;

export const options: Options = {
  scenarios: settings.warmupS > 0 ? { warmup, measure } : { measure },
  thresholds: thresholds(settings, true),
  summaryTrendStats: trendStatistics,
  systemTags: ['status', 'method', 'name', 'scenario', 'error_code'],
};

let client: Client | undefined;

export function setup(): void {
  if (settings.preload) preload(settings);
}

export default function iterate(): void {
  client ??= new Client(settings, exec.vu.idInTest - 1);
  client.iterate(0);
}

export function handleSummary(data: SummaryData): Record<string, string> {
  return outputOf(measurementOf(data, settings, true), settings, true);
}
