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

/** The condition of a PUT or DELETE. Throws `invalid_request`. */
export function parseCondition(ifMatch: string | null, ifNoneMatch: string | null): Condition {
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
  const tag = tagOf(revision);
  return ifNoneMatch.split(',').some((held) => {
    const trimmed = held.trim();
    return trimmed === '*' || trimmed === tag || trimmed === `W/${tag}`;
  });
}

/** For a message: what a client sent, but never much of it. */
function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function invalid(detail: string): DsmError {
  return new DsmError('invalid_request', detail);
}
