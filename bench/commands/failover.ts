/** `bench failover`: what clients see when the active master dies, and when it hands over. */
import type { Command } from 'commander';
import { runScenario, type ScenarioOrder } from '../failover/scenario.ts';
import { writeTimelines } from '../failover/stored.ts';
import {
  faultOf,
  type ScenarioName,
  scenarioNames,
  type Timeline,
  timelineText,
} from '../failover/timeline.ts';
import type { CellConfig, RuntimeName } from '../results/schema.ts';
import { exitCodes } from '../sweep/interrupt.ts';
import type { RunState } from '../sweep/runner.ts';
import { parseWorkload } from '../workload/config.ts';
import { numberList, oneNumber, oneWord, wordList } from './lists.ts';
import { drawAndReport } from './plot.ts';
import { measureRun, type RunOptions } from './run.ts';
import { addRunOptions } from './sweep.ts';

interface FailoverOptions extends Omit<RunOptions, 'command'> {
  readonly scenarios: ScenarioName[];
  readonly clients: number;
  readonly slaves: number;
  readonly think: number[];
  readonly runtime: RuntimeName;
  readonly repeats: number;
  readonly before: number;
  readonly after: number;
  readonly plots: boolean;
  readonly json: boolean;
}

const warmupS = 2;

function ordersOf(options: FailoverOptions): ScenarioOrder[] {
  const orders: ScenarioOrder[] = [];
  for (let repeat = 0; repeat < options.repeats; repeat += 1) {
    for (const scenario of options.scenarios) {
      const config: CellConfig = {
        target: 'dsm',
        driver: 'native',
        runtime: options.runtime,
        workload: parseWorkload({ thinkMs: String(options.think[0]), seed: String(repeat + 1) }),
        clients: options.clients,
        slaves: options.slaves,
        backups: 1,
        rateRps: null,
        warmupS,
        measureS: options.before + options.after,
        readFrom: 'master',
        attach: 'master',
      };
      orders.push({ scenario, repeat, config, eventAfterS: options.before });
    }
  }
  return orders;
}

async function runAll(state: RunState, orders: readonly ScenarioOrder[]): Promise<Timeline[]> {
  const timelines: Timeline[] = [];
  for (const order of orders) {
    if (state.stop.aborted) break;
    const timeline = await runScenario(order, state.tools.dataRoot, state.stop);
    if (state.stop.aborted) break;
    timelines.push(timeline);
    state.progress.note(timelineText(timeline));
    await writeTimelines(state.folder, timelines);
  }
  return timelines;
}

async function failoverCommand(options: FailoverOptions): Promise<void> {
  let timelines: Timeline[] = [];
  const { folder, exitCode } = await measureRun(
    { ...options, command: 'failover' },
    () => [],
    async (state) => {
      timelines = await runAll(state, ordersOf(options));
    },
  );
  if (options.plots && timelines.length > 0) await drawAndReport(folder);
  const faults = timelines.map(faultOf).filter((fault) => fault !== '');
  const summary = timelines.map(({ measurement: _, ...facts }) => facts);
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ folder: folder.path, timelines: summary, faults })}\n`
      : `${timelines.map(timelineText).join('\n')}\n${folder.path}\n`,
  );
  process.exitCode = exitCode === 0 && faults.length > 0 ? exitCodes.invalid : exitCode;
}

export function addFailover(program: Command): void {
  const command = program
    .command('failover')
    .description('throughput and latency per 100 ms around a change of mastership')
    .option('--scenarios <list>', 'kill, handoff', wordList(scenarioNames), [...scenarioNames])
    .option('--clients <number>', 'clients', oneNumber(1, 10_000), 10)
    .option('--slaves <number>', 'slaves', oneNumber(1, 100), 3)
    .option('--think <ms>', 'rest of a client', numberList(0, 60_000), [10])
    .option('--runtime <name>', 'node, bun or deno', oneWord(['node', 'bun', 'deno']), 'node')
    .option('--repeats <number>', 'of each scenario', oneNumber(1, 100), 3)
    .option('--before <s>', 'measured before the event', oneNumber(1, 600), 4)
    .option('--after <s>', 'and after it', oneNumber(1, 600), 8);
  addRunOptions(command).action(failoverCommand);
}
