/** What makes a mutation count once, and what must be true when it is applied, as headers. */
import { DsmError } from '../core/errors.ts';
import { defaultLimits } from '../core/limits.ts';
import { headerNames } from '../http/headers.ts';

/** Preconditions as they come from callers that no compiler checked. */
export type Conditions = Partial<Record<'ifRevision' | 'ifAbsent' | 'ifPresent', unknown>>;

/**
 * A key is safe to repeat while the nodes remember it, which they count in revisions. So it is sent
 * with the revision seen when it was made; older than this, the revision is asked for first, or the
 * first write after a long pause would be taken for one that was forgotten.
 */
export const revisionAgeMsMax = 1000;

/** Throws `invalid_request` where the key is none. */
export function idempotencyHeaders(key: string, revision: number): Record<string, string> {
  // A string of RFC 9651: printable ASCII, and nothing here needs an escape.
  const { requestIdBytesMax } = defaultLimits;
  if (!/^[ !#-[\]-~]+$/.test(key) || key.length > requestIdBytesMax) {
    const fault = `an idempotency key is 1–${requestIdBytesMax} printable ASCII`;
    throw new DsmError('invalid_request', `${fault} characters without quotes and backslashes`);
  }
  return {
    [headerNames.idempotencyKey]: `"${key}"`,
    [headerNames.keyRevision]: String(revision),
  };
}

/** Throws `invalid_request` where there are several, or a revision is none. */
export function conditionHeaders(options: Conditions): Record<string, string> {
  const { ifRevision, ifAbsent, ifPresent } = options;
  const given = [ifRevision, ifAbsent, ifPresent].filter((value) => value !== undefined);
  if (given.length > 1) {
    throw new DsmError('invalid_request', 'give one of ifRevision, ifAbsent and ifPresent');
  }
  if (ifAbsent === true) return { 'if-none-match': '*' };
  if (ifPresent === true) return { 'if-match': '*' };
  if (ifRevision === undefined) return {};
  if (typeof ifRevision === 'number' && Number.isSafeInteger(ifRevision) && ifRevision >= 0) {
    return ifRevision === 0 ? { 'if-none-match': '*' } : { 'if-match': `"${ifRevision}"` };
  }
  throw new DsmError(
    'invalid_request',
    `ifRevision is a whole number from 0 on, not ${ifRevision}`,
  );
}
