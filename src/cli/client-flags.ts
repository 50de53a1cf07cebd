/** The flags that every verb of a client has, and the client that they describe. */
import process from 'node:process';
import { Command } from 'commander';
import { type Client, createClient } from '../client/client.ts';
import { backupUrl, primaryUrl } from '../runtime/config-commands.ts';
import { ConfigReader } from '../runtime/config-reader.ts';
import { optionOf, type Setting, settings } from '../runtime/config-settings.ts';
import { parseInteger, parseSwitch } from '../runtime/config-values.ts';
import { exitCodesHelp } from './exit.ts';

const defaultMasters = Object.freeze([primaryUrl, backupUrl]);

export const clientSettings = Object.freeze({
  timeoutMs: {
    name: 'timeoutMs',
    placeholder: 'ms',
    help: 'time for the whole call, all attempts together',
    allowed: 'a whole number of milliseconds from 1 to 3600000',
    defaultText: '10000',
    parse: (text: string) => parseInteger(text, 1, 3_600_000),
  } satisfies Setting<number>,
  json: {
    name: 'json',
    placeholder: '',
    help: 'print one line of JSON',
    allowed: 'true or false',
    defaultText: '',
    parse: parseSwitch,
  } satisfies Setting<boolean>,
});

export interface ClientFlags {
  readonly masters: readonly string[];
  readonly timeoutMs: number;
  readonly json: boolean;
}

/** A verb with the flags of a client, and `examples` below its help. */
export function clientCommand(verb: string, summary: string, examples: string): Command {
  return new Command(verb)
    .summary(summary)
    .description(summary)
    .addOption(optionOf(settings.masters, defaultMasters.join(',')))
    .addOption(optionOf(clientSettings.timeoutMs))
    .addOption(optionOf(clientSettings.json))
    .helpOption('-h, --help', 'show this help')
    .addHelpText('after', `\nExamples:\n${examples}${exitCodesHelp}`);
}

/** Notes mistakes in `reader`; whoever read its last flag calls `reader.end()`. */
export function readClientFlags(reader: ConfigReader): ClientFlags {
  return {
    masters: reader.read(settings.masters, defaultMasters),
    timeoutMs: reader.read(clientSettings.timeoutMs, 10_000),
    json: reader.read(clientSettings.json, false),
  };
}

export function clientReader(command: Command): ConfigReader {
  return new ConfigReader(command.opts(), process.env);
}

/** `headers` go with every request. */
export function clientOf(
  flags: ClientFlags,
  headers: Readonly<Record<string, string>> = {},
): Client {
  return createClient({ masters: flags.masters, timeoutMs: flags.timeoutMs, headers });
}
