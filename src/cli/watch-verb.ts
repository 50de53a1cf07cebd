/** `dsm watch`. */
import type { Command } from 'commander';
import type { WatchEvent } from '../client/types.ts';
import { optionOf } from '../runtime/config-settings.ts';
import { callSettings } from './call-flags.ts';
import { clientCommand, clientOf, clientReader, readClientFlags } from './client-flags.ts';
import { jsonOfEntry } from './entry-json.ts';
import { exitCodes } from './exit.ts';
import { shownKey } from './list-verb.ts';
import { writeLine } from './output.ts';
import type { Run } from './program.ts';

const examples = `
  dsm watch                                    what is there, then every change, until Ctrl+C
  dsm watch flags/ --json | jq .
  dsm watch --key leader --from 120 --count 1  wait for the next change after revision 120`;

export function watchVerb(run: Run): Command {
  const command = clientCommand('watch', 'print what is there, then each change', examples)
    .argument('[prefix]', 'only keys that begin with this')
    .addOption(optionOf(callSettings.key))
    .addOption(optionOf(callSettings.from))
    .addOption(optionOf(callSettings.count))
    .addOption(optionOf(callSettings.consistency));
  return command.action((prefix?: string) => run('dsm watch', () => watch(command, prefix)));
}

async function watch(command: Command, prefix: string | undefined): Promise<number> {
  const reader = clientReader(command);
  const flags = readClientFlags(reader);
  const key = reader.readFlag(callSettings.key, undefined);
  const options = {
    ...{ prefix, key },
    from: reader.readFlag(callSettings.from, undefined),
    consistency: reader.readFlag(callSettings.consistency, undefined),
  };
  const countMax = reader.readFlag(callSettings.count, Infinity);
  if (key !== undefined && prefix !== undefined) reader.fault('give a prefix or --key, not both');
  reader.end();
  const client = clientOf(flags);
  // A mistake in the list of masters should be told, not waited out.
  await client.status();
  let count = 0;
  for await (const event of client.watch(options)) {
    const isRead = await writeLine(flags.json ? JSON.stringify(jsonOf(event)) : lineOf(event));
    if (event.kind !== 'synced' && event.kind !== 'reset') count += 1;
    if (!isRead || count >= countMax) break;
  }
  return exitCodes.ok;
}

function jsonOf(event: WatchEvent): object {
  if (event.kind !== 'put') return event;
  return { kind: event.kind, ...jsonOfEntry(event.entry) };
}

/** `put 17 flags/dark "on"`: the value as JSON where it is text, so that a line stays a line. */
function lineOf(event: WatchEvent): string {
  const { kind, revision } = event;
  if (kind === 'synced' || kind === 'reset') return `${kind} ${revision}`;
  const head = `${kind} ${revision} ${shownKey(event.key)}`;
  if (kind !== 'put') return head;
  const { value, encoding } = jsonOfEntry(event.entry);
  const shown =
    encoding === 'utf-8' ? JSON.stringify(value) : `(${event.entry.value.length} bytes)`;
  return `${head} ${shown}`;
}
