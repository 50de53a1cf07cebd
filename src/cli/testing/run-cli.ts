/** For tests: `dsm` as a real process. */
import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const scripts = Object.freeze({
  real: fileURLToPath(new URL('../main.ts', import.meta.url)),
  /** With fake nodes. */
  fake: fileURLToPath(new URL('./fake-main.ts', import.meta.url)),
});

export interface RunningCli {
  readonly process: ChildProcess;
  /** What it has printed so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves when it has printed something that matches; rejects when it ends before. */
  printed(pattern: RegExp): Promise<void>;
  /** Exit code, or the name of the signal that killed it. */
  readonly ended: Promise<number | string>;
}

export interface CliOptions {
  readonly script?: keyof typeof scripts;
  readonly variables?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
}

/** Starts `dsm` with the words of `line`; standard input stays open where `stdin` is not given. */
export function startCli(line: string | readonly string[], options: CliOptions = {}): RunningCli {
  const { script = 'real', variables = {}, stdin } = options;
  const words = typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line;
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('DSM_'));
  const child = spawn(process.execPath, [scripts[script], ...words], {
    env: { ...Object.fromEntries(inherited), ...variables },
  });
  if (stdin !== undefined) child.stdin.end(stdin);
  const output: Record<'out' | 'err', Buffer[]> = { out: [], err: [] };
  child.stdout.on('data', (chunk: Buffer) => output.out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.err.push(chunk));
  const stdout = () => Buffer.concat(output.out).toString();
  const stderr = () => Buffer.concat(output.err).toString();
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  const printed = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (pattern.test(stdout() + stderr())) resolve();
      };
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      void ended.then((how) => reject(new Error(`ended with ${how}: ${stdout()}${stderr()}`)));
      look();
    });
  return { process: child, stdout, stderr, printed, ended };
}

export interface CliResult {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `dsm` to its end, with nothing on standard input unless told otherwise. */
export async function runCli(
  line: string | readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  const cli = startCli(line, { stdin: '', ...options });
  const code = await cli.ended;
  return { code, stdout: cli.stdout(), stderr: cli.stderr() };
}
