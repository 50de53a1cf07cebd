/**
 * The server of Deno. It closes no connection by itself, however slow its client is. Bodies are
 * watched by the app (`http/bodies.ts`), so no request is worked on for ever; but the socket of a
 * client that stops within its headers or its body stays, and nothing here can end it. Where
 * strangers can reach a node on Deno, put a proxy before it.
 */
import type { Handler, Listen, ListenOptions, RunningServer } from './serve.ts';
import { urlOf } from './serve.ts';

interface DenoServer {
  readonly addr: { readonly port: number };
  /** Takes no new connection; resolves when all running requests have ended. */
  shutdown(): Promise<void>;
}

interface DenoRuntime {
  serve(
    options: {
      readonly hostname: string;
      readonly port: number;
      readonly onListen: () => void;
      readonly onError: () => Response;
    },
    handler: Handler,
  ): DenoServer;
}

export const listenOnDeno: Listen = async (options) => {
  const { Deno } = globalThis as unknown as { readonly Deno: DenoRuntime };
  const { fetch, host, port } = options;
  const server = Deno.serve(
    {
      hostname: host,
      port,
      onListen: () => {},
      // The app answers its own failures; this is for a request that Deno could not handle.
      onError: () => new Response(null, { status: 500 }),
    },
    (request) => fetch(request),
  );
  return new RunningDeno(server, options);
};

class RunningDeno implements RunningServer {
  readonly port: number;
  readonly url: string;
  readonly #server: DenoServer;
  readonly #closeMs: number;
  #closing: Promise<void> | null = null;

  constructor(server: DenoServer, { host, limits }: ListenOptions) {
    this.#server = server;
    this.port = server.addr.port;
    this.url = urlOf(host, this.port);
    this.#closeMs = limits.closeMs;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** What has not ended in time stays until the process ends: Deno cannot break it any more. */
  async #close(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#closeMs);
    });
    await Promise.race([this.#server.shutdown(), patience]);
    clearTimeout(timer);
  }
}
