/** For tests: `dsm up` on a directory of its own, as a real process. */
import { type CliOptions, type RunningCli, startCli } from './run-cli.ts';

export interface UpNode {
  readonly name: string;
  readonly role: string;
  readonly url: string;
  readonly pid: number;
  readonly log: string;
  readonly restart: readonly string[];
}

/** What `dsm up --json` prints when the cluster is ready. */
export interface UpCluster {
  readonly active: string;
  readonly runtime: string;
  readonly masters: readonly string[];
  readonly secretFile: string;
  readonly nodes: readonly UpNode[];
}

export class Ups {
  readonly #running: RunningCli[] = [];

  start(dataDir: string, line: string, options: CliOptions): RunningCli {
    const cli = startCli(`up --data-dir ${dataDir} --json ${line}`, options);
    this.#running.push(cli);
    return cli;
  }

  /** Kills what still runs; the nodes end with it. */
  async killAll(): Promise<void> {
    for (const cli of this.#running) cli.process.kill('SIGKILL');
    await Promise.all(this.#running.map((cli) => cli.ended));
    this.#running.length = 0;
  }
}

export async function ready(cli: RunningCli): Promise<UpCluster> {
  await cli.printed(/"active"/);
  return JSON.parse(cli.stdout());
}

/** The node with this name; throws where there is none: a test must never signal process 0. */
export function nodeOf({ nodes }: UpCluster, name: string): UpNode {
  const node = nodes.find((each) => each.name === name);
  if (node === undefined) throw new Error(`there is no ${name}`);
  return node;
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

export async function untilGone(pids: readonly number[]): Promise<void> {
  while (pids.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 20));
}

export const pidsOf = ({ nodes }: UpCluster) => nodes.map(({ pid }) => pid);
