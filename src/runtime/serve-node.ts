/** The server of Node: `node:http` behind the adapter of Hono. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { getRequestListener, RequestError } from '@hono/node-server';
import { type Listen, type ListenOptions, type RunningServer, urlOf } from './serve.ts';

/** How often a closing server looks for connections whose request has ended. */
const idleCheckMs = 50;

/**
 * Stands for what cannot be made a Request: a Host that is none, a target that is no path. Bun gives
 * such a one to the app, which refuses it; here the adapter would, without saying who it is.
 */
const nowhere = { url: '', method: 'GET', headers: new Headers() } as Request;

export const listenOnNode: Listen = async (options) => {
  const server = serverOf(options);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return new NodeServer(server, port, options);
};

function serverOf({ fetch, limits }: ListenOptions): Server {
  const listener = getRequestListener(fetch, {
    // Light requests and responses, without which a GET costs twice as much.
    overrideGlobalObjects: true,
    // The app answers its own failures.
    errorHandler: (error) =>
      error instanceof RequestError ? fetch(nowhere) : new Response(null, { status: 500 }),
  });
  const times = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.checkMs,
    keepAliveTimeout: limits.keepAliveMs,
  };
  const server = createServer(times, listener);
  server.maxConnections = limits.connectionsMax;
  server.maxRequestsPerSocket = 0;
  return server;
}

class NodeServer implements RunningServer {
  readonly port: number;
  readonly url: string;
  readonly #server: Server;
  readonly #closeMs: number;
  #closing: Promise<void> | null = null;

  constructor(server: Server, port: number, { host, limits }: ListenOptions) {
    this.#server = server;
    this.port = port;
    this.url = urlOf(host, port);
    this.#closeMs = limits.closeMs;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** By itself, Node would serve kept-alive connections on, for as long as their clients like. */
  #close(): Promise<void> {
    this.#server.prependListener('request', endAfterAnswer);
    return new Promise((resolve) => {
      const idle = setInterval(() => this.#server.closeIdleConnections(), idleCheckMs);
      const breakAll = setTimeout(() => this.#server.closeAllConnections(), this.#closeMs);
      this.#server.close(() => {
        clearInterval(idle);
        clearTimeout(breakAll);
        resolve();
      });
    });
  }
}

function endAfterAnswer(_request: IncomingMessage, response: ServerResponse): void {
  response.shouldKeepAlive = false;
}
