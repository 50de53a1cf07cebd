/** `dsm delete`. */
import type { Command } from 'commander';
import { optionOf } from '../runtime/config-settings.ts';
import { callSettings, tellConflict, tellNotFound } from './call-flags.ts';
import { clientCommand, clientOf, clientReader, readClientFlags } from './client-flags.ts';
import { exitCodes } from './exit.ts';
import { writeLine } from './output.ts';
import type { Run } from './program.ts';

const examples = `
  dsm delete greeting
  dsm delete greeting --if-revision 7`;

export function deleteVerb(run: Run): Command {
  const command = clientCommand('delete', 'delete a key', examples)
    .argument('<key>')
    .addOption(optionOf(callSettings.ifRevision))
    .addOption(optionOf(callSettings.idempotencyKey));
  return command.action((key: string) => run('dsm delete', () => deleteKey(command, key)));
}

async function deleteKey(command: Command, key: string): Promise<number> {
  const reader = clientReader(command);
  const flags = readClientFlags(reader);
  const options = { idempotencyKey: reader.readFlag(callSettings.idempotencyKey, undefined) };
  const ifRevision = reader.readFlag(callSettings.ifRevision, undefined);
  reader.end();
  const client = clientOf(flags);
  const deleted =
    ifRevision === undefined
      ? await client.delete(key, options)
      : await client.delete(key, { ...options, ifRevision });
  if (!deleted.ok) return tellConflict(key, deleted, flags.json);
  if (!deleted.deleted) return tellNotFound(key, flags.json);
  await writeLine(flags.json ? JSON.stringify({ key, ...deleted }) : 'OK deleted');
  return exitCodes.ok;
}
