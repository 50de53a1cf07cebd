/**
 * Web pages of other sites must not use a node through the browser of somebody who can reach it:
 * not by sending it changes (cross-site request forgery), and not by giving their own name the
 * address of this machine (DNS rebinding). curl and servers send none of what is looked at here.
 */
import { DsmError } from '../core/errors.ts';
import { pathStart } from './keys.ts';

const loopbackHost = /^(?:localhost|(?:[^.]+\.)+localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Lets in the hosts that a node may be asked for. Where it is bound to loopback these are loopback
 * names, and the one that it is advertised by, which a proxy on this machine may pass on.
 */
export class HostGuard {
  readonly #isLoopback: boolean;
  readonly #ownUrl: () => string;
  /** What the URLs of the last call began with: nearly always those of the next one too. */
  #letIn = '\0';

  constructor(isLoopback: boolean, ownUrl: () => string) {
    this.#isLoopback = isLoopback;
    this.#ownUrl = ownUrl;
  }

  /**
   * `url` is what the runtime made of the Host header; on Bun it is relative where that is missing or
   * no host, and a path would be taken for one. Throws `invalid_request` or `forbidden`.
   */
  expect(url: string): void {
    if (url.startsWith(this.#letIn)) return;
    if (!URL.canParse(url)) {
      throw new DsmError('invalid_request', 'The Host header is missing, or names no host');
    }
    if (this.#isLoopback) this.#expectKnownHost(new URL(url).hostname);
    this.#letIn = `${url.slice(0, pathStart(url))}/`;
  }

  #expectKnownHost(hostname: string): void {
    if (loopbackHost.test(hostname) || hostname === new URL(this.#ownUrl()).hostname) return;
    throw new DsmError(
      'forbidden',
      `This node serves its own machine only, and is not known as ${hostname}; to be reached from ` +
        'others, bind it to another address than loopback, or advertise it by that name',
    );
  }
}

/** For everything that changes something, and for calls between nodes. Throws `forbidden`. */
export function expectSameSite(request: Request): void {
  const { headers } = request;
  if (headers.get('sec-fetch-site') === 'cross-site') throw crossSite('another site');
  const origin = headers.get('origin');
  if (origin !== null && !isSameHost(origin, request.url)) throw crossSite(origin);
}

function isSameHost(origin: string, url: string): boolean {
  // An opaque origin ("null": a sandbox, a file) is not ours, and not a URL.
  return URL.canParse(origin) && new URL(origin).host === new URL(url).host;
}

function crossSite(origin: string): DsmError {
  const from = origin.slice(0, 100);
  return new DsmError('forbidden', `Changes are not taken from web pages of ${from}`);
}
