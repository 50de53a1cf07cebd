/**
 * The closed catalogue of what a call can fail with. `outcome` is the promise that matters to a
 * caller: `not-applied` certainly had no effect and may be repeated by anybody; `unknown` may have
 * happened and may be repeated only with the same idempotency key (DESIGN.md §5 rule 5).
 */
export type Outcome = 'not-applied' | 'unknown';

interface Fact {
  readonly status: number;
  readonly outcome: Outcome;
  readonly retryable: boolean;
  readonly title: string;
}

const fact = (status: number, outcome: Outcome, retryable: boolean, title: string): Fact =>
  Object.freeze({ status, outcome, retryable, title });

/** code → HTTP status, outcome, whether a retry can help, and a title for people. */
export const catalogue = Object.freeze({
  invalid_request: fact(400, 'not-applied', false, 'The request is not valid'),
  invalid_key: fact(400, 'not-applied', false, 'The key is not valid'),
  unauthorized: fact(401, 'not-applied', false, 'The cluster secret is missing or wrong'),
  forbidden: fact(403, 'not-applied', false, 'This is not allowed to whoever asks'),
  not_found: fact(404, 'not-applied', false, 'There is no such key'),
  session_not_found: fact(404, 'not-applied', false, 'There is no such session'),
  no_route: fact(404, 'not-applied', false, 'There is no such resource'),
  method_not_allowed: fact(405, 'not-applied', false, 'The method is not allowed here'),
  request_timeout: fact(408, 'not-applied', true, 'The request did not arrive in time'),
  conflict: fact(409, 'not-applied', false, 'The current state does not allow this'),
  not_a_number: fact(409, 'not-applied', false, 'The value is not a whole number'),
  out_of_range: fact(409, 'not-applied', false, 'The number would not be exact'),
  lock_held: fact(409, 'not-applied', false, 'Another session holds the lock'),
  session_full: fact(409, 'not-applied', false, 'The session has too many keys or locks'),
  too_many_keys: fact(409, 'not-applied', false, 'More keys than one call may delete'),
  gone: fact(410, 'not-applied', false, 'The log no longer holds this position'),
  precondition_failed: fact(412, 'not-applied', false, 'The precondition does not hold'),
  too_large: fact(413, 'not-applied', false, 'The body is too large'),
  misdirected: fact(421, 'not-applied', true, 'This node is not the active master'),
  idempotency_mismatch: fact(422, 'not-applied', false, 'The idempotency key was used before'),
  lease_held: fact(423, 'not-applied', true, 'A lease is in force'),
  headers_too_large: fact(431, 'not-applied', false, 'The request headers are too large'),
  internal: fact(500, 'unknown', false, 'An internal error; see the log of the node'),
  no_master: fact(503, 'not-applied', true, 'No active master is known'),
  no_quorum: fact(503, 'not-applied', true, 'No majority of the voters answers'),
  catching_up: fact(503, 'not-applied', true, 'This node has not caught up yet'),
  overloaded: fact(503, 'not-applied', true, 'The node has too much to do'),
  read_timeout: fact(503, 'not-applied', true, 'The read could not be confirmed in time'),
  shutting_down: fact(503, 'not-applied', true, 'The node is stopping'),
  write_timeout: fact(504, 'unknown', true, 'The write could not be confirmed in time'),
  stepped_down: fact(
    504,
    'unknown',
    true,
    'The master stepped down before the write was confirmed',
  ),
  forward_broken: fact(504, 'unknown', true, 'The connection to the active master broke'),
  request_forgotten: fact(504, 'unknown', false, 'The idempotency key is too old to be remembered'),
  disk_failed: fact(504, 'unknown', true, 'The log could not be written'),
  memory_quota: fact(507, 'not-applied', false, 'The memory quota is reached'),
});

export type ErrorCode = keyof typeof catalogue;

/** Within a problem document. */
export interface CurrentValue {
  readonly value: string;
  readonly encoding: 'utf-8' | 'base64';
  readonly contentType: string;
}

export interface ErrorDetails {
  /** Base URL of the active master, where it is known. */
  readonly master?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /** The key's revision now, for a failed precondition; 0 where the key is absent. */
  readonly currentRevision?: number | undefined;
  /** The value now, where the caller asked for it; null where the key is absent. */
  readonly current?: CurrentValue | null | undefined;
  readonly cause?: unknown;
}

/** The one error class: of the nodes, of the client library and of the command line. */
export class DsmError extends Error {
  override readonly name = 'DsmError';
  readonly code: ErrorCode;
  readonly outcome: Outcome;
  readonly retryable: boolean;
  readonly status: number;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message?: string, details: ErrorDetails = {}) {
    const known = catalogue[code];
    super(
      message ?? known.title,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = code;
    this.outcome = known.outcome;
    this.retryable = known.retryable;
    this.status = known.status;
    this.details = details;
  }
}

/** Closes an exhaustive switch: a new case that nobody handles is a type error. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}

/**
 * An assertion that stays on in production: a broken invariant must stop the node, not corrupt. The
 * message is a function where it is put together: for each record that would cost more than the rest.
 */
export function assert(condition: boolean, message: string | (() => string)): asserts condition {
  if (condition) return;
  throw new Error(`invariant broken: ${typeof message === 'string' ? message : message()}`);
}
