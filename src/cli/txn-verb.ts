/** `dsm txn`. */
import { Buffer } from 'node:buffer';
import type { Command } from 'commander';
import { z } from 'zod';
import type { Client } from '../client/client.ts';
import type { Operation, TxnResult, Value } from '../client/types.ts';
import { optionOf } from '../runtime/config-settings.ts';
import { callSettings } from './call-flags.ts';
import { clientCommand, clientOf, clientReader, readClientFlags } from './client-flags.ts';
import { jsonOfEntry } from './entry-json.ts';
import { exitCodes } from './exit.ts';
import { readText } from './input.ts';
import { writeLine } from './output.ts';
import type { Run } from './program.ts';

const examples = `
  echo '{"if":[{"key":"a","exists":false}],"then":[{"op":"put","key":"a","value":"1"}]}' | dsm txn
  dsm txn move.json

The JSON is that of POST /v1/txn. Exit code 1: a check did not hold, and "else" was done.`;

export function txnVerb(run: Run): Command {
  const command = clientCommand('txn', 'do several operations, all or nothing', examples)
    .argument('[file]', 'with the transaction; standard input by default')
    .addOption(optionOf(callSettings.idempotencyKey));
  return command.action((file?: string) => run('dsm txn', () => commit(command, file)));
}

async function commit(command: Command, file: string | undefined): Promise<number> {
  const reader = clientReader(command);
  const flags = readClientFlags(reader);
  const idempotencyKey = reader.readFlag(callSettings.idempotencyKey, undefined);
  const parsed = txnSchema.safeParse(await readJson(file).catch((error: Error) => error.message));
  if (!parsed.success)
    reader.fault(`the transaction cannot be read: ${z.prettifyError(parsed.error)}`);
  reader.end();
  const txn = transactionOf(clientOf(flags), parsed.data ?? { if: [], then: [], else: [] });
  const result = await txn.commit({ idempotencyKey });
  await writeLine(JSON.stringify(jsonOf(result), null, flags.json ? 0 : 2));
  return result.ok ? exitCodes.ok : exitCodes.refused;
}

async function readJson(file: string | undefined): Promise<unknown> {
  return JSON.parse(await readText(file));
}

const key = z.string();
const encoding = z.enum(['utf-8', 'base64']).optional();
/** What stands in an operation is for the nodes to judge; here only values are decoded. */
const operation = z.looseObject({ op: z.string(), key, value: z.string().optional(), encoding });
const compare = z.looseObject({ key, value: z.string().optional(), encoding });
const txnSchema = z.strictObject({
  if: z.array(compare).default([]),
  then: z.array(operation).default([]),
  else: z.array(operation).default([]),
});

function transactionOf(client: Client, json: z.output<typeof txnSchema>) {
  const txn = client.txn();
  for (const { key: checked, ...expected } of json.if) txn.check(checked, decoded(expected));
  for (const one of json.then) txn.add(decoded(one) as Operation);
  return txn.else((list) => {
    for (const one of json.else) list.add(decoded(one) as Operation);
  });
}

/** The value as the client library takes it. */
function decoded<T extends { readonly value?: string | undefined; readonly encoding?: unknown }>(
  json: T,
): Omit<T, 'value' | 'encoding'> & { readonly value?: Value } {
  const { value, encoding: how, ...rest } = json;
  if (value === undefined) return rest;
  return {
    ...rest,
    value: how === 'base64' ? new Uint8Array(Buffer.from(value, 'base64')) : value,
  };
}

function jsonOf({ ok, revision, results }: TxnResult): object {
  const shown = results.map(({ entry, ...result }) =>
    entry === null ? result : { ...jsonOfEntry(entry), ...result },
  );
  return { ok, revision, results: shown };
}
