/** `dsm master`, `dsm backup`, `dsm slave`. */
import process from 'node:process';
import type { Command } from 'commander';
import { nodeCommand, readMasterConfig, readSlaveConfig } from '../runtime/config.ts';
import type { Context, Run } from './program.ts';
import { runNode } from './run-node.ts';

export function masterVerb(verb: 'master' | 'backup', run: Run, context: Context): Command {
  const command = nodeCommand(verb);
  return command.action(() =>
    run(`dsm ${verb}`, async () => {
      const config = readMasterConfig(verb, command.opts(), process.env);
      const start = async () => (await context.loadStart()).startMaster(config);
      return runNode(config.exitWithParent, start);
    }),
  );
}

export function slaveVerb(run: Run, context: Context): Command {
  const command = nodeCommand('slave');
  return command.action(() =>
    run('dsm slave', async () => {
      const config = readSlaveConfig(command.opts(), process.env);
      const start = async () => (await context.loadStart()).startSlave(config);
      return runNode(config.exitWithParent, start);
    }),
  );
}
