/** `dsm list`. */
import type { Command } from 'commander';
import { optionOf } from '../runtime/config-settings.ts';
import { callSettings } from './call-flags.ts';
import { clientCommand, clientOf, clientReader, readClientFlags } from './client-flags.ts';
import { jsonOfEntry } from './entry-json.ts';
import { exitCodes } from './exit.ts';
import { writeLine } from './output.ts';
import type { Run } from './program.ts';

const examples = `
  dsm list                                     every key
  dsm list users/ --limit 10 --reverse
  dsm list flags/ --json | jq -r .value        a line of JSON for each entry`;

export function listVerb(run: Run): Command {
  const command = clientCommand('list', 'print keys in order, one a line', examples)
    .alias('ls')
    .argument('[prefix]', 'only keys that begin with this')
    .addOption(optionOf(callSettings.start))
    .addOption(optionOf(callSettings.end))
    .addOption(optionOf(callSettings.limit))
    .option('--reverse', 'from the last to the first')
    .addOption(optionOf(callSettings.consistency));
  return command.action((prefix?: string) => run('dsm list', () => list(command, prefix)));
}

async function list(command: Command, prefix: string | undefined): Promise<number> {
  const reader = clientReader(command);
  const flags = readClientFlags(reader);
  const { reverse } = command.opts<{ reverse?: true }>();
  const options = {
    ...{ prefix, reverse },
    start: reader.readFlag(callSettings.start, undefined),
    end: reader.readFlag(callSettings.end, undefined),
    limit: reader.readFlag(callSettings.limit, undefined),
    consistency: reader.readFlag(callSettings.consistency, undefined),
  };
  reader.end();
  const client = clientOf(flags);
  if (flags.json) {
    for await (const entry of client.list(options)) {
      if (!(await writeLine(JSON.stringify(jsonOfEntry(entry))))) break;
    }
  } else {
    for await (const key of client.keys(options)) if (!(await writeLine(shownKey(key)))) break;
  }
  return exitCodes.ok;
}

/** As it is, unless that would not be one line. */
export function shownKey(key: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  return /[\u0000-\u001f\u007f]/.test(key) ? JSON.stringify(key) : key;
}
