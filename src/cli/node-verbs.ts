/** `dsm master`, `dsm backup`, `dsm slave`. */
import process from 'node:process';
import type { Command } from 'commander';
import {
  type NodeConfig,
  nodeCommand,
  readMasterConfig,
  readSlaveConfig,
} from '../runtime/config.ts';
import type { Context, Run } from './program.ts';
import { type RunNodeOptions, runNode } from './run-node.ts';

export function masterVerb(verb: 'master' | 'backup', run: Run, context: Context): Command {
  const command = nodeCommand(verb);
  return command.action(() =>
    run(`dsm ${verb}`, async () => {
      const config = readMasterConfig(verb, command.opts(), process.env);
      const start = async () => (await context.loadStart()).startMaster(config);
      return runNode(optionsOf(config), start);
    }),
  );
}

export function slaveVerb(run: Run, context: Context): Command {
  const command = nodeCommand('slave');
  return command.action(() =>
    run('dsm slave', async () => {
      const config = readSlaveConfig(command.opts(), process.env);
      const start = async () => (await context.loadStart()).startSlave(config);
      return runNode(optionsOf(config), start);
    }),
  );
}

function optionsOf({ exitWithParent, host, port }: NodeConfig): RunNodeOptions {
  return { exitWithParent, address: `${host}:${port}` };
}
