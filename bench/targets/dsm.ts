/** A real cluster of dsm, fresh for each cell, on free ports and in a directory of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { CellConfig } from '../results/schema.ts';
import { runtimeCommand, startProcess } from './processes.ts';
import { readStatus } from './status.ts';
import type { StartTarget, TargetKind, TargetNode } from './target.ts';

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

const upLine = z.object({
  nodes: z.array(z.object({ role: z.string(), url: z.string(), pid: z.int() })).min(1),
});

function upArguments(config: CellConfig, dataDir: string): string[] {
  return [
    'up',
    ...['--slaves', String(config.slaves), '--backups', String(config.backups)],
    ...['--port-base', '0', '--json', '--data-dir', dataDir, '--runtime', config.runtime],
    ...(config.readFrom === 'slaves' ? ['--read-from', 'slaves'] : []),
  ];
}

async function named(node: z.infer<typeof upLine>['nodes'][number]): Promise<TargetNode> {
  const { nodeId } = await readStatus(node.url);
  return { ...node, url: node.url.replace(/\/$/, ''), nodeId };
}

/** Masters first, the active one before the others. */
function entriesOf(config: CellConfig, nodes: readonly TargetNode[]): string[] {
  const slaves = nodes.filter(({ role }) => role === 'slave');
  const chosen = config.attach === 'slaves' ? slaves : nodes.filter((node) => node === nodes[0]);
  return chosen.map(({ url }) => url);
}

export const startDsm: StartTarget = async (config, dataRoot) => {
  const dataDir = await mkdtemp(join(dataRoot, 'dsm-bench-'));
  const [command, ...leading] = runtimeCommand(config.runtime);
  const up = startProcess(command, [...leading, cliPath, ...upArguments(config, dataDir)]);
  const stop = async () => {
    await up.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const line = upLine.parse(JSON.parse(await up.firstLine(readyMs)));
    const order = ['master', 'backup', 'slave'];
    const sorted = line.nodes.toSorted((a, b) => order.indexOf(a.role) - order.indexOf(b.role));
    const nodes = await Promise.all(sorted.map(named));
    return { ...dsmKind, nodes, entries: entriesOf(config, nodes), stop };
  } catch (error) {
    await stop();
    throw new Error(`the cluster did not start: ${(error as Error).message}`, { cause: error });
  }
};
