/** `bench sweep`: clients × slaves (× think time, driver, runtime, rate). */
import type { Command } from 'commander';
import { whyNot } from '../drivers/registry.ts';
import type { CellConfig, DriverName, RuntimeName } from '../results/schema.ts';
import { exitCodes } from '../sweep/interrupt.ts';
import { beyondLevels, cellKey, gridOf, hasFallen, orderCells } from '../sweep/orders.ts';
import { type RunState, runOrder } from '../sweep/runner.ts';
import { parseWorkload } from '../workload/config.ts';
import { numberList, oneNumber, oneWord, wordList } from './lists.ts';
import { drawAndReport } from './plot.ts';
import { type Finished, measureRun, printVerdict, type RunOptions } from './run.ts';

export interface SweepOptions {
  readonly clients: number[];
  readonly slaves: number[];
  readonly think: number[];
  readonly rate?: number[];
  readonly driver: DriverName[];
  readonly runtime: RuntimeName[];
  readonly target: string;
  readonly backups: number;
  readonly readFrom: 'master' | 'slaves';
  readonly attach: 'master' | 'slaves';
  readonly workload: string;
  readonly writeRatio?: string;
  readonly keys?: string;
  readonly keyCount?: string;
  readonly valueBytes?: string;
  readonly seed: number;
  readonly warmup: number;
  readonly measure: number;
  readonly repeats: number;
  readonly focusSlaves: number[];
  readonly focusClients: number[];
  readonly focusRepeats: number;
  readonly beyond: boolean;
  readonly out: string;
  readonly resume: boolean;
  readonly allowMixed: boolean;
  readonly dataRoot: string;
  readonly plots: boolean;
  readonly json: boolean;
}

function configsOf(options: SweepOptions, drivers: readonly DriverName[]): CellConfig[] {
  const base: CellConfig = {
    target: options.target,
    driver: 'autocannon',
    runtime: 'node',
    workload: parseWorkload({ ...options, seed: String(options.seed) }),
    clients: 1,
    slaves: 0,
    backups: options.backups,
    rateRps: null,
    warmupS: options.warmup,
    measureS: options.measure,
    readFrom: options.readFrom,
    attach: options.attach,
  };
  return gridOf(base, {
    clients: options.clients,
    slaves: options.slaves,
    thinkMs: options.think,
    ratesRps: options.rate ?? [null],
    drivers,
    runtimes: options.runtime,
  });
}

/** Without think time, more clients until three levels in a row are slower than those before. */
async function goBeyond(state: RunState, options: SweepOptions, configs: readonly CellConfig[]) {
  const most = Math.max(...options.clients);
  const starts = configs.filter(
    ({ clients, slaves, workload }) =>
      clients === most && workload.thinkMs === 0 && options.focusSlaves.includes(slaves),
  );
  for (const start of starts) {
    const rates: number[] = [];
    for (const clients of beyondLevels.filter((level) => level > most)) {
      const config = { ...start, clients };
      const { runId } = state.manifest;
      const order = { runId, key: cellKey(config), repeat: 0, config };
      const cell = await runOrder(state, order);
      if (cell === null) break;
      rates.push(cell.measurement.window.success / cell.measurement.measuredS);
      if (hasFallen(rates)) break;
    }
  }
}

/** The drivers that can run here; the others are named, with how to get them. */
function usableDrivers(asked: readonly DriverName[]): DriverName[] {
  return asked.filter((name) => {
    const reason = whyNot(name);
    if (reason !== '') process.stderr.write(`skipped: ${reason}\n`);
    return reason === '';
  });
}

export async function runSweep(command: string, options: SweepOptions): Promise<Finished | null> {
  const drivers = usableDrivers(options.driver);
  if (drivers.length === 0) return null;
  const configs = configsOf(options, drivers);
  const repeats = {
    all: options.repeats,
    focus: options.focusRepeats,
    focusSlaves: options.focusSlaves,
    focusClients: options.focusClients,
  };
  const run: RunOptions = { ...options, command };
  return await measureRun(
    run,
    (runId) => orderCells(runId, configs, repeats, options.seed),
    async (state, orders) => {
      for (const order of orders) await runOrder(state, order);
      if (options.beyond) await goBeyond(state, options, configs);
    },
  );
}

async function sweepCommand(options: SweepOptions, command: Command): Promise<void> {
  const finished = await runSweep(command.name(), options);
  if (finished === null) {
    process.exitCode = exitCodes.unfit;
    return;
  }
  if (options.plots && finished.cells.length > 0) await drawAndReport(finished.folder);
  if (options.json) {
    const { path } = finished.folder;
    process.stdout.write(`${JSON.stringify({ folder: path, exitCode: finished.exitCode })}\n`);
  } else {
    printVerdict(finished);
  }
  process.exitCode = finished.exitCode;
}

/** Options that every measuring command has. */
export function addRunOptions(command: Command): Command {
  return command
    .option('--seed <number>', 'every choice follows from it', oneNumber(0, 0xffff_ffff), 1)
    .option('--out <folder>', 'folder of the run; a new one under results/ by default', '')
    .option('--resume', 'go on with the run in --out', false)
    .option(
      '--allow-mixed',
      'resume on another commit or machine, and say so in the results',
      false,
    )
    .option('--data-root <folder>', 'where servers keep their logs; the system’s by default', '')
    .option('--no-plots', 'draw nothing')
    .option('--json', 'say where the results are as JSON', false);
}

/** `quick` sets the defaults of the five-minute run. */
export function addSweep(program: Command, name: string, quick: boolean): Command {
  const clients = quick ? [1, 5, 10, 20] : [1, 3, 5, 7, 10, 12, 15, 18, 20];
  const slaves = quick ? [1, 3, 5] : numberList(1, 10)('1..10');
  const command = program
    .command(name, { isDefault: quick })
    .description(quick ? 'a quick sweep of about five minutes' : 'clients × slaves')
    .option('--clients <list>', 'numbers of clients', numberList(1, 10_000), clients)
    .option('--slaves <list>', 'numbers of slaves', numberList(0, 100), slaves)
    .option('--think <list>', 'rest of a client, ms', numberList(0, 60_000), quick ? [10, 0] : [10])
    .option('--rate <list>', 'open model: operations per second', numberList(1, 1_000_000))
    .option('--driver <list>', 'autocannon, native, k6', driverList, ['autocannon'])
    .option('--runtime <list>', 'node, bun, deno', wordList(['node', 'bun', 'deno']), ['node'])
    .option('--target <name>', 'dsm, hono-map or noop', 'dsm')
    .option('--backups <number>', 'standby masters', oneNumber(0, 10), 1)
    .option('--read-from <who>', 'who answers READs at the master', masterOrSlaves, 'master')
    .option('--attach <who>', 'where clients connect', masterOrSlaves, 'master')
    .option('--workload <name>', 'mixed, or YCSB a, b, c, d, f', 'mixed')
    .option('--write-ratio <share>', 'share of writes; 0.3 for mixed')
    .option('--keys <how>', 'uniform, zipfian:0.99, hotspot, latest')
    .option('--key-count <number>', 'number of keys; 1000')
    .option('--value-bytes <number>', 'size of values; 100')
    .option('--warmup <s>', 'discarded', oneNumber(0, 3600), quick ? 2 : 5)
    .option('--measure <s>', 'measured', oneNumber(0.2, 3600), quick ? 4 : 5)
    .option('--repeats <number>', 'passes over all cells', oneNumber(1, 100), 1)
    .option('--focus-slaves <list>', 'rows that are repeated more often', numberList(0, 100), [3])
    .option('--focus-clients <list>', 'columns that are, too', numberList(1, 10_000), [10])
    .option('--focus-repeats <number>', 'passes over these', oneNumber(1, 100), 1)
    .option('--beyond', 'without think time, add clients until throughput falls', false);
  return addRunOptions(command).action(sweepCommand);
}

const driverList = wordList(['autocannon', 'native', 'k6']);
const masterOrSlaves = oneWord(['master', 'slaves']);
