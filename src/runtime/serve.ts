/**
 * HTTP servers on the three runtimes. They differ in what they do by themselves about clients that
 * are slow or never end; what each one cannot do is said in its own file.
 */
import type { ServerLimits } from './serve-limits.ts';
import { defaultServerLimits } from './serve-limits.ts';

/** `env` is what Hono's adapter hands over beside a Request. */
export type Handler = (request: Request, env?: object) => Response | Promise<Response>;

export interface ServeOptions {
  readonly fetch: Handler;
  /** An address of this machine, or a name of one. */
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly limits?: Partial<ServerLimits>;
}

export interface RunningServer {
  readonly port: number;
  /** Base URL, with the port that was bound. */
  readonly url: string;
  /**
   * Takes no new connection, lets running requests end for `closeMs` and then breaks them.
   * Idempotent; resolves when all is closed.
   */
  close(): Promise<void>;
}

/** How a runtime listens; throws a ListenError. */
export type Listen = (options: ListenOptions) => Promise<RunningServer>;

export interface ListenOptions extends Required<Omit<ServeOptions, 'limits'>> {
  readonly limits: ServerLimits;
}

/** Why a server could not start; `message` says what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

export type RuntimeName = 'node' | 'bun' | 'deno';

/** The one place that finds out which runtime this is. */
export function runtimeName(): RuntimeName {
  if ('Bun' in globalThis) return 'bun';
  return 'Deno' in globalThis ? 'deno' : 'node';
}

/** Throws a ListenError. */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { limits, ...rest } = options;
  const listen = await listenOf(runtimeName());
  try {
    return await listen({ ...rest, limits: { ...defaultServerLimits, ...limits } });
  } catch (error) {
    throw listenErrorOf(error, options);
  }
}

/** Loaded by name: each file is of use on its own runtime only. */
async function listenOf(runtime: RuntimeName): Promise<Listen> {
  switch (runtime) {
    case 'node':
      return (await import('./serve-node.ts')).listenOnNode;
    case 'bun':
      return (await import('./serve-bun.ts')).listenOnBun;
    case 'deno':
      return (await import('./serve-deno.ts')).listenOnDeno;
  }
}

/** Node and Bun say it by a code, Deno by the name of the error. */
const hints: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (_host, port) =>
    `port ${port} is taken: stop what listens there, or choose another port (0 takes a free one)`,
  EACCES: (_host, port) =>
    `this user may not listen on port ${port}: choose a port above 1023, or another user`,
  EADDRNOTAVAIL: (host) =>
    `${host} is not an address of this machine: use 127.0.0.1, 0.0.0.0 or one of its addresses`,
  ENOTFOUND: (host) => `the name ${host} is not known: use an address of this machine`,
};

const denoNames: Readonly<Record<string, string>> = {
  AddrInUse: 'EADDRINUSE',
  PermissionDenied: 'EACCES',
  AddrNotAvailable: 'EADDRNOTAVAIL',
};

function listenErrorOf(error: unknown, { host, port }: ServeOptions): ListenError {
  const cause = error instanceof Error ? error : new Error(String(error));
  const code = 'code' in cause ? String(cause.code) : (denoNames[cause.name] ?? '');
  const hint = Object.hasOwn(hints, code) ? hints[code]?.(host, port) : cause.message;
  return new ListenError(`Cannot listen on ${urlOf(host, port)}: ${hint}`, { cause });
}

/** An IPv6 address stands in brackets; who listens on all addresses is reached by loopback. */
export function urlOf(host: string, port: number): string {
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`;
  if (host === '::') return `http://[::1]:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
