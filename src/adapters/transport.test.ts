import { describe, test } from 'vitest';
import { createFetchTransport } from './fetch-transport.ts';
import { transportContract } from './transport-contract.ts';
import { createUndiciTransport } from './undici-transport.ts';

describe.each([
  ['undici', createUndiciTransport],
  ['fetch', createFetchTransport],
] as const)('transport over %s', (_name, create) => {
  test.each(transportContract)('$name', ({ run }) => run(create));
});
