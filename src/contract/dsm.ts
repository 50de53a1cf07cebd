/** `dsm` as a process on the runtime under test, to its end or until it is ended. */

import { Buffer } from 'node:buffer';
import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import { runtimeCommand } from '../cli/up/runtimes.ts';
import { dsmScript } from './cluster.ts';
import { contractRuntime, runtimeOf } from './runtimes.ts';

export interface Dsm {
  readonly process: ChildProcess;
  /** What it has printed so far. */
  stdout(): string;
  stderr(): string;
  /** Exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/** What this process has started and not seen end; killed when it exits. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Standard input stays open: with `--exit-with-parent` it ends with this process. */
export function startDsm(words: readonly string[]): Dsm {
  const command = runtimeCommand(runtimeOf('master', contractRuntime()), dsmScript);
  const [executable = '', ...args] = [...command, ...words];
  const child = spawn(executable, args, { env: variablesWithoutSettings() });
  running.add(child);
  const output: Record<'out' | 'err', Buffer[]> = { out: [], err: [] };
  child.stdout.on('data', (chunk: Buffer) => output.out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.err.push(chunk));
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve(code ?? signal ?? 'unknown');
    });
  });
  return {
    process: child,
    stdout: () => Buffer.concat(output.out).toString(),
    stderr: () => Buffer.concat(output.err).toString(),
    ended,
  };
}

function variablesWithoutSettings(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith('DSM_'));
  return Object.fromEntries(entries);
}
