/** What must be true of a key when it is changed, as headers. */
import { DsmError } from '../core/errors.ts';

/** Preconditions as they come from callers that no compiler checked. */
export type Conditions = Partial<Record<'ifRevision' | 'ifAbsent' | 'ifPresent', unknown>>;

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
