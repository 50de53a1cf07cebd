/** `dsm incr`. */
import type { Command } from 'commander';
import { optionOf } from '../runtime/config-settings.ts';
import { callSettings } from './call-flags.ts';
import { clientCommand, clientOf, clientReader, readClientFlags } from './client-flags.ts';
import { exitCodes } from './exit.ts';
import { writeLine } from './output.ts';
import type { Run } from './program.ts';

const examples = `
  dsm incr visits                              prints the new number; an absent key is 0
  dsm incr stock -- -3
  dsm incr hits/10.0.0.7 --ttl 60              gone 60 s after it was made`;

export function incrVerb(run: Run): Command {
  const command = clientCommand('incr', 'add to a number, exactly', examples)
    .argument('<key>')
    .argument('[by]', 'a whole number (default 1)')
    .addOption(optionOf(callSettings.ttl))
    .addOption(optionOf(callSettings.idempotencyKey));
  return command.action((key: string, by?: string) =>
    run('dsm incr', () => increment(command, key, by)),
  );
}

async function increment(command: Command, key: string, text = '1'): Promise<number> {
  const reader = clientReader(command);
  const flags = readClientFlags(reader);
  const options = {
    by: /^-?\d{1,16}$/.test(text) ? Number(text) : 0,
    ttl: reader.readFlag(callSettings.ttl, undefined),
    idempotencyKey: reader.readFlag(callSettings.idempotencyKey, undefined),
  };
  if (!/^-?\d{1,16}$/.test(text)) reader.fault(`${text} is not a whole number`);
  reader.end();
  const result = await clientOf(flags).increment(key, options);
  await writeLine(flags.json ? JSON.stringify({ key, ...result }) : String(result.number));
  return exitCodes.ok;
}
