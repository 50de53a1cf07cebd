/** `dsm import`: keys from a file, ours or somebody else's. */
import type { Command } from 'commander';
import type { Client } from '../client/client.ts';
import type { BatchResult } from '../client/types.ts';
import { DsmError } from '../core/errors.ts';
import { optionOf, type Setting } from '../runtime/config-settings.ts';
import { oneOf, parseInteger } from '../runtime/config-values.ts';
import { clientCommand, clientOf, clientReader, readClientFlags } from './client-flags.ts';
import { exitCodes } from './exit.ts';
import type { Found, Put } from './import/items.ts';
import { type Format, formats, openImport } from './import/open.ts';
import { writeErrorLine, writeLine } from './output.ts';
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

/** Of one request: far from the limits of a batch. */
const itemsMax = 200;
const bytesMax = 2 * 1024 * 1024;

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
  const running = new Import(clientOf(flags), ifAbsent === true);
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

/** Of what was not stored as it was: how much, and the first of it. */
interface Remark {
  count: number;
  readonly keys: string[];
}

const shownKeysMax = 3;

class Import {
  readonly #client: Client;
  readonly #ifAbsent: boolean;
  readonly #counts = { stored: 0, skipped: 0, failed: 0, leftOut: 0, expired: 0 };
  readonly #remarks = new Map<string, Remark>();
  #puts: Put[] = [];
  #bytes = 0;

  constructor(client: Client, ifAbsent: boolean) {
    this.#client = client;
    this.#ifAbsent = ifAbsent;
  }

  get isComplete(): boolean {
    return this.#counts.failed + this.#counts.leftOut === 0;
  }

  async take(found: Found): Promise<void> {
    if (found.kind === 'put') return this.#add(found.put);
    if (found.kind === 'expired') {
      this.#counts.expired += 1;
      return;
    }
    const isLeftOut = found.kind === 'left-out';
    if (isLeftOut) this.#counts.leftOut += 1;
    const text = isLeftOut ? `left out: ${found.what}` : found.what;
    const remark = this.#remarks.get(text) ?? { count: 0, keys: [] };
    this.#remarks.set(text, remark);
    remark.count += 1;
    if (remark.keys.length < shownKeysMax && found.key !== '') remark.keys.push(found.key);
  }

  async #add(put: Put): Promise<void> {
    const size = put.key.length + put.value.length;
    const isFull = this.#puts.length === itemsMax || this.#bytes + size > bytesMax;
    if (isFull) await this.flush();
    this.#puts.push(put);
    this.#bytes += size;
  }

  async flush(): Promise<void> {
    const puts = this.#puts;
    this.#puts = [];
    this.#bytes = 0;
    if (puts.length === 0) return;
    try {
      await this.#store(puts);
    } catch (error) {
      // The nodes begin no batch with an item that they refuse: which one it is shows when each is
      // sent alone.
      if (!isRefusal(error)) throw error;
      if (puts.length > 1) for (const put of puts) await this.#storeAlone(put);
      else await this.#onFailed(puts[0]?.key ?? '', error.message);
    }
  }

  async #storeAlone(put: Put): Promise<void> {
    try {
      await this.#store([put]);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await this.#onFailed(put.key, error.message);
    }
  }

  async #store(puts: readonly Put[]): Promise<void> {
    const condition = this.#ifAbsent ? { if: { exists: false } } : {};
    const results = await this.#client.batch(puts.map((put) => ({ ...put, ...condition })));
    for (const result of results) await this.#onResult(result);
  }

  async #onResult(result: BatchResult): Promise<void> {
    if (result.ok) this.#counts.stored += 1;
    else if (result.error.code === 'precondition_failed') this.#counts.skipped += 1;
    else await this.#onFailed(result.key, result.error.message);
  }

  async #onFailed(key: string, reason: string): Promise<void> {
    this.#counts.failed += 1;
    await writeErrorLine(`dsm import: ${JSON.stringify(key)}: ${reason}`);
  }

  /** The file cannot be gone on with, or nobody answers. */
  async tellBroken(): Promise<void> {
    const { stored } = this.#counts;
    if (stored > 0) await writeErrorLine(`dsm import: ${stored} keys were stored before this:`);
  }

  async tell(json: boolean): Promise<void> {
    for (const [text, { count, keys }] of this.#remarks) {
      const shown = keys.map((key) => JSON.stringify(key)).join(', ');
      const more = count > keys.length && keys.length > 0 ? ', …' : '';
      await writeErrorLine(`dsm import: ${text} (${count}${shown && `: ${shown}${more}`})`);
    }
    const { stored, skipped, failed, leftOut, expired } = this.#counts;
    const rest = [
      ...(leftOut > 0 ? [`, left out ${leftOut}`] : []),
      ...(expired > 0 ? [`, expired before ${expired}`] : []),
    ];
    const text = `OK stored ${stored}, skipped ${skipped}, failed ${failed}${rest.join('')}`;
    await writeLine(json ? JSON.stringify(this.#counts) : text);
  }
}

/** Certainly not stored, because of what it is. */
function isRefusal(error: unknown): error is DsmError {
  return error instanceof DsmError && (error.status === 400 || error.status === 413);
}
