/** `dsm read`. */
import process from 'node:process';
import type { Command } from 'commander';
import type { Entry } from '../client/types.ts';
import { optionOf } from '../runtime/config-settings.ts';
import { callSettings, tellNotFound } from './call-flags.ts';
import { clientCommand, clientOf, clientReader, readClientFlags } from './client-flags.ts';
import { jsonOfEntry } from './entry-json.ts';
import { exitCodes } from './exit.ts';
import { write, writeLine } from './output.ts';
import type { Run } from './program.ts';

const examples = `
  dsm read greeting
  dsm read photo > photo.jpg
  dsm read greeting --json --consistency stale`;

export function readVerb(run: Run): Command {
  const command = clientCommand('read', 'print the value of a key, byte for byte', examples)
    .alias('get')
    .argument('<key>')
    .addOption(optionOf(callSettings.consistency))
    .addOption(optionOf(callSettings.minRevision));
  return command.action((key: string) => run('dsm read', () => read(command, key)));
}

async function read(command: Command, key: string): Promise<number> {
  const reader = clientReader(command);
  const flags = readClientFlags(reader);
  const options = {
    consistency: reader.readFlag(callSettings.consistency, undefined),
    minRevision: reader.readFlag(callSettings.minRevision, undefined),
  };
  reader.end();
  const entry = await clientOf(flags).get(key, options);
  if (entry === null) return tellNotFound(key, flags.json);
  await (flags.json ? writeLine(entryJson(entry)) : write(process.stdout, entry.value));
  return exitCodes.ok;
}

function entryJson(entry: Entry): string {
  const { key, ...rest } = jsonOfEntry(entry);
  return JSON.stringify({ key, found: true, ...rest });
}
