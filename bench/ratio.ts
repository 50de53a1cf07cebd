/**
 * `npm run bench:ratio`: how much of an empty Hono server's throughput is left when the server is a
 * cluster: 1 master, 1 backup, 3 slaves. Both run on the same runtime and are driven by wrk in turns,
 * so that what else the machine does hits both. The ratio travels between machines; rates do not.
 */
import { parseArgs } from 'node:util';
import { startCluster, startEmptyServer } from './ratio/servers.ts';
import { median, type Round, shareOf } from './ratio/shares.ts';
import { createWrk, type Operation, type WrkRun } from './ratio/wrk.ts';
import type { ServerProcess } from './targets/processes.ts';

const usage = `npm run bench:ratio -- [--runtime node|bun|deno] [--rounds 3] [--seconds 5]
  [--warm-up 15] [--json]

--seconds is of one run, --warm-up of what is thrown away before the first: for each server and
operation. Five processes on two cores are compiled slowly; less of it measures the compilers.

Exit codes: 0 valid; 1 a round was invalid; 2 it could not be run; 130 stopped by a signal.`;

const runtimes = ['node', 'bun', 'deno'] as const;
const operations = ['PUT', 'GET'] as const satisfies readonly Operation[];

interface Options {
  readonly runtime: (typeof runtimes)[number];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly json: boolean;
}

/** Throws with a sentence for a person. */
function parseOptions(argv: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      runtime: { type: 'string', default: 'node' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '5' },
      'warm-up': { type: 'string', default: '15' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const runtime = runtimes.find((name) => name === values.runtime);
  if (runtime === undefined) throw new Error(`--runtime must be one of ${runtimes.join(', ')}`);
  const rounds = parseCount('rounds', values.rounds, 100);
  return {
    runtime,
    rounds,
    seconds: parseCount('seconds', values.seconds, 600),
    warmUpSeconds: parseCount('warm-up', values['warm-up'], 600),
    json: values.json,
  };
}

function parseCount(name: string, text: string, max: number): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= max) return count;
  throw new Error(`--${name} must be a whole number from 1 to ${max}, not ${text}`);
}

/** What is said while it runs: on standard error, so that `--json` stays clean. */
function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function measure(options: Options, stop: AbortSignal): Promise<readonly Round[]> {
  const wrk = await createWrk(stop);
  const servers: ServerProcess[] = [];
  try {
    const empty = await startEmptyServer(options.runtime, servers);
    const cluster = await startCluster(options.runtime, wrk.folder, servers);
    const run = (url: string, operation: Operation, seconds: number) =>
      wrk.run({ url, operation, seconds });
    say(`empty server ${empty}, active master ${cluster}; warming up`);
    for (const operation of operations) {
      for (const url of [empty, cluster]) await run(url, operation, options.warmUpSeconds);
    }
    const rounds: Round[] = [];
    for (let number = 1; number <= options.rounds; number += 1) {
      for (const operation of operations) {
        const first = await run(empty, operation, options.seconds);
        const second = await run(cluster, operation, options.seconds);
        const round = { number, operation, empty: first, cluster: second };
        rounds.push(round);
        say(describe(round));
      }
    }
    return rounds;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await wrk.remove();
  }
}

function describe(round: Round): string {
  const { number, operation, empty, cluster } = round;
  const rates = `empty ${rate(empty)}, cluster ${rate(cluster)}`;
  const share = `share ${shareOf(round).toFixed(3)}`;
  return `round ${number} ${operation}: ${rates}, ${share}${faultsText(empty)}${faultsText(cluster)}`;
}

const rate = ({ requestsPerSecond }: WrkRun): string => `${Math.round(requestsPerSecond)}/s`;

function faultsText({ faults }: WrkRun): string {
  return faults.length === 0 ? '' : `  *** INVALID: ${faults.join(', ')} ***`;
}

interface Summary {
  readonly operation: Operation;
  readonly emptyPerSecond: number;
  readonly clusterPerSecond: number;
  readonly share: number;
  readonly shareMin: number;
  readonly shareMax: number;
}

/** The share is the median of the rounds' shares: the two runs of a round saw the same machine. */
function summarize(rounds: readonly Round[], operation: Operation): Summary {
  const own = rounds.filter((round) => round.operation === operation);
  const shares = own.map(shareOf);
  return {
    operation,
    emptyPerSecond: median(own.map(({ empty }) => empty.requestsPerSecond)),
    clusterPerSecond: median(own.map(({ cluster }) => cluster.requestsPerSecond)),
    share: median(shares),
    shareMin: Math.min(...shares),
    shareMax: Math.max(...shares),
  };
}

function report(options: Options, rounds: readonly Round[]): boolean {
  const summaries = operations.map((operation) => summarize(rounds, operation));
  const isValid = rounds.every(({ empty, cluster }) => isSound(empty) && isSound(cluster));
  if (options.json) {
    const { runtime, seconds } = options;
    process.stdout.write(`${JSON.stringify({ runtime, seconds, isValid, summaries, rounds })}\n`);
  } else {
    for (const { operation, share, shareMin, shareMax, ...rates } of summaries) {
      const spread = `${shareMin.toFixed(3)} to ${shareMax.toFixed(3)}`;
      const both = `${Math.round(rates.clusterPerSecond)} of ${Math.round(rates.emptyPerSecond)}/s`;
      const text = `${operation} on ${options.runtime}: ${both}, share ${share.toFixed(3)} (${spread})`;
      process.stdout.write(`${text}\n`);
    }
  }
  if (!isValid) say('*** INVALID: requests failed, so the rates count what is no answer ***');
  return isValid;
}

const isSound = ({ faults }: WrkRun): boolean => faults.length === 0;

async function main(): Promise<number> {
  const stop = new AbortController();
  const onSignal = () => {
    // The servers are in process groups of their own, which end with this process at the latest.
    if (stop.signal.aborted) process.exit(130);
    say('stopping; once more to stop at once');
    stop.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  try {
    const options = parseOptions(process.argv.slice(2));
    if (options === null) {
      process.stdout.write(`${usage}\n`);
      return 0;
    }
    return report(options, await measure(options, stop.signal)) ? 0 : 1;
  } catch (error) {
    if (stop.signal.aborted) return 130;
    say(error instanceof Error ? error.message : String(error));
    return 2;
  }
}

process.exitCode = await main();
