/** One run of chaos: a cluster under load and faults, then peace, then the verdict. */
import { closeSync, cpSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Cluster, startCluster } from '../contract/cluster.ts';
import { Load, objectionsTo } from '../contract/load.ts';
import type { ContractRuntime } from '../contract/runtimes.ts';
import type { NodeStatus } from '../node/api.ts';
import { dsmHistoryHeader, formatDsmOperation } from '../verify/formats/dsm.ts';
import type { HistoryOperation } from '../verify/history.ts';
import { defaultSearchLimits } from '../verify/limits.ts';
import type { FaultKind } from './fault.ts';
import type { Machine } from './machine.ts';
import { type FaultReport, Nemesis } from './nemesis.ts';
import { type Summary, summarize } from './summary.ts';
import { Tasks } from './tasks/tasks.ts';

export interface ChaosOptions {
  readonly runtime: ContractRuntime;
  readonly minutes: number;
  readonly kinds: readonly FaultKind[];
  readonly seed: number;
  readonly slaves: number;
  readonly machine: Machine;
  /** What is kept of the run goes here: the history, the faults, the logs of the nodes. */
  readonly outDir: string;
  readonly onFault: (report: FaultReport) => void;
  /** True as soon as the run is to end early. */
  readonly isStopped: () => boolean;
}

/** Some hundreds of calls each second: enough for the checkers, and no more than they can decide. */
const loadOptions = { clients: 12, keys: 6, thinkMs: 30, keysLastMs: 10_000 } as const;
/**
 * Steps of the search for each call, and its memory (1 GiB). It usually needs a handful; but where a
 * cluster was down for long, dozens of calls are open at once.
 */
const stepsPerCallMax = 5000;
const memoryWordsMax = 1 << 28;
const warmUpWrites = 100;

export async function runChaos(options: ChaosOptions): Promise<Summary> {
  const { runtime, slaves, machine, kinds, seed, outDir, isStopped } = options;
  const cluster = await startCluster({ runtime, slaves, backups: 1, place: machine.place });
  const load = new Load(cluster, loadOptions);
  const tasks = new Tasks(cluster);
  const reports: FaultReport[] = [];
  try {
    await load.untilAcknowledged(warmUpWrites);
    const startedMs = performance.now();
    const onFault = (report: FaultReport) => {
      reports.push(report);
      options.onFault(report);
    };
    const nemesis = new Nemesis({ cluster, load, machine, kinds, seed, onFault });
    const trouble = await troubleOf(nemesis.run(startedMs + options.minutes * 60_000, isStopped));
    const endedMs = performance.now();
    if (trouble !== null) {
      const statuses = await Promise.all(cluster.nodes.map((node) => node.status()));
      await Promise.all([load.stop(), tasks.stop()]);
      await cluster.kill();
      keep(outDir, load.recorder.history(), reports, cluster);
      keepNodes(outDir, cluster, statuses);
      const objections =
        objectionsTo(load.recorder.history()) ?? 'the history is linearizable so far';
      const text = [trouble, objections, cluster.describe()].join('\n');
      throw new Error(`the cluster did not recover: ${text}`);
    }
    // First the tasks: what ends by itself changes the states that are compared.
    const done = await tasks.judge();
    const calls = load.recorder.history().length;
    const stepsMax = Math.max(defaultSearchLimits.stepsMax, calls * stepsPerCallMax);
    const judgement = await load.judge({ stepsMax, memoryWordsMax });
    const acknowledgedMs = load.acknowledged.map(({ atMs }) => atMs);
    const { fallen } = nemesis;
    keep(outDir, judgement.history, reports, cluster);
    const run = { reports, judgement, tasks: done };
    return summarize({ ...run, acknowledgedMs, fallen, startedMs, endedMs });
  } finally {
    // First the nodes: a client need not wait for them any more.
    await cluster.kill();
    await Promise.all([load.stop(), tasks.stop()]);
    await cluster.close();
  }
}

async function troubleOf(run: Promise<void>): Promise<string | null> {
  try {
    await run;
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Lines as they come: a long history is longer than a string may be. */
function keep(
  outDir: string,
  history: readonly HistoryOperation[],
  reports: readonly FaultReport[],
  cluster: Cluster,
): void {
  const lines = function* () {
    yield dsmHistoryHeader;
    for (const operation of history) yield formatDsmOperation(operation);
  };
  writeLines(join(outDir, 'history.ndjson'), lines());
  writeLines(
    join(outDir, 'faults.ndjson'),
    reports.map((report) => `${JSON.stringify(report)}\n`),
  );
  cpSync(cluster.logDir, join(outDir, 'logs'), { recursive: true });
}

/** What the nodes said of themselves, and what the masters have on their disks. */
function keepNodes(
  outDir: string,
  cluster: Cluster,
  statuses: readonly (NodeStatus | null)[],
): void {
  writeFileSync(join(outDir, 'statuses.json'), JSON.stringify(statuses, null, 2));
  for (const { name } of cluster.masters) {
    cpSync(join(cluster.dataDir, name), join(outDir, name), { recursive: true, dereference: true });
  }
}

function writeLines(path: string, lines: Iterable<string>): void {
  const file = openSync(path, 'w');
  try {
    for (const line of lines) writeSync(file, line);
  } finally {
    closeSync(file);
  }
}
