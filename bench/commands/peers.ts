/** `bench peers`: dsm and its peers in one run, same driver, same keys, interleaved. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { CellOrder } from '../cell.ts';
import { comparePeers } from '../peers/compare.ts';
import { measureNativeRedis, type NativeRedis } from '../peers/redis-benchmark.ts';
import { nativeFile, readNative } from '../peers/stored.ts';
import { peersText } from '../peers/text.ts';
import { writeWhole } from '../results/folder.ts';
import type { CellConfig, DriverName, RuntimeName } from '../results/schema.ts';
import { orderCells } from '../sweep/orders.ts';
import { type RunState, runOrder } from '../sweep/runner.ts';
import { missingFor } from '../targets/registry.ts';
import { parseWorkload } from '../workload/config.ts';
import { numberList, oneNumber, oneWord, wordList } from './lists.ts';
import { drawAndReport } from './plot.ts';
import { measureRun, printVerdict, type RunOptions } from './run.ts';
import { addRunOptions } from './sweep.ts';

const javascriptTargets = ['dsm', 'noop', 'hono-map'] as const;
const nativeTargets = ['etcd-1', 'etcd-3', 'webdis'] as const;
const allTargets = [...javascriptTargets, ...nativeTargets, 'redis'] as const;
type PeerName = (typeof allTargets)[number];

interface PeersOptions extends Omit<RunOptions, 'command'> {
  readonly connections: number[];
  readonly runtime: RuntimeName[];
  readonly targets: PeerName[];
  readonly driver: DriverName;
  readonly slaves: number;
  readonly warmup: number;
  readonly measure: number;
  readonly repeats: number;
  readonly plots: boolean;
  readonly json: boolean;
}

function configsOf(options: PeersOptions, targets: readonly PeerName[]): CellConfig[] {
  const workload = parseWorkload({ thinkMs: '0', seed: String(options.seed) });
  return targets.flatMap((target) => {
    if (target === 'redis') return [];
    const isNative = nativeTargets.some((name) => name === target);
    const runtimes: readonly RuntimeName[] = isNative ? ['native'] : options.runtime;
    return runtimes.flatMap((runtime) =>
      options.connections.map((clients): CellConfig => {
        const slaves = target === 'dsm' ? options.slaves : 0;
        return {
          target,
          driver: options.driver,
          runtime,
          workload,
          clients,
          slaves,
          backups: target === 'dsm' ? 1 : 0,
          rateRps: null,
          warmupS: options.warmup,
          measureS: options.measure,
          readFrom: 'master',
          attach: 'master',
        };
      }),
    );
  });
}

/** Measured once for a run; a resumed run reads what was found before. */
async function nativeRedis(state: RunState, options: PeersOptions): Promise<NativeRedis[]> {
  const path = join(state.folder.path, nativeFile);
  const found = await readNative(state.folder);
  if (found.length > 0) return found;
  const results: NativeRedis[] = [];
  for (const connections of options.connections) {
    if (state.stop.aborted) break;
    state.progress.note(`redis by redis-benchmark, ${connections} connections`);
    const workload = parseWorkload({});
    results.push(await measureNativeRedis(state.tools.dataRoot, state.stop, connections, workload));
  }
  await writeWhole(path, `${JSON.stringify(results, null, 1)}\n`);
  return results;
}

async function peersCommand(options: PeersOptions): Promise<void> {
  const skipped = options.targets.map(missingFor).filter((reason) => reason !== '');
  for (const reason of new Set(skipped)) process.stderr.write(`skipped: ${reason}\n`);
  const targets = options.targets.filter((target) => missingFor(target) === '');
  const passes = { all: options.repeats, focus: 1, focusSlaves: [], focusClients: [] };
  const plan = (runId: string): CellOrder[] =>
    orderCells(runId, configsOf(options, targets), passes, options.seed);
  const finished = await measureRun(
    { ...options, command: 'peers' },
    plan,
    async (state, orders) => {
      for (const order of orders) await runOrder(state, order);
      if (targets.includes('redis')) await nativeRedis(state, options);
    },
  );
  const { folder, cells } = finished;
  const result = comparePeers(cells, await readNative(folder), [...new Set(skipped)]);
  await writeWhole(join(folder.path, 'peers.json'), `${JSON.stringify(result, null, 1)}\n`);
  if (options.plots && cells.length > 0) await drawAndReport(folder);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ folder: folder.path, ...result })}\n`);
  } else {
    process.stdout.write(`${peersText(result)}\n\n`);
    printVerdict(finished);
  }
  process.exitCode = finished.exitCode;
}

export function addPeers(program: Command): void {
  const command = program
    .command('peers')
    .description('dsm beside a no-op server, a Map, etcd and Redis, in one interleaved run')
    .option('--connections <list>', 'clients', numberList(1, 10_000), [1, 10, 50])
    .option('--runtime <list>', 'node, bun, deno', wordList(['node', 'bun', 'deno']), [
      'node',
      'bun',
      'deno',
    ])
    .option('--targets <list>', allTargets.join(', '), wordList(allTargets), [...allTargets])
    .option(
      '--driver <name>',
      'autocannon or native',
      oneWord(['autocannon', 'native']),
      'autocannon',
    )
    .option(
      '--slaves <number>',
      'slaves of dsm, beside a master and a backup',
      oneNumber(0, 100),
      2,
    )
    .option('--warmup <s>', 'discarded', oneNumber(0, 3600), 3)
    .option('--measure <s>', 'measured', oneNumber(0.2, 3600), 5)
    .option('--repeats <number>', 'passes over all', oneNumber(1, 100), 3);
  addRunOptions(command).action(peersCommand);
}
