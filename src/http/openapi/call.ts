/** What a call is in the document, and what many of them have in common. */
import type { ErrorCode } from '../../core/errors.ts';
import type { Parameter } from './parameters.ts';

export interface Answer {
  readonly description: string;
  /** Media type → the name of a schema, or `bytes`, `text` or `stream`. */
  readonly content?: Readonly<Record<string, string>>;
  readonly headers?: readonly HeaderName[];
}

export type HeaderName = 'ETag' | 'Dsm-Expires-In' | 'X-Ttl' | 'Location' | 'Preference-Applied';

export interface Call {
  readonly id: string;
  readonly method: 'get' | 'head' | 'put' | 'post' | 'delete';
  readonly path: string;
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  /** Media type → the name of a schema, or `bytes` or `text`. */
  readonly body?: Readonly<Record<string, string>>;
  readonly answers: Readonly<Record<number, Answer>>;
  readonly errors: readonly ErrorCode[];
}

export const any = ['invalid_request', 'forbidden', 'headers_too_large', 'internal'] as const;
export const reads = [
  ...any,
  ...(['no_master', 'no_quorum', 'catching_up', 'overloaded'] as const),
  ...(['read_timeout', 'shutting_down', 'misdirected'] as const),
] as const;
export const changes = [
  ...any,
  ...(['misdirected', 'idempotency_mismatch', 'no_master', 'no_quorum', 'overloaded'] as const),
  ...(['shutting_down', 'write_timeout', 'stepped_down', 'forward_broken'] as const),
  ...(['request_forgotten', 'disk_failed', 'memory_quota'] as const),
] as const;
export const bodies = ['too_large', 'request_timeout'] as const;
export const tied = ['session_not_found', 'session_full'] as const;
export const numbers = ['not_a_number', 'out_of_range'] as const;

export const json = (name: string) => ({ 'application/json': name });
export const bytes = { '*/*': 'bytes' };
export const value = (description: string): Answer => ({
  description,
  content: bytes,
  headers: ['ETag', 'Dsm-Expires-In'],
});
export const stored = (description: string): Answer => ({ description, headers: ['ETag'] });
