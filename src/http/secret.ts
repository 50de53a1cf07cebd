/** The cluster secret: what proves to a node that a call comes from another node, or from an admin. */
import { Buffer } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';
import { DsmError } from '../core/errors.ts';
import { headerNames } from './headers.ts';

/** Throws `unauthorized`. Without a secret everybody is let in: the start-up warns of that. */
export type SecretCheck = (headers: Headers) => void;

/**
 * `secret` null switches the check off. All that the time of an answer can tell is the length of the
 * secret, and those that `dsm` makes have one length.
 */
export function createSecretCheck(secret: string | null): SecretCheck {
  if (secret === null) return () => {};
  const expected = Buffer.from(secret);
  return (headers) => {
    const given = headers.get(headerNames.secret);
    if (given !== null && isEqual(Buffer.from(given), expected)) return;
    const fault = given === null ? 'is missing' : 'is wrong';
    throw new DsmError('unauthorized', `The header ${headerNames.secret} ${fault}`);
  };
}

function isEqual(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}
