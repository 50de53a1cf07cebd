/** `dsm import`: keys from a file, ours or somebody else's. */
import type { Command } from 'commander';
import { optionOf, type Setting } from '../runtime/config-settings.ts';
import { oneOf, parseInteger } from '../runtime/config-values.ts';
import { clientCommand, clientOf, clientReader, readClientFlags } from './client-flags.ts';
import { exitCodes } from './exit.ts';
import { ImportRun } from './import/import-run.ts';
import { type Format, formats, openImport } from './import/open.ts';
import type { Run } from './program.ts';

const examples = `
  dsm import backup.ndjson
  zcat users.ndjson.gz | dsm import
  dsm import dump.rdb                          what Redis saved; also redis-cli --rdb dump.rdb
  dsm import appendonly.aof
  etcdctl get --prefix '' -w json | dsm import
  dsm import backup.ndjson --if-absent         keeps what is there

A line of JSON is {"key", "value", "encoding": "utf-8" or "base64", "contentType", "ttl"}; all but
key and value may be left out. What etcdctl prints as JSON is understood as well. Of Redis strings
are stored, with what is left of their lifetimes. Whatever else is in a file is named and counted,
and then the exit code is 1.`;

const settings = Object.freeze({
  format: {
    name: 'format',
    placeholder: 'word',
    help: `${formats.join(', ')}: what the file is; auto sees it but for commands on lines`,
    allowed: `one of ${formats.join(', ')}`,
    defaultText: 'auto',
    parse: oneOf<Format>(formats),
  } satisfies Setting<Format>,
  database: {
    name: 'database',
    placeholder: 'number',
    help: 'of a file of Redis, the database whose keys are stored',
    allowed: 'a whole number from 0',
    defaultText: '0',
    parse: (text: string) => parseInteger(text, 0, 1_000_000),
  } satisfies Setting<number>,
});

export function importVerb(run: Run): Command {
  const command = clientCommand('import', 'store keys from a file', examples)
    .argument('[file]', 'standard input by default')
    .addOption(optionOf(settings.format))
    .addOption(optionOf(settings.database))
    .option('--if-absent', 'only keys that are not there');
  return command.action((file?: string) => run('dsm import', () => importAll(command, file)));
}

async function importAll(command: Command, file: string | undefined): Promise<number> {
  const reader = clientReader(command);
  const flags = readClientFlags(reader);
  const format = reader.readFlag(settings.format, 'auto');
  const database = reader.readFlag(settings.database, 0);
  reader.end();
  const { ifAbsent } = command.opts<{ ifAbsent?: true }>();
  const running = new ImportRun(clientOf(flags), { ifAbsent: ifAbsent === true, now: Date.now });
  try {
    for await (const found of openImport(file, format, { database, nowMs: Date.now() })) {
      await running.take(found);
    }
    await running.flush();
  } catch (error) {
    await running.tellBroken();
    throw error;
  }
  await running.tell(flags.json);
  return running.isComplete ? exitCodes.ok : exitCodes.refused;
}
