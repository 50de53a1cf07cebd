/** One node as a child process: its log file, its end, and how to end it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync } from 'node:fs';
import type { PlannedNode } from './plan.ts';

export interface ChildOptions {
  readonly node: PlannedNode;
  readonly url: string;
  /** Executable and arguments. */
  readonly command: readonly string[];
  /** What a person types to start this node again by itself. */
  readonly restartCommand: readonly string[];
  readonly logFile: string;
  readonly variables: NodeJS.ProcessEnv;
}

/** How a child ended, as the end of the sentence "it …". */
export type Ending = string;

export class Child {
  readonly options: ChildOptions;
  /** Resolves when the process is gone; never rejects. */
  readonly ended: Promise<Ending>;
  #ending: Ending | null = null;
  readonly #process: ChildProcess;

  constructor(options: ChildOptions) {
    this.options = options;
    const [executable = '', ...args] = options.command;
    const log = openLog(options.logFile);
    // The pipe on standard input is the leash: it closes however this process ends, and the child
    // (--exit-with-parent) ends with it. Nothing is ever written to it.
    this.#process = spawn(executable, args, {
      stdio: ['pipe', log, log],
      env: options.variables,
    });
    closeSync(log);
    this.ended = new Promise((resolve) => {
      const end = (ending: Ending) => {
        this.#ending ??= ending;
        resolve(ending);
      };
      this.#process.once('error', (error) => end(`could not be started: ${error.message}`));
      this.#process.once('exit', (code, signal) => {
        end(signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`);
      });
    });
    this.#process.stdin?.on('error', () => {});
  }

  /** null while the process runs. */
  get ending(): Ending | null {
    return this.#ending;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    if (this.#ending === null) this.#process.kill(name);
  }

  /** The last lines of the log. */
  logTail(lines: number): string {
    try {
      return readFileSync(this.options.logFile, 'utf8')
        .trimEnd()
        .split('\n')
        .slice(-lines)
        .join('\n');
    } catch {
      return '';
    }
  }
}

/** A fresh log; that of the run before is kept beside it, and no more than that. */
function openLog(path: string): number {
  try {
    renameSync(path, `${path}.1`);
  } catch {
    // There is none yet.
  }
  return openSync(path, 'a');
}

/** Ends all children: politely, then after `graceMs`, or when `hurry` resolves, for good. */
export async function stopAll(
  children: readonly Child[],
  graceMs: number,
  hurry: Promise<void>,
): Promise<void> {
  const ends = Promise.all(children.map((child) => child.ended));
  for (const child of children) child.signal('SIGTERM');
  let timer: NodeJS.Timeout | undefined;
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMs);
  });
  await Promise.race([ends, grace, hurry]);
  clearTimeout(timer);
  for (const child of children) child.signal('SIGKILL');
  await ends;
}

/** A command line that can be pasted into a shell. */
export function shellText(words: readonly string[]): string {
  const quote = (word: string) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
  return words.map(quote).join(' ');
}
