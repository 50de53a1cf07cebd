/** `dsm write`. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { PutOptions } from '../client/types.ts';
import type { ConfigReader } from '../runtime/config-reader.ts';
import { optionOf } from '../runtime/config-settings.ts';
import { addConditions, callSettings, readCondition, tellConflict } from './call-flags.ts';
import { clientCommand, clientOf, clientReader, readClientFlags } from './client-flags.ts';
import { exitCodes } from './exit.ts';
import { readStdin } from './input.ts';
import { writeLine } from './output.ts';
import type { Run } from './program.ts';

const examples = `
  dsm write greeting hello world
  echo hello | dsm write greeting -
  dsm write photo --file photo.jpg --content-type image/jpeg
  dsm write greeting hi --if-revision 7
  dsm put session/17 alice --ttl 1800
  dsm write balance -- -5                      a value that starts with a dash`;

export function writeVerb(run: Run): Command {
  const command = clientCommand('write', 'store a value under a key', examples)
    .alias('put')
    .argument('<key>')
    .argument('[value...]', 'words, joined by spaces; - reads standard input')
    .option('--stdin', 'the value is what comes on standard input')
    .option('--file <path>', 'the value is what stands in a file')
    .addOption(optionOf(callSettings.contentType))
    .addOption(optionOf(callSettings.ttl))
    .addOption(optionOf(callSettings.idempotencyKey));
  return addConditions(command).action((key: string, words: readonly string[]) =>
    run('dsm write', () => writeValue(command, key, words)),
  );
}

async function writeValue(
  command: Command,
  key: string,
  words: readonly string[],
): Promise<number> {
  const reader = clientReader(command);
  const flags = readClientFlags(reader);
  const options: PutOptions = {
    contentType: reader.readFlag(callSettings.contentType, undefined),
    ttl: reader.readFlag(callSettings.ttl, undefined),
    idempotencyKey: reader.readFlag(callSettings.idempotencyKey, undefined),
  };
  const condition = readCondition(command, reader);
  const value = await readValue(command, words, reader);
  reader.end();
  const client = clientOf(flags);
  const written =
    condition === null
      ? await client.put(key, value, options)
      : await client.put(key, value, { ...options, ...condition });
  if (!written.ok) return tellConflict(key, written, flags.json);
  const how = written.created ? 'created' : 'updated';
  const line = `OK revision ${written.revision} (${how})`;
  await writeLine(flags.json ? JSON.stringify({ key, ...written }) : line);
  return exitCodes.ok;
}

/** Exactly one of words, `-`, `--stdin` and `--file`. */
async function readValue(
  command: Command,
  words: readonly string[],
  reader: ConfigReader,
): Promise<string | Uint8Array> {
  const { stdin, file } = command.opts<{ stdin?: true; file?: string }>();
  const isDash = words.length === 1 && words[0] === '-';
  const hasWords = words.length > 0 && !isDash;
  const sources = [stdin === true || isDash, file !== undefined, hasWords];
  if (sources.filter(Boolean).length !== 1) {
    reader.fault('give the value once: as words, with - or --stdin, or with --file <path>');
    return '';
  }
  if (hasWords) return words.join(' ');
  try {
    return file === undefined ? await readStdin() : await readFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    reader.fault(`the value cannot be read: ${reason}`);
    return '';
  }
}
