/**
 * Redis by its own tool: native protocol, C client, SET and GET apart, nothing verified. It shows
 * what HTTP and verification cost, and stands beside the cells, never among them.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ProcessGroup, startedOrStopped } from '../targets/group.ts';
import { freePorts } from '../targets/ports.ts';
import { findProgram } from '../targets/processes.ts';
import { startRedis } from '../targets/redis.ts';

const requests = 50_000;
const limitMs = 120_000;

export interface NativeRedis {
  readonly connections: number;
  readonly setRps: number;
  readonly getRps: number;
  /** At the asked mix, as one client would see it: 1 / (w/SET + (1−w)/GET). */
  readonly mixedRps: number;
}

/** One line per test: `"SET","46082.95",…`. Throws where a test is missing. */
export function parseRedisCsv(text: string): { setRps: number; getRps: number } {
  const rateOf = (test: string) => {
    const match = new RegExp(`^"${test}","([0-9.]+)"`, 'm').exec(text);
    if (match === null) throw new Error(`redis-benchmark reported no ${test}:\n${text}`);
    return Number(match[1]);
  };
  return { setRps: rateOf('SET'), getRps: rateOf('GET') };
}

/** The same key count, value size and connections as the other peers; no pipelining. */
export async function measureNativeRedis(
  dataRoot: string,
  stop: AbortSignal,
  connections: number,
  workload: { readonly keyCount: number; readonly valueBytes: number; readonly writeRatio: number },
): Promise<NativeRedis> {
  const program = findProgram('redis-benchmark');
  if (program === null) throw new Error('redis-benchmark is not on PATH');
  const group = await ProcessGroup.create(dataRoot, 'redis', stop);
  return await startedOrStopped(group, async () => {
    const [port = 0] = await freePorts(1);
    await startRedis(group, port);
    const options = [
      ...['-p', String(port), '-c', String(connections), '-n', String(requests)],
      ...['-r', String(workload.keyCount), '-d', String(workload.valueBytes), '-P', '1'],
      ...['-t', 'set,get', '--csv'],
    ];
    const { stdout } = await promisify(execFile)(program, options, { timeout: limitMs });
    await group.stop();
    const rates = parseRedisCsv(stdout);
    const { writeRatio: w } = workload;
    return { connections, ...rates, mixedRps: 1 / (w / rates.setRps + (1 - w) / rates.getRps) };
  });
}
