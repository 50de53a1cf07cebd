/** Which HTTP client goes with which runtime. */
import { createFetchTransport } from '../adapters/fetch-transport.ts';
import type { TransportOptions } from '../adapters/transport-options.ts';
import { createUndiciTransport } from '../adapters/undici-transport.ts';
import type { Transport } from '../ports/transport.ts';
import { runtimeName } from './serve.ts';

/**
 * undici is the fastest on Node, and the one that says for certain whether a request was sent. Bun
 * has a shim in its place and Deno runs it on an emulation of sockets: their own `fetch` is faster.
 */
export function chooseTransport(options: TransportOptions): Transport {
  return runtimeName() === 'node' ? createUndiciTransport(options) : createFetchTransport(options);
}
