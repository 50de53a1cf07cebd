/** The one place where an error becomes an HTTP answer (RFC 9457). */
import {
  type CurrentValue,
  catalogue,
  DsmError,
  type ErrorCode,
  type Outcome,
} from '../core/errors.ts';

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly outcome: Outcome;
  readonly retryable: boolean;
  /** Base URL of the active master, where it is known and can help. */
  readonly master?: string;
  /** The key's revision now, after a failed precondition; 0 where the key is absent. */
  readonly currentRevision?: number;
  /** The value now, with `Prefer: return=representation`; null where the key is absent. */
  readonly current?: CurrentValue | null;
}

export function problemOf(error: DsmError, activeUrl: string | null): Problem {
  const { code, outcome, retryable, status, message, details } = error;
  const master = details.master ?? activeUrl;
  const { currentRevision, current } = details;
  return {
    type: `urn:dsm:problem:${code}`,
    title: catalogue[code].title,
    status,
    detail: message,
    code,
    outcome,
    retryable,
    ...(master === null ? {} : { master }),
    ...(currentRevision === undefined ? {} : { currentRevision }),
    ...(current === undefined ? {} : { current }),
  };
}

/**
 * Any thrown thing as an error of the catalogue. An accident becomes `internal`: its message and
 * stack are for the log of the node, not for a client.
 */
export function asDsmError(error: unknown): DsmError {
  return error instanceof DsmError ? error : new DsmError('internal', undefined, { cause: error });
}
