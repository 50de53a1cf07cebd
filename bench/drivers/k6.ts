/**
 * k6 as a driver: runs `k6/mixed.ts` (closed) or `k6/open.ts` (open) in its own process and takes
 * the measurement that `handleSummary` wrote. k6 is no npm package: it is found by K6_BIN or PATH.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { processCpuUs } from '../host.ts';
import type { Driver, LoadEvent, LoadPlan } from '../measure/plan.ts';
import { type Measurement, parseMeasurement } from '../results/schema.ts';
import { findProgram } from '../targets/processes.ts';
import { keysText } from '../workload/config.ts';

export const k6Missing =
  'k6 not found: install it with `go install go.k6.io/k6/v2@latest` (Go 1.26 or newer), ' +
  'or download it from https://github.com/grafana/k6/releases, and put it on PATH or in K6_BIN';

/** null where there is none. */
export function findK6(): string | null {
  const named = process.env.K6_BIN;
  if (named !== undefined && named !== '') return existsSync(named) ? named : null;
  return findProgram('k6');
}

/** Of k6's documented exit codes, those after which the summary is still worth reading. */
const thresholdsFailed = 99;
const exitMeanings: Readonly<Record<number, string>> = Object.freeze({
  104: 'its configuration is not valid',
  105: 'it was interrupted',
  107: 'the script threw an exception',
  108: 'the script ended the test',
  110: 'the test was marked as failed',
});
const graceMs = 30_000;
const faultsMax = 10;

function scriptArguments(plan: LoadPlan, out: string): string[] {
  const { workload } = plan;
  const script = plan.rateRps === null ? 'mixed' : 'open';
  const env = {
    MASTER: plan.targets.join(','),
    CLIENTS: plan.clients,
    RATE: plan.rateRps ?? 1,
    WARMUP_S: plan.warmupMs / 1000,
    MEASURE_S: plan.measureMs / 1000,
    WORKLOAD: workload.preset,
    WRITE_RATIO: workload.writeRatio,
    KEYS: keysText(workload.keys),
    KEY_COUNT: workload.keyCount,
    VALUE_BYTES: workload.valueBytes,
    THINK_MS: workload.thinkMs,
    SEED: workload.seed,
    PRELOAD: 0,
    OUT: out,
  };
  return [
    'run',
    ...['--quiet', '--no-color', '--no-usage-report', '--log-format', 'raw'],
    ...Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
    fileURLToPath(new URL(`../../k6/${script}.ts`, import.meta.url)),
  ];
}

/** CPU of k6 in the measured window, percent of one core. */
function watchCpu(pid: number) {
  let startMs = 0;
  let startUs = 0;
  let pct: number | null = null;
  return {
    onPhase(phase: string): void {
      if (phase === 'measure') {
        startMs = performance.now();
        startUs = processCpuUs(pid) ?? 0;
      } else if (phase === 'drain' && startMs > 0) {
        const usedUs = (processCpuUs(pid) ?? startUs) - startUs;
        pct = usedUs / 10 / (performance.now() - startMs);
      }
    },
    pct: () => pct,
  };
}

interface Ran {
  readonly code: number;
  readonly log: string[];
  readonly cpuPct: number | null;
}

/** The script says on stderr when a phase begins; what else it says there are faults. */
async function runK6(
  program: string,
  plan: LoadPlan,
  out: string,
  onEvent: (event: LoadEvent) => void,
  stop: AbortSignal,
): Promise<Ran> {
  const child = spawn(program, scriptArguments(plan, out), {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, K6_AUTO_EXTENSION_RESOLUTION: 'false' },
  });
  const cpu = watchCpu(child.pid ?? 0);
  const log: string[] = [];
  let drainTimer: NodeJS.Timeout | undefined;
  const enter = (phase: 'warmup' | 'measure' | 'drain') => {
    cpu.onPhase(phase);
    onEvent({ type: 'phase', phase });
    if (phase === 'measure') drainTimer = setTimeout(() => enter('drain'), plan.measureMs);
  };
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line === 'phase warmup') enter('warmup');
    else if (line === 'phase measure') enter('measure');
    else if (line !== '' && log.length < faultsMax) log.push(line);
  });
  const onStop = () => child.kill('SIGINT');
  stop.addEventListener('abort', onStop);
  const limitMs = plan.warmupMs + plan.measureMs + plan.drainMs + graceMs;
  const overdue = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on('error', reject);
  child.on('close', (code) => resolve(code ?? -1));
  return await promise
    .then((code) => ({ code, log, cpuPct: cpu.pct() }))
    .finally(() => {
      clearTimeout(overdue);
      clearTimeout(drainTimer);
      stop.removeEventListener('abort', onStop);
    });
}

export const driveK6: Driver = async (plan, onEvent, stop): Promise<Measurement> => {
  const program = findK6();
  if (program === null) throw new Error(k6Missing);
  const out = await mkdtemp(join(tmpdir(), 'dsm-k6-'));
  try {
    const { code, log, cpuPct } = await runK6(program, plan, out, onEvent, stop);
    const path = join(out, 'measurement.json');
    const isReadable = (code === 0 || code === thresholdsFailed) && existsSync(path);
    if (!isReadable) {
      const meaning = exitMeanings[code] ?? 'an error';
      throw new Error(`k6 ended with ${code} (${meaning}): ${log.join('\n')}`);
    }
    const measurement = parseMeasurement(await readFile(path, 'utf8'));
    const faults = code === thresholdsFailed ? ['a threshold of k6 failed', ...log] : log;
    return { ...measurement, faults, generator: { ...measurement.generator, cpuPct } };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
};
