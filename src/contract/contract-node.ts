/** One node of a cluster under test: a real process that can be killed, stopped and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { askStatus } from '../cli/cluster-view.ts';
import { Child, type ChildOptions } from '../cli/up/child.ts';
import { runtimeCommand } from '../cli/up/runtimes.ts';
import type { NodeStatus } from '../node/api.ts';
import type { RuntimeName } from '../runtime/serve.ts';

export interface ContractNodeOptions {
  readonly planned: ChildOptions;
  readonly runtime: RuntimeName;
  /** The file that is `dsm`. */
  readonly script: string;
  /** The arguments of `dsm`, without runtime and script. */
  readonly words: readonly string[];
  /** A command that becomes the one behind it, such as `nsenter`; usually none. */
  readonly prefix: readonly string[];
  readonly logDir: string;
}

/** What this process has started and not seen end; killed when it exits. */
const running = new Set<Child>();
process.on('exit', () => {
  for (const child of running) child.signal('SIGKILL');
});

export class ContractNode {
  readonly name: string;
  readonly verb: 'master' | 'backup' | 'slave';
  readonly url: string;
  runtime: RuntimeName;
  readonly #options: ContractNodeOptions;
  readonly #logFiles: string[] = [];
  #child: Child | null = null;
  #pauseGuard: ChildProcess | null = null;

  constructor(options: ContractNodeOptions) {
    const { node, url } = options.planned;
    this.#options = options;
    this.name = node.name;
    this.verb = node.verb;
    this.url = url;
    this.runtime = options.runtime;
  }

  get isRunning(): boolean {
    return this.#child !== null && this.#child.ending === null;
  }

  get child(): Child {
    if (this.#child === null) throw new Error(`${this.name} was never started`);
    return this.#child;
  }

  /** Starts the process with the command and the data that it always has. */
  start(runtime: RuntimeName = this.runtime): void {
    if (this.isRunning) throw new Error(`${this.name} runs already`);
    const { planned, script, words, prefix, logDir } = this.#options;
    this.runtime = runtime;
    const logFile = join(logDir, `${this.name}.${this.#logFiles.length + 1}.log`);
    this.#logFiles.push(logFile);
    const command = [...prefix, ...runtimeCommand(runtime, script), ...words];
    const child = new Child({ ...planned, command, logFile });
    this.#child = child;
    running.add(child);
    void child.ended.then(() => running.delete(child));
  }

  /** kill -9; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#child?.signal('SIGKILL');
    await this.#child?.ended;
    this.#endPause();
  }

  /** Asks it to stop; resolves with how it ended. */
  stop(): Promise<string> {
    this.child.signal('SIGTERM');
    return this.child.ended;
  }

  /** SIGSTOP: the process stands still, its connections stay open. */
  pause(): void {
    // A process that stands still cannot notice that this one is gone. The guard wakes it then.
    this.#pauseGuard = spawn('sh', ['-c', 'read -r _; kill -CONT "$0"', String(this.child.pid)], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    process.kill(this.child.pid, 'SIGSTOP');
  }

  /** SIGCONT. */
  resume(): void {
    process.kill(this.child.pid, 'SIGCONT');
    this.#endPause();
  }

  #endPause(): void {
    this.#pauseGuard?.kill();
    this.#pauseGuard = null;
  }

  /** What the node says of itself; null where it says nothing. */
  status(): Promise<NodeStatus | null> {
    return this.isRunning ? askStatus(this.url) : Promise.resolve(null);
  }

  /** How it ended, and the last lines of its log: what a person needs when a test has failed. */
  describe(lines: number): string {
    const ending = this.#child?.ending ?? 'runs';
    const tail = this.#child?.logTail(lines) ?? '';
    return `--- ${this.name} on ${this.runtime}, ${this.url}, ${ending}\n${tail}`;
  }
}
