/** A real cluster of dsm, fresh for each cell, on free ports and in a directory of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { CellConfig } from '../results/schema.ts';
import { runtimeCommand, startProcess } from './processes.ts';
import type { StartTarget, Target, TargetKind, TargetNode } from './target.ts';

const cliPath = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const readyMs = 60_000;

export const dsmKind: TargetKind = {
  name: 'dsm',
  dialect: 'dsm',
  promises: {
    replication: 'synchronous, to a majority that includes the master',
    durableOnAck: 'yes: the master has synced its log',
    readConsistency: 'linearizable',
    protocol: 'HTTP/1.1',
  },
  verifiable: true,
  linearizable: true,
  hasStatus: true,
};

/** The one line that `dsm up --json` prints when the cluster is ready. */
const upLine = z.object({
  active: z.string(),
  secretFile: z.string(),
  nodes: z
    .array(z.object({ name: z.string(), role: z.string(), url: z.string(), pid: z.int() }))
    .min(1),
});

function upArguments(config: CellConfig, dataDir: string): string[] {
  return [
    'up',
    ...['--slaves', String(config.slaves), '--backups', String(config.backups)],
    ...['--port-base', '0', '--json', '--data-dir', dataDir, '--runtime', config.runtime],
    // A bench that was killed leaves no cluster behind.
    '--exit-with-parent',
    ...(config.readFrom === 'slaves' ? ['--read-from', 'slaves'] : []),
  ];
}

/** The active master first, then the others, then the slaves. */
function sortedNodes({ active, nodes }: z.infer<typeof upLine>): TargetNode[] {
  const rank = ({ role, url }: TargetNode) => (url === active ? 0 : role === 'slave' ? 2 : 1);
  return nodes
    .map(({ name, role, url, pid }) => ({ nodeId: name, role, url, pid }))
    .toSorted((a, b) => rank(a) - rank(b));
}

function entriesOf(config: CellConfig, nodes: readonly TargetNode[]): string[] {
  if (config.attach === 'master') return nodes.slice(0, 1).map(({ url }) => url);
  const slaves = nodes.filter(({ role }) => role === 'slave');
  if (slaves.length === 0) throw new Error('there is no slave to attach clients to');
  return slaves.map(({ url }) => url);
}

export interface DsmTarget extends Target {
  /** The secret of the cluster, for what only its operator may ask. */
  readonly secretFile: string;
}

export const startDsm: StartTarget<DsmTarget> = async (config, dataRoot, interrupted) => {
  const dataDir = await mkdtemp(join(dataRoot, 'dsm-bench-'));
  const [command, ...leading] = runtimeCommand(config.runtime);
  const up = startProcess(command, [...leading, cliPath, ...upArguments(config, dataDir)]);
  const stop = async () => {
    await up.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const ready = upLine.parse(JSON.parse(await up.firstLine(readyMs, interrupted)));
    const nodes = sortedNodes(ready);
    const { secretFile } = ready;
    return { ...dsmKind, nodes, entries: entriesOf(config, nodes), secretFile, stop };
  } catch (error) {
    await stop();
    throw new Error(`the cluster did not start: ${(error as Error).message}`, { cause: error });
  }
};
