/** Operations of transactions and batches, as callers write them and as nodes read them. */
import { entryOfJson, fieldsOf, jsonOfBytes, strange } from './json-values.ts';
import { expectKey } from './keys.ts';
import type { Compare, Operation, OperationResult } from './types.ts';
import { encodeValue } from './values.ts';

/** Throws `invalid_key` or `invalid_request`. */
export function jsonOfOperation(operation: Operation): object {
  expectKey(operation.key);
  if (operation.op !== 'put') return operation;
  const { value, contentType, ...rest } = operation;
  const encoded = encodeValue(value, contentType);
  return { ...rest, ...jsonOfBytes(encoded.bytes), contentType: encoded.contentType };
}

/** Throws as `jsonOfOperation`. */
export function jsonOfCompare(compare: Compare): object {
  expectKey(compare.key);
  const { value, ...rest } = compare;
  return value === undefined ? rest : { ...rest, ...jsonOfBytes(encodeValue(value).bytes) };
}

/** `where` is for the error. Throws `internal` for what is no result. */
export function resultOfJson(json: unknown, where: string): OperationResult {
  const { op, key, status, revision, number, expiresIn, value } = fieldsOf(json);
  const hasNames = isName(op) && typeof key === 'string' && isStatus(status);
  if (!hasNames || typeof revision !== 'number') throw strange(where);
  return {
    ...{ op, key, status, revision },
    entry: value === undefined ? null : entryOfJson(json, where),
    ...(typeof number === 'number' ? { number } : {}),
    ...(typeof expiresIn === 'number' ? { expiresIn } : {}),
  };
}

function isName(op: unknown): op is OperationResult['op'] {
  return typeof op === 'string';
}

function isStatus(status: unknown): status is OperationResult['status'] {
  return typeof status === 'string';
}
