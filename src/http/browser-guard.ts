/**
 * Web pages of other sites must not use a node through the browser of somebody who can reach it:
 * not by sending it changes (cross-site request forgery), and not by giving their own name the
 * address of a node (DNS rebinding). curl and servers send none of what is looked at here.
 */
import { DsmError } from '../core/errors.ts';
import { pathStart } from './keys.ts';

const loopbackHost = /^(?:localhost|(?:[^.]+\.)+localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** An address cannot be given away, as a name can. */
const addressHost = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])$/;

export interface HostOptions {
  /** The node is bound to loopback. */
  readonly isLoopback: boolean;
  /** Names beside those that are known anyway. */
  readonly allowedHosts: readonly string[];
  /** The URL by which the node is advertised. */
  readonly ownUrl: () => string;
}

/**
 * Lets in requests by the name of the host that they ask for. A node is asked for by loopback
 * names, by the name that it is advertised by, which a proxy may pass on, and by those that it was
 * told; one that is not bound to loopback also by addresses and, by all but browsers, by any name.
 *
 * What comes from a browser cannot always be told: over plain HTTP a page may read without `Origin`
 * and `Sec-Fetch-Site`, and some browsers let it change its `User-Agent`. Then it can read, from
 * the network of somebody who visits it, what everybody in that network can read anyway.
 */
export class HostGuard {
  readonly #options: HostOptions;
  /** What the URLs of the last call by a known name began with: nearly always those of the next. */
  #letIn = '\0';
  /** Looked up once: it is asked for often where servers use another name. */
  #ownName: string | null = null;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  /**
   * True for a name that is known: everybody may use it. The URL is what the runtime made of the
   * Host header; on Bun it is relative where that is missing or no host, and a path would be taken
   * for one. Throws `invalid_request` or `forbidden`.
   */
  expect({ url, headers }: Request): boolean {
    if (url.startsWith(this.#letIn)) return true;
    if (!URL.canParse(url)) {
      throw new DsmError('invalid_request', 'The Host header is missing, or names no host');
    }
    const { hostname } = new URL(url);
    if (this.#isKnown(hostname)) {
      this.#letIn = `${url.slice(0, pathStart(url))}/`;
      return true;
    }
    const { isLoopback } = this.#options;
    if (!isLoopback && !isOfBrowser(headers)) return false;
    const whom = isLoopback ? 'nobody' : 'no browser';
    throw new DsmError(
      'forbidden',
      `This node answers ${whom} who asks for ${hostname}: anybody may give that name to its ` +
        `address. If the name is yours, start the node with --allowed-hosts ${hostname}`,
    );
  }

  #isKnown(hostname: string): boolean {
    const { isLoopback, allowedHosts, ownUrl } = this.#options;
    if (loopbackHost.test(hostname) || (!isLoopback && addressHost.test(hostname))) return true;
    this.#ownName ??= new URL(ownUrl()).hostname;
    return hostname === this.#ownName || allowedHosts.includes(hostname);
  }
}

/** Every browser sends one of these, but see `HostGuard`. */
function isOfBrowser(headers: Headers): boolean {
  if (headers.get('origin') !== null || headers.get('sec-fetch-site') !== null) return true;
  return headers.get('user-agent')?.startsWith('Mozilla/') === true;
}

const nobody: ReadonlySet<string> = new Set();

/**
 * For everything that changes something, and for calls between nodes; `allowed` are origins of
 * other sites that may. Throws `forbidden`.
 */
export function expectSameSite(request: Request, allowed = nobody): void {
  const { headers } = request;
  const origin = headers.get('origin');
  if (origin !== null && allowed.has(origin)) return;
  if (headers.get('sec-fetch-site') === 'cross-site') throw crossSite('another site');
  if (origin !== null && !isSameHost(origin, request.url)) throw crossSite(origin);
}

function isSameHost(origin: string, url: string): boolean {
  // An opaque origin ("null": a sandbox, a file) is not ours, and not a URL.
  return URL.canParse(origin) && new URL(origin).host === new URL(url).host;
}

function crossSite(origin: string): DsmError {
  const from = origin.slice(0, 100);
  return new DsmError(
    'forbidden',
    `Changes are not taken from web pages of ${from}; if they are yours, start the node with ` +
      '--allowed-origins',
  );
}
