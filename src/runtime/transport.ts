/** Which HTTP client goes with which runtime. */
import { createFetchTransport } from '../adapters/fetch-transport.ts';
import type { TransportOptions } from '../adapters/transport-options.ts';
import type { Transport } from '../ports/transport.ts';
import { runtimeName } from './serve.ts';

/**
 * undici on Node: the fastest there, and certain about what was sent. Bun has a shim in its place and
 * Deno would run it on an emulation of sockets: they do not even load it.
 */
export async function chooseTransport(options: TransportOptions): Promise<Transport> {
  if (runtimeName() !== 'node') return createFetchTransport(options);
  const { createUndiciTransport } = await import('../adapters/undici-transport.ts');
  return createUndiciTransport(options);
}
