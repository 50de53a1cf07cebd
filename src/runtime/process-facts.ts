/** What the process costs its machine, for `/metrics`. */
import process from 'node:process';
import type { ProcessFacts } from '../http/metrics/metrics-route.ts';

const startedAtMs = performance.timeOrigin;

export function processFacts(): ProcessFacts {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const cpuSeconds = (user + system) / 1e6;
  return { startedAtMs, cpuSeconds, residentBytes: rss, heapBytes: heapUsed };
}
