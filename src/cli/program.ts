/** The command line: its verbs, and the one place where a verb's result becomes an exit code. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { StartModule } from '../runtime/config.ts';
import { adminVerb } from './admin-verb.ts';
import { clientVerb } from './client-verb.ts';
import { completionVerb } from './completion-verb.ts';
import { deleteVerb } from './delete-verb.ts';
import { exitCodeOf, exitCodes, exitCodesHelp, failureText } from './exit.ts';
import { exportVerb } from './export-verb.ts';
import { importVerb } from './import-verb.ts';
import { incrVerb } from './incr-verb.ts';
import { listVerb } from './list-verb.ts';
import { lockVerb } from './lock-verb.ts';
import { masterVerb, slaveVerb } from './node-verbs.ts';
import { writeErrorLine } from './output.ts';
import { readVerb } from './read-verb.ts';
import { snapshotVerb } from './snapshot-verb.ts';
import { statusVerb } from './status-verb.ts';
import { txnVerb } from './txn-verb.ts';
import { upVerb } from './up/up-verb.ts';
import { verifyHistoryVerb } from './verify-history-verb.ts';
import { watchVerb } from './watch-verb.ts';
import { writeVerb } from './write-verb.ts';

/** What the command line is given by the file that was started. */
export interface Context {
  /** That file: `dsm up` starts its nodes with it. */
  readonly script: string;
  /** Loaded by the verbs that start a node, and by no other. */
  loadStart(): Promise<StartModule>;
}

/** Runs one verb; tells its failure, and keeps its exit code. */
export type Run = (verb: string, work: () => Promise<number>) => Promise<void>;

const examples = `
Try it:
  dsm up                                       a whole cluster on this machine
  dsm write greeting hello
  dsm read greeting
  dsm watch greet                              every change, as it happens
  dsm status
  dsm client                                   the same, interactively

Every verb explains itself: dsm write --help${exitCodesHelp}`;

/** Runs `dsm` with these arguments and gives its exit code. Everything was told by then. */
export async function runCli(argv: readonly string[], context: Context): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const run: Run = async (verb, work) => {
    try {
      exitCode = await work();
    } catch (error) {
      exitCode = exitCodeOf(error);
      const text = failureText(verb, error);
      if (text !== null) await writeErrorLine(text);
    }
  };
  const program = createProgram(run, context);
  await run('dsm', async () => {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  });
  return exitCode;
}

function createProgram(run: Run, context: Context): Command {
  const program = new Command('dsm')
    .description('Shared memory for fleets of servers: a replicated key-value store over HTTP.')
    .helpOption('-h, --help', 'show this help')
    .version(version(), '-V, --version', 'show the version')
    .helpCommand(false)
    .addHelpText('after', examples)
    .exitOverride();
  const verbs = [
    upVerb(run, context),
    masterVerb('master', run, context),
    masterVerb('backup', run, context),
    slaveVerb(run, context),
    clientVerb(run),
    readVerb(run),
    writeVerb(run),
    deleteVerb(run),
    listVerb(run),
    watchVerb(run),
    incrVerb(run),
    txnVerb(run),
    lockVerb(run),
    exportVerb(run),
    importVerb(run),
    statusVerb(run),
    adminVerb(run),
    snapshotVerb(run),
    completionVerb(run, program),
  ];
  for (const verb of verbs) program.addCommand(inherit(verb, program));
  // Reads its arguments itself, `--help` too: inheriting would take that away.
  program.addCommand(verifyHistoryVerb(run));
  return program;
}

/** Of the package that this file is in, as sources and as it is published. */
function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  const { version: text }: { version: string } = JSON.parse(readFileSync(file, 'utf8'));
  return text;
}

/** A command that was made by itself leaves the process at a mistake, unless it inherits this. */
function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inherit(child, command);
  return command;
}
