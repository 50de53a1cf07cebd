/**
 * Server processes of the bench: each in a group of its own, so that Ctrl+C does not reach it
 * before the runner has decided, and so that whatever it started ends with it. None outlives the
 * bench.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const stderrBytesMax = 64 * 1024;
const stopMs = 8_000;

export interface ServerProcess {
  readonly pid: number;
  /** The last lines of its stderr, for a message. */
  stderr(): string;
  /** The first line of stdout; rejects when it ends, `limitMs` passes or `stop` is aborted. */
  firstLine(limitMs: number, stop?: AbortSignal): Promise<string>;
  readonly hasEnded: boolean;
  /** SIGTERM to the whole group, SIGKILL after eight seconds. Idempotent. */
  stop(): Promise<void>;
}

const groups = new Set<number>();
process.on('exit', () => {
  for (const pid of groups) killGroup(pid, 'SIGKILL');
});

function killGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

async function stopGroup(pid: number, ended: Promise<unknown>): Promise<void> {
  killGroup(pid, 'SIGTERM');
  const timer = new AbortController();
  const late = sleep(stopMs, 'late', { signal: timer.signal }).catch(() => 'cancelled');
  await Promise.race([ended, late]);
  timer.abort();
  // Also what the leader left behind in its group.
  killGroup(pid, 'SIGKILL');
  await ended;
  groups.delete(pid);
}

function firstLineOf(child: ChildProcess, ended: Promise<unknown>, stderr: () => string) {
  let text = '';
  const line = Promise.withResolvers<string>();
  child.stdout?.on('data', (chunk: Buffer) => {
    if (text.includes('\n')) return;
    text += chunk.toString('utf8');
    if (text.includes('\n')) line.resolve(text.slice(0, text.indexOf('\n')));
  });
  void ended.then(() => line.reject(new Error(`it ended at once:\n${stderr()}`)));
  line.promise.catch(() => {});
  return async (limitMs: number, stop?: AbortSignal) => {
    const timer = setTimeout(
      () => line.reject(new Error(`it was not ready within ${limitMs} ms:\n${stderr()}`)),
      limitMs,
    );
    const onStop = () => line.reject(new Error('it was interrupted'));
    stop?.addEventListener('abort', onStop);
    if (stop?.aborted) onStop();
    return await line.promise.finally(() => {
      clearTimeout(timer);
      stop?.removeEventListener('abort', onStop);
    });
  };
}

/** Throws where the command cannot be started at all. */
export function startProcess(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): ServerProcess {
  const child = spawn(command, args, {
    ...options,
    detached: true,
    // The end of its stdin tells a server that the bench is gone.
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const { pid } = child;
  child.on('error', () => {});
  if (pid === undefined) throw new Error(`${command} cannot be started: is it installed?`);
  groups.add(pid);
  let tail = '';
  let hasEnded = false;
  child.stderr.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString('utf8')).slice(-stderrBytesMax);
  });
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  void ended.then(() => {
    hasEnded = true;
  });
  const stderr = () => tail.trim();
  let stopping: Promise<void> | undefined;
  return {
    pid,
    stderr,
    firstLine: firstLineOf(child, ended, stderr),
    get hasEnded() {
      return hasEnded;
    },
    stop() {
      stopping ??= stopGroup(pid, ended);
      return stopping;
    },
  };
}

const binFolder = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url));

/** The path of a program: among the project's own, else on PATH; null where it is not found. */
export function findProgram(name: string): string | null {
  const folders = [binFolder, ...(process.env.PATH ?? '').split(delimiter)];
  for (const folder of folders) {
    if (folder !== '' && existsSync(join(folder, name))) return join(folder, name);
  }
  return null;
}

/** Command and leading arguments that run a TypeScript file. Throws where it is not installed. */
export function runtimeCommand(runtime: string): readonly [string, ...string[]] {
  if (runtime === 'node') return [process.execPath];
  const program = findProgram(runtime);
  if (program === null) throw new Error(`${runtime} is not installed: npm ci brings it`);
  return runtime === 'deno' ? [program, 'run', '-A', '--quiet'] : [program];
}
