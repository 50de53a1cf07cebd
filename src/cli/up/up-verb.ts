/** `dsm up`: a whole cluster on this machine, as real processes. */
import { resolve } from 'node:path';
import process from 'node:process';
import { Command } from 'commander';
import { readLimits } from '../../runtime/config.ts';
import { ConfigReader } from '../../runtime/config-reader.ts';
import {
  flagOf,
  limitSettings,
  optionOf,
  type Setting,
  settings,
} from '../../runtime/config-settings.ts';
import { oneOf, parseInteger } from '../../runtime/config-values.ts';
import type { RuntimeName } from '../../runtime/serve.ts';
import { clientSettings } from '../client-flags.ts';
import type { Context, Run } from '../program.ts';
import type { UpOptions } from './prepare.ts';
import { runtimeNames } from './runtimes.ts';

const count = (name: string, max: number, defaultText: string, help: string): Setting<number> => ({
  name,
  placeholder: 'number',
  help,
  allowed: `a whole number from 0 to ${max}`,
  defaultText,
  parse: (text) => parseInteger(text, 0, max),
});

const upSettings = Object.freeze({
  slaves: count('slaves', 64, '3', 'how many slaves'),
  backups: count('backups', 8, '1', 'how many backups'),
  portBase: {
    ...count('portBase', 57_000, '12345', 'port of the master; backups follow, slaves have +7655'),
    help: 'port of the master; the backups follow, the slaves begin 7655 later; 0: free ones',
  } satisfies Setting<number>,
  runtime: {
    name: 'runtime',
    placeholder: 'word',
    help: `what runs the nodes (${runtimeNames.join(', ')})`,
    allowed: `one of ${runtimeNames.join(', ')}`,
    defaultText: 'the same as now',
    parse: oneOf(runtimeNames),
  } satisfies Setting<RuntimeName>,
  readyTimeoutMs: {
    name: 'readyTimeoutMs',
    placeholder: 'ms',
    help: 'time for the cluster to get ready',
    allowed: 'a whole number of milliseconds from 1 to 3600000',
    defaultText: '30000',
    parse: (text: string) => parseInteger(text, 1, 3_600_000),
  } satisfies Setting<number>,
});

const examples = `
Started again on the same directory, the cluster has all its data. Ctrl+C stops every node.

Examples:
  dsm up                                       1 master, 1 backup, 3 slaves
  dsm up --slaves 5 --backups 2 --runtime bun
  dsm up --port-base 0 --data-dir /tmp/try --json
  dsm up --allowed-origins http://localhost:5173
  dsm up --lease-ms 1800 --failover-ms 2000 --step-down-ms 2500`;

const masterSettings: readonly Setting<unknown>[] = [settings.placement, settings.readFrom];
const nodeSettings: readonly Setting<unknown>[] = [
  settings.logLevel,
  settings.allowedHosts,
  settings.allowedOrigins,
];

export function upVerb(run: Run, context: Context): Command {
  const summary = 'start a whole cluster on this machine';
  const command = new Command('up').summary(summary).description(summary);
  for (const setting of Object.values(upSettings)) command.addOption(optionOf(setting));
  command.addOption(optionOf(settings.dataDir, '.dsm'));
  command.addOption(optionOf(clientSettings.json));
  command.addOption(optionOf(settings.exitWithParent));
  for (const setting of [...masterSettings, ...nodeSettings]) {
    command.addOption(optionOf(setting).helpGroup('Passed on to the nodes:'));
  }
  for (const setting of limitSettings) {
    command.addOption(optionOf(setting).helpGroup('Passed on to the nodes:'));
  }
  command.helpOption('-h, --help', 'show this help').addHelpText('after', examples);
  return command.action(() => run('dsm up', () => up(command, context)));
}

async function up(command: Command, context: Context): Promise<number> {
  const reader = new ConfigReader(command.opts(), process.env);
  const options: UpOptions = {
    slaves: reader.read(upSettings.slaves, 3),
    backups: reader.read(upSettings.backups, 1),
    portBase: reader.read(upSettings.portBase, null),
    runtime: reader.read(upSettings.runtime, null),
    dataDir: resolve(reader.read(settings.dataDir, '.dsm')),
    nodeFlags: passedOn(reader, [...nodeSettings, ...limitSettings]),
    masterFlags: passedOn(reader, masterSettings),
    script: context.script,
  };
  const json = reader.read(clientSettings.json, false);
  const exitWithParent = reader.read(settings.exitWithParent, false);
  const readyTimeoutMs = reader.read(upSettings.readyTimeoutMs, 30_000);
  // Checked here, so that a mistake is told once and not by every node.
  readLimits(reader);
  for (const setting of [...masterSettings, ...nodeSettings]) reader.read(setting, null);
  reader.end();
  // Loaded late: the other verbs answer faster without.
  const { runCluster } = await import('./cluster.ts');
  return runCluster(options, { json, readyTimeoutMs, exitWithParent });
}

/** What was given for `settings`, as flags. */
function passedOn(reader: ConfigReader, passed: readonly Setting<unknown>[]): string[] {
  return passed.flatMap((setting) => {
    const text = reader.given(setting);
    return text === undefined || text === '' ? [] : [flagOf(setting.name), text];
  });
}
