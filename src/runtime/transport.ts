/** Which HTTP client goes with which runtime. */
import { createFetchTransport } from '../adapters/fetch-transport.ts';
import type { TransportOptions } from '../adapters/transport-options.ts';
import type { Transport } from '../ports/transport.ts';
import { runtimeName } from './serve.ts';

/**
 * undici where it runs: it knows for certain what was sent, and costs less than `fetch`, on Deno two
 * thirds of it. Bun puts a shim over its own `fetch` in its place, so there it is that `fetch`.
 */
export async function chooseTransport(options: TransportOptions): Promise<Transport> {
  if (runtimeName() === 'bun') return createFetchTransport(options);
  const { createUndiciTransport } = await import('../adapters/undici-transport.ts');
  return createUndiciTransport(options);
}
