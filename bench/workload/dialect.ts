/**
 * How an operation is said in HTTP and how the answer is judged. A success is counted only after
 * the status *and* the body were checked: a fast 500, an empty 200 or another key's value is an
 * error.
 */
import type { OperationKind } from './operations.ts';
import { type Decoded, decodeValue } from './value.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** '' where there is none. */
  readonly body: string;
}

/** Why an operation did not succeed; the columns of the results have the same names. */
export const causes = [
  'timeout',
  'refused',
  'reset',
  'http_4xx',
  'http_5xx',
  'http_other',
  /** A success by its status, with a body that is no answer. */
  'bad_body',
  /** A well-formed value that is not this key's, is damaged, or was never written. */
  'wrong_value',
] as const;
export type Cause = (typeof causes)[number];

export interface Judgement {
  /** null: a success. */
  readonly cause: Cause | null;
  /** What a verified read held; null for a write, a failure, or a dialect without values. */
  readonly stamp: { readonly writer: number; readonly sequence: number } | null;
  /** A sentence for the log, '' for a success. */
  readonly fault: string;
}

export interface Dialect {
  readonly name: string;
  read(key: string): HttpRequest;
  write(key: string, value: string): HttpRequest;
  judge(kind: OperationKind, key: string, status: number, body: string): Judgement;
}

const success: Judgement = Object.freeze({ cause: null, stamp: null, fault: '' });

export const failure = (cause: Cause, fault: string): Judgement => ({ cause, stamp: null, fault });

/** null for a status that may be a success. */
export function judgeStatus(status: number): Judgement | null {
  if (status >= 200 && status < 300) return null;
  const fault = `status ${status}`;
  if (status >= 400 && status < 500) return failure('http_4xx', fault);
  if (status >= 500) return failure('http_5xx', fault);
  return failure('http_other', fault);
}

export function judgeValue(decoded: Decoded): Judgement {
  if (!decoded.ok) return failure(decoded.malformed ? 'bad_body' : 'wrong_value', decoded.fault);
  return { cause: null, stamp: decoded, fault: '' };
}

/** A write has no body to check: its status is one of those that `accepted` names. */
export function judgeWrite(status: number, accepted: readonly number[]): Judgement {
  if (accepted.includes(status)) return success;
  return judgeStatus(status) ?? failure('http_other', `status ${status} for a write`);
}

const readHeaders = Object.freeze({});
const writeHeaders = Object.freeze({ 'content-type': 'text/plain' });

/** DESIGN.md §6: raw bytes in, raw bytes out. */
export function createDsmDialect(valueBytes: number): Dialect {
  return {
    name: 'dsm',
    read: (key) => ({ method: 'GET', path: `/v1/kv/${key}`, headers: readHeaders, body: '' }),
    write: (key, value) => ({
      method: 'PUT',
      path: `/v1/kv/${key}`,
      headers: writeHeaders,
      body: value,
    }),
    judge(kind, key, status, body) {
      if (kind === 'write') return judgeWrite(status, [200, 201, 204]);
      if (status === 200) return judgeValue(decodeValue(body, key, valueBytes));
      return judgeStatus(status) ?? failure('http_other', `status ${status} for a read`);
    },
  };
}
