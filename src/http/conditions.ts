/**
 * Conditions of requests (RFC 9110 §13). For a change they become part of the record and are
 * evaluated when it is applied, in log order; for a READ they are evaluated here.
 */
import { DsmError } from '../core/errors.ts';
import type { Condition } from '../core/record.ts';

/** An entity tag as this store gives it: the decimal revision. */
const ownTag = /^"([1-9]\d{0,15})"$/;

/** `revision` as a strong entity tag. */
export function tagOf(revision: number): string {
  return `"${revision}"`;
}

/** What a change asks of its key, and how it asked. */
export interface Precondition {
  readonly condition: Condition;
  /** `Prefer: return=representation`: where it fails, the value is wanted (RFC 7240). */
  readonly wantsCurrent: boolean;
  readonly ifMatch: string | null;
  readonly ifNoneMatch: string | null;
}

const wantsRepresentation = /(?:^|,)\s*return\s*=\s*"?representation"?\s*(?:[;,]|$)/i;

/** Of a PUT, DELETE or POST to a key. Throws `invalid_request`. */
export function parsePrecondition(headers: Headers): Precondition {
  const ifMatch = headers.get('if-match');
  const ifNoneMatch = headers.get('if-none-match');
  const condition = parseCondition(ifMatch, ifNoneMatch);
  const prefer = condition === 'none' ? null : headers.get('prefer');
  const wantsCurrent = prefer !== null && wantsRepresentation.test(prefer);
  return { condition, wantsCurrent, ifMatch, ifNoneMatch };
}

/** The same as headers, for the active master. */
export function conditionHeaders({ ifMatch, ifNoneMatch, wantsCurrent }: Precondition) {
  const headers: Record<string, string> = {};
  if (ifMatch !== null) headers['if-match'] = ifMatch;
  if (ifNoneMatch !== null) headers['if-none-match'] = ifNoneMatch;
  if (wantsCurrent) headers.prefer = 'return=representation';
  return headers;
}

/** The condition of a PUT or DELETE. Throws `invalid_request`. */
function parseCondition(ifMatch: string | null, ifNoneMatch: string | null): Condition {
  if (ifMatch !== null && ifNoneMatch !== null) {
    throw invalid('give either If-Match or If-None-Match, not both');
  }
  if (ifNoneMatch !== null) {
    if (ifNoneMatch.trim() === '*') return 'absent';
    throw invalid('on a change, If-None-Match can only be *, which means: only if there is none');
  }
  return ifMatch === null ? 'none' : parseIfMatch(ifMatch.trim());
}

function parseIfMatch(ifMatch: string): Condition {
  if (ifMatch === '*') return 'present';
  const revision = Number(ownTag.exec(ifMatch)?.[1] ?? Number.NaN);
  if (Number.isSafeInteger(revision)) return revision;
  if (ifMatch.startsWith('W/')) {
    throw invalid(
      `If-Match needs a strong ETag, and ${shown(ifMatch)} is weak: a proxy may have made it so`,
    );
  }
  if (ifMatch.includes(',')) throw invalid('If-Match takes one ETag, not a list');
  throw invalid(
    `If-Match must be * or one ETag as this store gives it, like "42", not ${shown(ifMatch)}`,
  );
}

/** True when the client holds what it would be sent: answer 304. Tags are compared weakly. */
export function isHeld(ifNoneMatch: string, revision: number): boolean {
  return names(ifNoneMatch, revision) || names(ifNoneMatch.replaceAll('W/"', '"'), revision);
}

/** False for a READ that wants another revision than there is: answer 412. Compared strongly. */
export function isMatched(ifMatch: string, revision: number): boolean {
  return names(ifMatch, revision);
}

function names(list: string, revision: number): boolean {
  const tag = tagOf(revision);
  return list.split(',').some((one) => {
    const trimmed = one.trim();
    return trimmed === '*' || trimmed === tag;
  });
}

/** For a message: what a client sent, but never much of it. */
function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function invalid(detail: string): DsmError {
  return new DsmError('invalid_request', detail);
}
