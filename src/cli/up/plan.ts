/**
 * Which nodes a local cluster has, and on which ports. The plan is kept beside the data, because
 * the nodes of a cluster know each other by their URLs: started again, each has the same one.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { runtimeNames } from './runtimes.ts';

const plannedNode = z.object({
  /** `master`, `backup-1`, `slave-1`, …; also the name of its directory and its log file. */
  name: z.string().regex(/^[a-z]+(-\d+)?$/),
  verb: z.enum(['master', 'backup', 'slave']),
  port: z.int().min(1).max(65_535),
});

const clusterPlan = z.object({
  version: z.literal(1),
  /** As it was given; 0 chose free ports. */
  portBase: z.int().min(0).max(65_535),
  /** The runtime that was asked for last; absent: the one that runs `dsm up`. */
  runtime: z.enum(runtimeNames).optional(),
  /** Every node that was ever planned, also those that do not run now. */
  nodes: z.array(plannedNode),
});

export type PlannedNode = z.infer<typeof plannedNode>;
export type ClusterPlan = z.infer<typeof clusterPlan>;

export const defaultPortBase = 12_345;
/** Slaves have the ports from here on, counted from the master's: 20000 for 12345. */
export const slavePortOffset = 7655;

const fileName = 'cluster.json';

/** null where the directory holds no cluster yet. Throws where the file is damaged. */
export function readPlan(dataDir: string): ClusterPlan | null {
  const path = join(dataDir, fileName);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return null;
  }
  try {
    return clusterPlan.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path} is damaged: mend it, or give another --data-dir`, { cause });
  }
}

/** Replaces the file as a whole: a crash leaves the old plan or the new one. */
export function writePlan(dataDir: string, plan: ClusterPlan): void {
  const path = join(dataDir, fileName);
  writeFileSync(`${path}.tmp`, `${JSON.stringify(plan, null, 2)}\n`);
  renameSync(`${path}.tmp`, path);
}

export interface Wanted {
  readonly slaves: number;
  readonly backups: number;
  /** null where it was not given. */
  readonly portBase: number | null;
}

export interface Planned {
  readonly plan: ClusterPlan;
  /** The nodes to start now, masters first. */
  readonly running: readonly PlannedNode[];
  /** What a person should know. */
  readonly notes: readonly string[];
}

/**
 * The plan for `wanted`, keeping what `previous` says. `freePort` gives a port that nobody uses.
 * A backup that the cluster knows is started even where fewer are wanted: without it no quorum may
 * be left, and to leave it out is an administrative act.
 */
export async function planCluster(
  wanted: Wanted,
  previous: ClusterPlan | null,
  freePort: () => Promise<number>,
): Promise<Planned> {
  const portBase = wanted.portBase ?? previous?.portBase ?? defaultPortBase;
  if (previous !== null && wanted.portBase !== null && wanted.portBase !== previous.portBase) {
    const known = previous.portBase;
    throw new Error(`this cluster has --port-base ${known}; for another one give --data-dir`);
  }
  const known = previous?.nodes ?? [];
  const knownBackups = known.filter((node) => node.verb === 'backup').length;
  const backups = Math.max(wanted.backups, knownBackups);
  const names = ['master', ...numbered('backup', backups), ...numbered('slave', wanted.slaves)];
  const running: PlannedNode[] = [];
  for (const name of names) {
    const before = known.find((node) => node.name === name);
    running.push(before ?? (await planNode(name, portBase, freePort)));
  }
  const idle = known.filter((node) => !names.includes(node.name));
  const plan: ClusterPlan = {
    version: 1,
    portBase,
    runtime: previous?.runtime,
    nodes: [...running, ...idle],
  };
  return { plan, running, notes: notesOn(wanted, backups) };
}

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);
}

async function planNode(
  name: string,
  portBase: number,
  freePort: () => Promise<number>,
): Promise<PlannedNode> {
  const [kind, number = '0'] = name.split('-');
  const verb = kind === 'backup' || kind === 'slave' ? kind : 'master';
  if (portBase === 0) return { name, verb, port: await freePort() };
  const offset = verb === 'slave' ? slavePortOffset - 1 : 0;
  return { name, verb, port: portBase + offset + Number(number) };
}

function notesOn(wanted: Wanted, backups: number): string[] {
  if (backups <= wanted.backups) return [];
  return [
    `This cluster has ${backups} backups, and all are started; dsm admin remove takes one out.`,
  ];
}
