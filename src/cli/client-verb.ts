/** `dsm client`. */
import process from 'node:process';
import type { Command } from 'commander';
import { clientCommand, clientOf, clientReader, readClientFlags } from './client-flags.ts';
import { exitCodes } from './exit.ts';
import type { Run } from './program.ts';
import { runSession } from './session.ts';

const examples = `
  dsm client
  printf 'WRITE greeting hello\\nREAD greeting\\n' | dsm client`;

export function clientVerb(run: Run): Command {
  const command = clientCommand('client', 'read and write interactively', examples);
  return command.action(() =>
    run('dsm client', async () => {
      const reader = clientReader(command);
      const flags = readClientFlags(reader);
      reader.end();
      const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
      const exitCode = await runSession({
        client: clientOf(flags),
        masters: flags.masters,
        input: process.stdin,
        output: process.stdout,
        isTerminal,
      });
      // A person has seen what failed; a script has not.
      return isTerminal ? exitCodes.ok : exitCode;
    }),
  );
}
