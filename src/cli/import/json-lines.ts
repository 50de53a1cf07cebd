/** Lines of JSON: what `dsm export` prints, and what `etcdctl get -w json` does. */
import { z } from 'zod';
import { DsmError } from '../../core/errors.ts';
import { bytesOfJson, type JsonValue, jsonValueFault } from '../../http/json-values.ts';
import type { ByteReader } from './byte-reader.ts';
import { type Found, foundOf, textOf } from './items.ts';

/** All of etcdctl's answer is one line, and no runtime has much longer strings. */
const lineBytesMax = 256 * 1024 * 1024;

const lineSchema = z.object({
  key: z.string(),
  value: z.string(),
  encoding: z.enum(['utf-8', 'base64']).default('utf-8'),
  contentType: z.string().optional(),
  ttl: z.number().optional(),
});

/** Keys and values are base64; a lease is a number, or text from etcd's HTTP gateway. */
const etcdSchema = z.object({
  kvs: z.array(
    z.object({
      key: z.string(),
      value: z.string().default(''),
      lease: z.union([z.number(), z.string()]).optional(),
    }),
  ),
});

/** What etcd answers where it has no keys: then there is no list of them either. */
const etcdNothingSchema = z.object({
  header: z.record(z.string(), z.unknown()),
  key: z.undefined().optional(),
  kvs: z.undefined().optional(),
});

/** Throws where a line is neither ours nor etcd's: a person must look before anything more is stored. */
export async function* readJsonLines(reader: ByteReader): AsyncGenerator<Found, void, void> {
  for (let number = 1; ; number += 1) {
    const line = await reader.line(lineBytesMax);
    if (line === null) return;
    const text = textOf(line);
    // Read leniently, two keys could become one.
    if (text === null) throw new DsmError('invalid_request', `line ${number} is not UTF-8`);
    // Some editors begin a file with a byte order mark.
    const content = number === 1 ? text.replace(/^\ufeff/, '') : text;
    if (!/^[ \t\r]*$/.test(content)) yield* foundIn(content, number);
  }
}

function* foundIn(line: string, number: number): Generator<Found, void, void> {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    const text = `line ${number} is not JSON; --format says what else it may be`;
    throw new DsmError('invalid_request', text);
  }
  const etcd = etcdSchema.safeParse(json);
  if (etcd.success) return yield* foundInEtcd(etcd.data.kvs, number);
  if (etcdNothingSchema.safeParse(json).success) return;
  const parsed = lineSchema.safeParse(json);
  if (!parsed.success) throw noEntry(number, z.prettifyError(parsed.error));
  yield foundInLine(parsed.data, number);
}

function noEntry(number: number, reason: string): DsmError {
  return new DsmError('invalid_request', `line ${number} is no entry: ${reason}`);
}

/** Throws where it is no value at all: a person must look before it is stored as something else. */
function bytesIn(value: JsonValue, number: number): Uint8Array {
  const fault = jsonValueFault(value);
  if (fault !== null) throw noEntry(number, fault);
  return bytesOfJson(value);
}

type EtcdKeys = z.output<typeof etcdSchema>['kvs'];

function* foundInEtcd(kvs: EtcdKeys, number: number): Generator<Found, void, void> {
  const bytesOf = (value: string) => bytesIn({ value, encoding: 'base64' }, number);
  for (const { key, value, lease } of kvs) {
    const found = foundOf(bytesOf(key), bytesOf(value), null);
    yield found;
    const hasLease = lease !== undefined && Number(lease) !== 0;
    if (!hasLease || found.kind !== 'put') continue;
    const what = 'keys with a lease are stored for ever: etcdctl does not say when a lease ends';
    yield { kind: 'note', what, key: found.put.key };
  }
}

function foundInLine(line: z.output<typeof lineSchema>, number: number): Found {
  const { key, contentType, ttl } = line;
  const more = {
    ...(contentType === undefined ? {} : { contentType }),
    ...(ttl === undefined ? {} : { ttl }),
  };
  return { kind: 'put', put: { key, value: bytesIn(line, number), ...more } };
}
