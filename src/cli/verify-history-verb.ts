/** `dsm verify-history`: its arguments are its own, so they are passed on as they are. */
import process from 'node:process';
import { Command } from 'commander';
import type { Run } from './program.ts';

export function verifyHistoryVerb(run: Run): Command {
  return new Command('verify-history')
    .description('say whether recorded histories are linearizable')
    .helpOption(false)
    .helpCommand(false)
    .allowUnknownOption()
    .argument('[arguments...]')
    .action((given: string[]) =>
      run('dsm verify-history', async () => {
        // Loaded by this verb alone: the checkers are of no use to a node.
        const { runVerifyHistory } = await import('./verify-history.ts');
        return runVerifyHistory(given, process);
      }),
    );
}
