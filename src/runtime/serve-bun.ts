/**
 * The server of Bun. It has one limit of time for everything: a connection on which nothing moves is
 * closed, be it before, within or after a request, and also while the app still works on an answer.
 * So the limit must be longer than any call of ours takes. Connections are not counted by it.
 */
import type { Handler, Listen, ListenOptions, RunningServer } from './serve.ts';
import { urlOf } from './serve.ts';

interface BunServer {
  readonly port: number;
  /** Resolves when all connections are closed. */
  stop(closeActiveConnections: boolean): Promise<void>;
}

interface BunRuntime {
  serve(options: {
    readonly fetch: Handler;
    readonly hostname: string;
    readonly port: number;
    readonly idleTimeout: number;
    readonly maxRequestBodySize: number;
    readonly error: () => Response;
  }): BunServer;
}

/** Longest that Bun takes, in seconds. */
const idleSecondsMax = 255;

export const listenOnBun: Listen = async (options) => {
  const { Bun } = globalThis as unknown as { readonly Bun: BunRuntime };
  const { fetch, host, port, limits } = options;
  const server = Bun.serve({
    fetch: (request) => fetch(request),
    hostname: host,
    port,
    idleTimeout: Math.min(idleSecondsMax, Math.ceil(limits.requestMs / 1000)),
    maxRequestBodySize: limits.bodyBytesMax,
    // The app answers its own failures; this is for a request that Bun itself could not handle.
    error: () => new Response(null, { status: 500 }),
  });
  return new RunningBun(server, options);
};

class RunningBun implements RunningServer {
  readonly port: number;
  readonly url: string;
  readonly #server: BunServer;
  readonly #closeMs: number;
  #closing: Promise<void> | null = null;

  constructor(server: BunServer, { host, limits }: ListenOptions) {
    this.#server = server;
    this.port = server.port;
    this.url = urlOf(host, server.port);
    this.#closeMs = limits.closeMs;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const breakAll = setTimeout(() => void this.#server.stop(true), this.#closeMs);
    await this.#server.stop(false);
    clearTimeout(breakAll);
  }
}
