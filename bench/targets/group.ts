/** Several processes and one directory that begin and end together. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram, type ServerProcess, startProcess } from './processes.ts';

const pollMs = 50;

export class ProcessGroup {
  readonly folder: string;
  readonly #stop: AbortSignal;
  readonly #processes: ServerProcess[] = [];

  private constructor(folder: string, stop: AbortSignal) {
    this.folder = folder;
    this.#stop = stop;
  }

  /** `stop` ends its waiting, not its processes. */
  static async create(dataRoot: string, name: string, stop: AbortSignal): Promise<ProcessGroup> {
    return new ProcessGroup(await mkdtemp(join(dataRoot, `${name}-bench-`)), stop);
  }

  /** Throws where the program is not on PATH. */
  start(program: string, args: readonly string[]): ServerProcess {
    const path = findProgram(program);
    if (path === null) throw new Error(`${program} is not on PATH`);
    const started = startProcess(path, args, { cwd: this.folder });
    this.#processes.push(started);
    return started;
  }

  /** Asks until the answer is true. Rejects when a process has ended, or after `limitMs`. */
  async waitFor(name: string, isReady: () => Promise<boolean>, limitMs: number): Promise<void> {
    const deadlineMs = performance.now() + limitMs;
    while (!(await isReady().catch(() => false))) {
      if (this.#stop.aborted) throw new Error(`${name} was interrupted`);
      const ended = this.#processes.find(({ hasEnded }) => hasEnded);
      if (ended !== undefined) throw new Error(`${name} did not start:\n${ended.stderr()}`);
      if (performance.now() > deadlineMs) throw new Error(`${name} was not ready in ${limitMs} ms`);
      await sleep(pollMs);
    }
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((started) => started.stop()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Stops the group where `start` fails. */
export async function startedOrStopped<T>(
  group: ProcessGroup,
  start: () => Promise<T>,
): Promise<T> {
  try {
    return await start();
  } catch (error) {
    await group.stop();
    throw error;
  }
}
