/** `dsm export` and `dsm import`: all entries as lines of JSON, and back. */
import type { Command } from 'commander';
import { z } from 'zod';
import type { BatchItem } from '../client/types.ts';
import { DsmError } from '../core/errors.ts';
import { bytesOfJson, type JsonValue, jsonValueFault } from '../http/json-values.ts';
import { clientCommand, clientOf, clientReader, readClientFlags } from './client-flags.ts';
import { jsonOfEntry } from './entry-json.ts';
import { exitCodes } from './exit.ts';
import { linesOf } from './input.ts';
import { writeErrorLine, writeLine } from './output.ts';
import type { Run } from './program.ts';

const exportExamples = `
  dsm export > backup.ndjson
  dsm export users/ | gzip > users.ndjson.gz

Lifetimes are not exported. Each page is read at one revision; write nothing meanwhile, or stop
writers, where the export must be of one moment.`;

const importExamples = `
  dsm import backup.ndjson
  zcat users.ndjson.gz | dsm import
  etcdctl get --prefix '' -w json | dsm import
  dsm import backup.ndjson --if-absent         keeps what is there

A line is {"key", "value", "encoding": "utf-8" or "base64", "contentType", "ttl"}; all but key and
value may be left out. What etcdctl prints as JSON is understood as well.`;

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

export function importVerb(run: Run): Command {
  const command = clientCommand('import', 'store what export has printed', importExamples)
    .argument('[file]', 'standard input by default')
    .option('--if-absent', 'only keys that are not there');
  return command.action((file?: string) => run('dsm import', () => importAll(command, file)));
}

type Put = Extract<BatchItem, { readonly op: 'put' }>;

const lineSchema = z.object({
  key: z.string(),
  value: z.string(),
  encoding: z.enum(['utf-8', 'base64']).default('utf-8'),
  contentType: z.string().optional(),
  ttl: z.number().optional(),
});

/** `etcdctl get -w json`: keys and values are base64, and an empty value is left out. */
const etcdSchema = z.object({
  kvs: z.array(z.object({ key: z.string(), value: z.string().default('') })),
});

/** Of one request: far from the limits of a batch. */
const itemsMax = 200;
const bytesMax = 2 * 1024 * 1024;

async function importAll(command: Command, file: string | undefined): Promise<number> {
  const reader = clientReader(command);
  const flags = readClientFlags(reader);
  reader.end();
  const { ifAbsent } = command.opts<{ ifAbsent?: true }>();
  const condition = ifAbsent === true ? { if: { exists: false } } : {};
  const client = clientOf(flags);
  const counts = { stored: 0, skipped: 0 };
  let failures = 0;
  for await (const puts of chunksOf(file)) {
    for (const result of await client.batch(puts.map((put) => ({ ...put, ...condition })))) {
      if (result.ok) counts.stored += 1;
      else if (result.error.code === 'precondition_failed') counts.skipped += 1;
      else {
        failures += 1;
        await writeErrorLine(`dsm import: ${JSON.stringify(result.key)}: ${result.error.message}`);
      }
    }
  }
  const text = `OK stored ${counts.stored}, skipped ${counts.skipped}, failed ${failures}`;
  await writeLine(flags.json ? JSON.stringify({ ...counts, failed: failures }) : text);
  return failures === 0 ? exitCodes.ok : exitCodes.refused;
}

async function* chunksOf(file: string | undefined): AsyncGenerator<Put[], void, void> {
  let puts: Put[] = [];
  let bytes = 0;
  let number = 0;
  for await (const line of linesOf(file)) {
    number += 1;
    for (const { put, size } of line.trim() === '' ? [] : putsOf(line, number)) {
      if (puts.length === itemsMax || (puts.length > 0 && bytes + size > bytesMax)) {
        yield puts;
        puts = [];
        bytes = 0;
      }
      puts.push(put);
      bytes += size;
    }
  }
  if (puts.length > 0) yield puts;
}

/** Throws where a line is neither ours nor etcd's: a person must look before anything more is stored. */
function putsOf(line: string, number: number): { readonly put: Put; readonly size: number }[] {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    throw new DsmError('invalid_request', `line ${number} is not JSON`);
  }
  const etcd = etcdSchema.safeParse(json);
  if (etcd.success) {
    return etcd.data.kvs.map(({ key, value }) => {
      const name = bytesIn({ value: key, encoding: 'base64' }, number);
      return putOf({ key: textIn(name, number), value, encoding: 'base64' }, number);
    });
  }
  const parsed = lineSchema.safeParse(json);
  if (parsed.success) return [putOf(parsed.data, number)];
  throw noEntry(number, z.prettifyError(parsed.error));
}

function noEntry(number: number, reason: string): DsmError {
  return new DsmError('invalid_request', `line ${number} is no entry: ${reason}`);
}

function bytesIn(value: JsonValue, number: number): Uint8Array {
  const fault = jsonValueFault(value);
  if (fault !== null) throw noEntry(number, fault);
  return bytesOfJson(value);
}

/** etcd takes any bytes for keys. */
function textIn(bytes: Uint8Array, number: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw noEntry(number, 'the key is not UTF-8');
  }
}

function putOf(line: z.output<typeof lineSchema>, number: number) {
  const { key, contentType, ttl } = line;
  const bytes = bytesIn(line, number);
  const put: Put = {
    ...{ op: 'put', key, value: bytes },
    ...(contentType === undefined ? {} : { contentType }),
    ...(ttl === undefined ? {} : { ttl }),
  };
  return { put, size: bytes.length + key.length };
}
