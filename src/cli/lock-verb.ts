/** `dsm lock`: runs a command while it holds a lock. */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import process from 'node:process';
import type { Command } from 'commander';
import type { Lock } from '../client/lock.ts';
import { optionOf } from '../runtime/config-settings.ts';
import { callSettings } from './call-flags.ts';
import { clientCommand, clientOf, clientReader, readClientFlags } from './client-flags.ts';
import { exitCodes } from './exit.ts';
import { writeErrorLine } from './output.ts';
import type { Run } from './program.ts';

const examples = `
  dsm lock nightly-report -- ./report.sh       waits for its turn, for ever
  dsm lock deploy --wait-ms 0 -- make deploy   only if nobody else does it now

The command finds its fencing token in DSM_LOCK_TOKEN, and gets SIGTERM when the lock is lost. Its
exit code is that of dsm, but 1 where the lock was held, and 4 where it was lost; as in a shell, 127
where there is no such command, and 126 where it cannot be run.`;

export function lockVerb(run: Run): Command {
  const command = clientCommand('lock', 'run a command under a lock', examples)
    .argument('<name>')
    .argument('<command...>', 'behind --, with its arguments')
    .addOption(optionOf(callSettings.waitMs))
    .addOption(optionOf(callSettings.lockTtl));
  return command.action((name: string, words: readonly string[]) =>
    run('dsm lock', () => runLocked(command, name, words)),
  );
}

async function runLocked(
  command: Command,
  name: string,
  words: readonly string[],
): Promise<number> {
  const reader = clientReader(command);
  const flags = readClientFlags(reader);
  const options = {
    waitMs: reader.readFlag(callSettings.waitMs, undefined),
    ttl: reader.readFlag(callSettings.lockTtl, undefined),
  };
  reader.end();
  const lock = await clientOf(flags).lock(name, options);
  // Not `await using`: every verb is loaded with this one, and Node 22 could read none of them.
  const code = await runCommand(words, lock).finally(() => lock.release());
  if (code !== null) return code;
  await writeErrorLine(`dsm lock: the lock ${JSON.stringify(name)} was lost`);
  return exitCodes.unknown;
}

/** The exit code as a shell gives it; null where the lock was lost meanwhile. */
async function runCommand(words: readonly string[], lock: Lock): Promise<number | null> {
  if (lock.signal.aborted) return null;
  const [file = '', ...rest] = words;
  const env = { ...process.env, DSM_LOCK_TOKEN: String(lock.token) };
  const child = spawn(file, rest, { stdio: 'inherit', env });
  const stop = () => child.kill('SIGTERM');
  lock.signal.addEventListener('abort', stop);
  process.on('SIGTERM', stop);
  // A terminal sends it to the command as well; whoever ends first, the lock is released.
  process.on('SIGINT', ignore);
  try {
    const code = await ending(child, file);
    return lock.signal.aborted ? null : code;
  } finally {
    lock.signal.removeEventListener('abort', stop);
    process.off('SIGTERM', stop);
    process.off('SIGINT', ignore);
  }
}

/** As a shell says it. */
const noSuchCommand = 127;
const cannotBeRun = 126;

function ending(child: ChildProcess, file: string): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code === 'ENOENT' ? noSuchCommand : cannotBeRun;
      const text = `dsm lock: ${file} cannot be run: ${error.message}`;
      resolve(writeErrorLine(text).then(() => code));
    });
    child.once('close', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

function ignore(): void {}
