/** `dsm txn`. */
import type { Command } from 'commander';
import { z } from 'zod';
import type { Client } from '../client/client.ts';
import type { Operation, TxnResult, Value } from '../client/types.ts';
import { bytesOfJson, type JsonValue, jsonValueFault } from '../http/json-values.ts';
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
  const json = await readTransaction(file).catch((error: Error) => {
    reader.fault(`the transaction cannot be read: ${error.message}`);
    return txnSchema.parse({});
  });
  reader.end();
  const txn = transactionOf(clientOf(flags), json);
  const result = await txn.commit({ idempotencyKey });
  await writeLine(JSON.stringify(jsonOf(result), null, flags.json ? 0 : 2));
  return result.ok ? exitCodes.ok : exitCodes.refused;
}

/** Rejects with an error for a person: there is no such file, it is no JSON, or no transaction. */
async function readTransaction(file: string | undefined): Promise<Txn> {
  const parsed = txnSchema.safeParse(JSON.parse(await readText(file)));
  if (parsed.success) return parsed.data;
  throw new Error(z.prettifyError(parsed.error));
}

const key = z.string();
const value = z.string().optional();
const encoding = z.enum(['utf-8', 'base64']).default('utf-8');
/** What stands in an operation is for the nodes to judge; here only values are decoded. */
const operation = z.looseObject({ op: z.string(), key, value, encoding }).check(expectValue);
const compare = z.looseObject({ key, value, encoding }).check(expectValue);
const txnSchema = z.strictObject({
  if: z.array(compare).default([]),
  then: z.array(operation).default([]),
  else: z.array(operation).default([]),
});

type Txn = z.output<typeof txnSchema>;

type MaybeValue = Pick<JsonValue, 'encoding'> & { readonly value?: string | undefined };

function expectValue({ value: json, issues }: z.core.ParsePayload<MaybeValue>): void {
  const { value = '', encoding } = json;
  const message = jsonValueFault({ value, encoding });
  if (message !== null) issues.push({ code: 'custom', message, input: json });
}

function transactionOf(client: Client, json: Txn) {
  const txn = client.txn();
  for (const { key: checked, ...expected } of json.if) txn.check(checked, decoded(expected));
  for (const one of json.then) txn.add(decoded(one) as Operation);
  return txn.else((list) => {
    for (const one of json.else) list.add(decoded(one) as Operation);
  });
}

/** The value as the client library takes it. */
function decoded<T extends MaybeValue>(
  json: T,
): Omit<T, 'value' | 'encoding'> & { readonly value?: Value } {
  const { value, encoding, ...rest } = json;
  if (value === undefined) return rest;
  return { ...rest, value: encoding === 'utf-8' ? value : bytesOfJson({ value, encoding }) };
}

function jsonOf({ ok, revision, results }: TxnResult): object {
  const shown = results.map(({ entry, ...result }) =>
    entry === null ? result : { ...jsonOfEntry(entry), ...result },
  );
  return { ok, revision, results: shown };
}
