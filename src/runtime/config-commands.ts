/** The verbs that start a node, as commander commands: options, help, examples. */
import { Command } from 'commander';
import { limitSettings, optionOf, type Setting, settings } from './config-settings.ts';

export type Verb = 'master' | 'backup' | 'slave';

interface VerbFacts {
  readonly summary: string;
  readonly port: number;
  /** How the default of `--masters` is shown. */
  readonly masters: string;
  readonly examples: string;
}

export const primaryUrl = 'http://127.0.0.1:12345';
export const backupUrl = 'http://127.0.0.1:12346';

/** Defaults that differ by verb. */
export const verbFacts: Readonly<Record<Verb, VerbFacts>> = {
  master: {
    summary: 'start a master; the first one of the list founds the cluster',
    port: 12_345,
    masters: 'only this one',
    examples: `
Give every node the same list of masters. A master that the list leaves out puts itself first.

Examples:
  dsm master                                            a cluster of one, in .dsm/master-12345
  dsm master --masters http://127.0.0.1:12345,http://127.0.0.1:12346
  dsm master --host 10.0.0.1 --cluster-secret-file secret \\
    --masters http://10.0.0.1:12345,http://10.0.0.2:12346
  dsm master --lease-ms 1800 --failover-ms 2000 --step-down-ms 2500 --value-bytes-max 4MiB`,
  },
  backup: {
    summary: 'start a backup; it takes over when the active master fails',
    port: 12_346,
    masters: `${primaryUrl} and this one`,
    examples: `
Give every node the same list of masters. A backup that the list leaves out puts itself last.

Examples:
  dsm backup                                            for the master of this machine
  dsm backup --host 10.0.0.2 --cluster-secret-file secret \\
    --masters http://10.0.0.1:12345,http://10.0.0.2:12346`,
  },
  slave: {
    summary: 'start a slave; it keeps everything in memory, votes and serves reads',
    port: 20_000,
    masters: `${primaryUrl},${backupUrl}`,
    examples: `
Examples:
  dsm slave                                             for the masters of this machine
  dsm slave --port 0                                    another one, on a free port
  dsm slave --host 10.0.0.3 --cluster-secret-file secret \\
    --masters http://10.0.0.1:12345,http://10.0.0.2:12346`,
  },
};

/** Settings of every verb, and those of masters, in the order of the help. */
const commonSettings: readonly Setting<unknown>[] = [
  settings.host,
  settings.port,
  settings.advertise,
  settings.masters,
  settings.clusterSecretFile,
  settings.allowedHosts,
  settings.allowedOrigins,
];
const masterSettings: readonly Setting<unknown>[] = [
  settings.dataDir,
  settings.placement,
  settings.readFrom,
];
const lastSettings: readonly Setting<unknown>[] = [
  settings.logLevel,
  settings.logFormat,
  settings.exitWithParent,
];

function settingsOf(verb: Verb): readonly Setting<unknown>[] {
  if (verb === 'slave') return [...commonSettings, ...lastSettings];
  const birth = verb === 'master' ? [settings.newCluster] : [];
  return [...commonSettings, ...masterSettings, ...birth, ...lastSettings];
}

function defaultTextOf(verb: Verb, setting: Setting<unknown>): string {
  const { port, masters } = verbFacts[verb];
  if (setting.name === 'port') return String(port);
  if (setting.name === 'masters') return masters;
  return setting.name === 'dataDir' ? `.dsm/${verb}-<port>` : setting.defaultText;
}

const variablesHelp = `
Every flag has a variable: --data-dir is DSM_DATA_DIR. The flag wins.`;

/** A command without an action, for `parse` here or as a verb of `dsm`. */
export function nodeCommand(verb: Verb): Command {
  const command = new Command(verb);
  command.description(verbFacts[verb].summary).summary(verbFacts[verb].summary);
  for (const setting of settingsOf(verb)) {
    command.addOption(optionOf(setting, defaultTextOf(verb, setting)).helpGroup('Options:'));
  }
  for (const setting of limitSettings) {
    command.addOption(optionOf(setting).helpGroup('Times and limits:'));
  }
  return command
    .helpOption('-h, --help', 'show this help')
    .addHelpText('after', variablesHelp + verbFacts[verb].examples);
}
