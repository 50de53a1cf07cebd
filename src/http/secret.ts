/** The cluster secret: what proves to a node that a call comes from another node, or from an admin. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { DsmError } from '../core/errors.ts';
import { headerNames } from './headers.ts';

/** Throws `unauthorized`. Without a secret everybody is let in: the start-up warns of that. */
export type SecretCheck = (headers: Headers) => void;

/** `secret` null switches the check off. Takes the same time for every wrong secret. */
export function createSecretCheck(secret: string | null): SecretCheck {
  if (secret === null) return () => {};
  const expected = digest(secret);
  return (headers) => {
    const given = headers.get(headerNames.secret);
    if (given !== null && timingSafeEqual(digest(given), expected)) return;
    const fault = given === null ? 'is missing' : 'is wrong';
    throw new DsmError('unauthorized', `The header ${headerNames.secret} ${fault}`);
  };
}

/** Digests have one length, whatever was given: `timingSafeEqual` needs that. */
function digest(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest();
}
