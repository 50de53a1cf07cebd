/**
 * What a `fetch` that did not answer proves about its request.
 *
 * Only a refused connection proves that nothing was applied, and that only where the runtime sends
 * a request once. Node does. Bun and Deno send a request again when a kept-alive connection breaks
 * under it; if the node died in between, the second connection is refused and the error says so,
 * although the first delivery may have been applied. So their word counts only for an address that
 * never answered this process: then there was no kept-alive connection to break.
 */

/** `refused`: certainly not sent. `broken`, `timeout`: may have been applied. */
export type Silence = 'refused' | 'broken' | 'timeout';

const originsMax = 1024;

/** The addresses that ever answered; shared, as the process shares its connections. */
const answeredOrigins = new Set<string>();

export function noteAnswer(url: string): void {
  if (answeredOrigins.size < originsMax) answeredOrigins.add(url);
}

function mayHaveConnection(url: string): boolean {
  return answeredOrigins.size >= originsMax || answeredOrigins.has(url);
}

export function silenceOf(error: unknown, url: string): Silence {
  if (isConnectError(causeOf(error))) return 'refused';
  return looksRefused(error) && !mayHaveConnection(url) ? 'refused' : 'broken';
}

/** Node refuses the ports that browsers refuse, before it connects to them. */
export function isBadPort(error: unknown): boolean {
  const cause = causeOf(error);
  return cause instanceof Error && cause.message === 'bad port';
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

/** Node's own errors name the system call that failed; before a connection there is no request. */
function isConnectError(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  if (cause instanceof AggregateError && cause.errors.length > 0) {
    return cause.errors.every(isConnectError);
  }
  if ('syscall' in cause) return cause.syscall === 'connect' || cause.syscall === 'getaddrinfo';
  return 'code' in cause && cause.code === 'UND_ERR_CONNECT_TIMEOUT';
}

const refusedCodes = new Set(['ECONNREFUSED', 'ConnectionRefused', 'ENOTFOUND', 'EAI_AGAIN']);

/** Bun says it by a code, Deno by a text; a browser does not say it at all. */
function looksRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && refusedCodes.has(error.code))
    return true;
  const cause = causeOf(error);
  return cause instanceof Error && cause.message.includes('client error (Connect)');
}
