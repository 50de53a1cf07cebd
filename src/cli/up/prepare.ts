/** What `dsm up` was asked for → directories, a secret, a plan, a command line for each node. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { type RuntimeName, runtimeName } from '../../runtime/serve.ts';
import type { ChildOptions } from './child.ts';
import { type PlannedNode, planCluster, readPlan, type Wanted, writePlan } from './plan.ts';
import { createFreePorts, host, takenPorts } from './ports.ts';
import { runtimeCommand } from './runtimes.ts';

export interface UpOptions extends Wanted {
  /** null where it was not given. */
  readonly runtime: RuntimeName | null;
  /** Absolute. */
  readonly dataDir: string;
  /** Flags for every node, and flags for masters only. */
  readonly nodeFlags: readonly string[];
  readonly masterFlags: readonly string[];
  /** The file that is `dsm`. */
  readonly script: string;
  /** The address of a node, by its name. Default: every node has the one of this machine. */
  readonly hostOf?: (name: string) => string;
}

export interface Prepared {
  readonly children: readonly ChildOptions[];
  readonly masters: readonly string[];
  readonly runtime: RuntimeName;
  readonly secretFile: string;
  readonly notes: readonly string[];
}

/** Nodes of a run before, on the same ports, may still be stopping. */
const restartWaitMs = 6000;

/** Throws one sentence for a person where the cluster cannot be started. */
export async function prepare(options: UpOptions): Promise<Prepared> {
  const { dataDir } = options;
  mkdirSync(dataDir, { recursive: true });
  const previous = readPlan(dataDir);
  const freePort = createFreePorts((previous?.nodes ?? []).map(({ port }) => port));
  const { plan, running, notes } = await planCluster(options, previous, freePort);
  const taken = await takenPorts(
    running.map(({ port }) => port),
    previous === null ? 0 : restartWaitMs,
  );
  if (taken.length > 0) throw new Error(takenText(running, taken));
  const runtime = options.runtime ?? plan.runtime ?? runtimeName();
  // Found before anything is written: a runtime that is missing leaves no trace.
  const start = runtimeCommand(runtime, options.script);
  writePlan(dataDir, options.runtime === null ? plan : { ...plan, runtime: options.runtime });
  const secretFile = makeSecret(dataDir);
  const urlOf = ({ name, port }: PlannedNode) => `http://${options.hostOf?.(name) ?? host}:${port}`;
  const masters = running.filter(({ verb }) => verb !== 'slave').map(urlOf);
  const children = running.map((node) => {
    const words = [...start, ...nodeWords(node, options, masters, secretFile)];
    return {
      node,
      url: urlOf(node),
      command: [...words, '--log-format', 'json', '--exit-with-parent'],
      restartCommand: words,
      logFile: join(dataDir, `node-${node.name}.log`),
      variables: variablesWithoutSettings(),
    };
  });
  return { children, masters, runtime, secretFile, notes };
}

function takenText(nodes: readonly PlannedNode[], taken: readonly number[]): string {
  const names = nodes.filter(({ port }) => taken.includes(port));
  const list = names.map(({ name, port }) => `${port} (${name})`).join(', ');
  const subject = taken.length === 1 ? 'a port is' : 'ports are';
  return `${subject} in use: ${list}; stop what listens there, or give --port-base and --data-dir`;
}

/** 32 random bytes that only the owner may read; kept as long as the data. */
function makeSecret(dataDir: string): string {
  const path = join(dataDir, 'cluster.secret');
  try {
    const secret = randomBytes(32).toString('base64url');
    writeFileSync(path, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    if (!exists) throw error;
  }
  return path;
}

function nodeWords(
  node: PlannedNode,
  options: UpOptions,
  masters: readonly string[],
  secretFile: string,
): string[] {
  const common = ['--port', String(node.port), '--masters', masters.join(',')];
  if (options.hostOf !== undefined) common.push('--host', options.hostOf(node.name));
  const words = [node.verb, ...common, '--cluster-secret-file', secretFile, ...options.nodeFlags];
  if (node.verb === 'slave') return words;
  return [...words, '--data-dir', join(options.dataDir, node.name), ...options.masterFlags];
}

/** Every setting of a node is a flag of its own; a variable of this process must not add one. */
function variablesWithoutSettings(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith('DSM_'));
  return Object.fromEntries(entries);
}
