/**
 * Operations and compares as they stand in JSON: the schemas that validate them, from which
 * `/openapi.json` is made too, and what they mean to the core.
 */
import { Buffer } from 'node:buffer';
import { z } from 'zod';
import { DsmError } from '../core/errors.ts';
import type { Compare, Operation } from '../core/operations.ts';
import { defaultContentType } from './headers.ts';
import { bytesOfJson, type JsonValue, jsonValueFault } from './json-values.ts';
import { sessionPattern, ttlSecondsMax } from './queries.ts';

export const operationsMax = 128;

const key = z.string().min(1).max(1024).meta({ description: '1 to 1024 bytes of UTF-8' });
const value = z.string().meta({ description: 'the bytes, as UTF-8 or, with encoding, as base64' });
const encoding = z.enum(['utf-8', 'base64']).default('utf-8');
const ttl = z
  .number()
  .min(0.001)
  .max(ttlSecondsMax)
  .meta({ description: 'seconds, to the millisecond; left out, the key lives for ever' });
const contentType = z
  .string()
  .max(255)
  .regex(/^[\t -~]*$/)
  .default(defaultContentType);
const revision = z.int().min(0).meta({ description: 'of the key; 0: it is absent' });

const session = z
  .string()
  .regex(sessionPattern)
  .meta({ description: 'the key ends with this session' });

const put = z.strictObject({
  op: z.literal('put'),
  key,
  value,
  encoding,
  contentType,
  ttl: ttl.optional(),
  session: session.optional(),
});
const get = z.strictObject({ op: z.literal('get'), key });
const remove = z.strictObject({ op: z.literal('delete'), key });
const increment = z.strictObject({
  op: z.literal('increment'),
  key,
  by: z.int().default(1),
  ttl: ttl.optional(),
});
const touch = z.strictObject({ op: z.literal('touch'), key, ttl: ttl.nullable() });

export const operationSchema = z.discriminatedUnion('op', [put, get, remove, increment, touch]);

const condition = { exists: z.boolean().optional(), revision: revision.optional() };

export const compareSchema = z
  .strictObject({ key, ...condition, value: value.optional(), encoding })
  .meta({ description: 'holds where all that it names is so' });

export const txnSchema = z.strictObject({
  if: z.array(compareSchema).max(operationsMax).default([]),
  then: z.array(operationSchema).max(operationsMax).default([]),
  else: z.array(operationSchema).max(operationsMax).default([]),
});

const itemCondition = z.strictObject(condition);
const itemOf = <T extends z.ZodRawShape>(schema: z.ZodObject<T, z.core.$strict>) =>
  schema.extend({ if: itemCondition.optional() });

export const batchItemSchema = z.discriminatedUnion('op', [
  get,
  itemOf(put),
  itemOf(remove),
  itemOf(increment),
  itemOf(touch),
]);

export type JsonOperation = z.output<typeof operationSchema>;
export type JsonCompare = z.output<typeof compareSchema>;
export type BatchItem = z.output<typeof batchItemSchema>;

/** What is larger or differs from what a schema can say is refused here. */
export interface JsonLimits {
  readonly keyBytesMax: number;
  readonly valueBytesMax: number;
}

/** Throws `invalid_key`, `invalid_request` or `too_large`; `path` is for the message. */
export function operationOf(json: JsonOperation, limits: JsonLimits, path: string): Operation {
  expectKey(json.key, limits, path);
  const { op, key } = json;
  switch (op) {
    case 'put': {
      const { contentType } = json;
      const bytes = bytesOf(json, limits, path);
      const ties = { ttlMs: ttlMsOf(json.ttl), session: Number(json.session ?? 0) };
      return { kind: op, key, value: bytes, contentType, ...ties };
    }
    case 'get':
    case 'delete':
      return { kind: op, key };
    case 'increment':
      return { kind: op, key, by: json.by, ttlMs: ttlMsOf(json.ttl) };
    case 'touch':
      return { kind: op, key, ttlMs: ttlMsOf(json.ttl ?? undefined) };
  }
}

/** Throws as `operationOf`. */
export function compareOf(json: JsonCompare, limits: JsonLimits, path: string): Compare {
  expectKey(json.key, limits, path);
  const { key, value, encoding } = json;
  const bytes = value === undefined ? null : bytesOf({ value, encoding }, limits, path);
  return { key, condition: conditionOf(json, path), value: bytes };
}

/** Throws `invalid_request` where the two say different things. */
export function conditionOf(
  { exists, revision }: Pick<JsonCompare, 'exists' | 'revision'>,
  path: string,
): Compare['condition'] {
  const isThere = revision === undefined ? exists : revision > 0;
  if (exists !== undefined && exists !== isThere) {
    throw invalid(path, 'exists and revision contradict each other; revision 0 is an absent key');
  }
  if (isThere === undefined) return 'none';
  if (!isThere) return 'absent';
  return revision ?? 'present';
}

function ttlMsOf(seconds: number | undefined): number {
  return seconds === undefined ? 0 : Math.max(1, Math.round(seconds * 1000));
}

function expectKey(key: string, { keyBytesMax }: JsonLimits, path: string): void {
  if (!key.isWellFormed()) {
    throw new DsmError('invalid_key', `${path}: half of a surrogate pair is no text`);
  }
  if (key === '.' || key === '..') {
    throw new DsmError(
      'invalid_key',
      `${path}: "." and ".." cannot be keys, as no URL can say them`,
    );
  }
  const bytes = Buffer.byteLength(key);
  if (bytes <= keyBytesMax) return;
  const text = `${path}: a key has at most ${keyBytesMax} bytes of UTF-8; this one has ${bytes}`;
  throw new DsmError('invalid_key', text);
}

function bytesOf(value: JsonValue, { valueBytesMax }: JsonLimits, path: string): Uint8Array {
  const fault = jsonValueFault(value);
  if (fault !== null) throw invalid(path, fault);
  const bytes = bytesOfJson(value);
  if (bytes.length <= valueBytesMax) return bytes;
  throw new DsmError('too_large', `${path}: a value has at most ${valueBytesMax} bytes`);
}

function invalid(path: string, reason: string): DsmError {
  return new DsmError('invalid_request', `${path}: ${reason}`);
}
