/** `dsm export`: all entries as lines of JSON, which `dsm import` stores again. */
import type { Command } from 'commander';
import { clientCommand, clientOf, clientReader, readClientFlags } from './client-flags.ts';
import { jsonOfEntry } from './entry-json.ts';
import { exitCodes } from './exit.ts';
import { writeLine } from './output.ts';
import type { Run } from './program.ts';

const exportExamples = `
  dsm export > backup.ndjson
  dsm export users/ | gzip > users.ndjson.gz

Lifetimes are not exported. Each page is read at one revision; write nothing meanwhile, or stop
writers, where the export must be of one moment.`;

export function exportVerb(run: Run): Command {
  const command = clientCommand(
    'export',
    'print all entries as lines of JSON',
    exportExamples,
  ).argument('[prefix]', 'only keys that begin with this');
  return command.action((prefix?: string) => run('dsm export', () => exportAll(command, prefix)));
}

async function exportAll(command: Command, prefix: string | undefined): Promise<number> {
  const reader = clientReader(command);
  const flags = readClientFlags(reader);
  reader.end();
  for await (const entry of clientOf(flags).list({ prefix, pageSize: 1000 })) {
    const { revision: _, ...line } = jsonOfEntry(entry);
    if (!(await writeLine(JSON.stringify(line)))) break;
  }
  return exitCodes.ok;
}
