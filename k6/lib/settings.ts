/**
 * What `k6 run -e NAME=value` may set. All have defaults but MASTER, so that
 * `k6 run -e MASTER=http://127.0.0.1:12345 k6/mixed.ts` is a whole benchmark.
 */
import { parseNumber, parseWorkload, type Workload } from '../../bench/workload/config.ts';

export interface Settings {
  /** Where the clients connect; client i to `entries[i % length]`. */
  readonly entries: readonly string[];
  readonly clients: number;
  /** Only of the open model: operations offered per second. */
  readonly rateRps: number;
  readonly warmupS: number;
  readonly measureS: number;
  readonly workload: Workload;
  /** Write every key before the run. The bench does that itself, and sets PRELOAD=0. */
  readonly preload: boolean;
  /** An existing folder for the results; '' writes none. */
  readonly out: string;
  /** For the rows only: k6 cannot see how many slaves there are. */
  readonly slaves: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws one error that names every fault. */
export function parseSettings(env: Environment): Settings {
  const faults: string[] = [];
  const number = (name: string, fallback: number, low: number, high: number) =>
    parseNumber(name, env[name], fallback, [low, high], faults);
  const settings = {
    entries: (env.MASTER ?? '').split(',').filter((url) => url !== ''),
    clients: number('CLIENTS', 10, 1, 10_000),
    rateRps: number('RATE', 500, 1, 1_000_000),
    warmupS: number('WARMUP_S', 5, 0, 3600),
    // k6 refuses a scenario shorter than a second.
    measureS: number('MEASURE_S', 10, 1, 3600),
    slaves: number('SLAVES', 0, 0, 1000),
    preload: env.PRELOAD !== '0',
    out: env.OUT ?? '',
  };
  if (settings.warmupS > 0 && settings.warmupS < 1) faults.push('WARMUP_S must be 0, or 1 or more');
  if (settings.entries.length === 0) {
    faults.push('MASTER must be a URL like http://127.0.0.1:12345, or several with commas');
  }
  if (faults.length > 0) throw new Error(faults.join('; '));
  const workload = parseWorkload({
    workload: env.WORKLOAD,
    writeRatio: env.WRITE_RATIO,
    keys: env.KEYS,
    keyCount: env.KEY_COUNT,
    valueBytes: env.VALUE_BYTES,
    thinkMs: env.THINK_MS,
    seed: env.SEED,
  });
  return { ...settings, workload };
}
