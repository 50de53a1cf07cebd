/**
 * A short cut for the calls that this store exists for: to a key, and the appends that bring it to
 * slaves, for a host that was let in. It goes around the router and Hono's context, which cost a tenth
 * of such a call. A plain GET at the active master under a lease is answered here; a PUT and an append
 * are handed to what their routes would hand them to; all else goes to the routes, which answer the
 * same.
 */
import type { NodeApi } from '../node/api.ts';
import type { Answers } from './answers.ts';
import type { IncomingBody } from './bodies.ts';
import { isPlainKey, keysPath, pathStart } from './keys.ts';
import { peerPaths } from './peer-calls.ts';

/** `incoming` where the runtime gives it. */
export type Call = (request: Request, incoming?: IncomingBody) => Promise<Response>;

export interface ShortCutOptions {
  readonly node: NodeApi;
  readonly answers: Answers;
  /** Throws `forbidden` for a change that a web page may not make. */
  readonly expectSameSite: (request: Request) => void;
  /** Answers a PUT of a key; rejects as a route may. */
  readonly put: Call;
  /** The same for an append of the active master. */
  readonly append: Call;
  /** Answers for what was thrown. */
  readonly fail: (thrown: unknown) => Response;
}

export class ShortCut {
  readonly #options: ShortCutOptions;
  /** What the URLs of keys begin with for a host that was let in; one client has one host. */
  #prefix = '\0';
  /** The URL of appends there. */
  #appendUrl = '\0';

  constructor(options: ShortCutOptions) {
    this.#options = options;
  }

  /** Requests for the host of `url` may take the short cut. */
  letIn(url: string): void {
    if (url.startsWith(this.#prefix)) return;
    const origin = url.slice(0, pathStart(url));
    this.#prefix = origin + keysPath;
    this.#appendUrl = origin + peerPaths.append.path;
  }

  /** Undefined where a route must look. Throws `forbidden`, as the guards do. */
  answer(request: Request, incoming?: IncomingBody): Response | Promise<Response> | undefined {
    const { method, url } = request;
    const { expectSameSite, put, append, fail } = this.#options;
    if (method === 'POST' && url === this.#appendUrl) return append(request, incoming).catch(fail);
    if (!url.startsWith(this.#prefix)) return undefined;
    if (method === 'GET') return this.#get(url.slice(this.#prefix.length), request);
    if (method !== 'PUT') return undefined;
    expectSameSite(request);
    return put(request, incoming).catch(fail);
  }

  #get(rawKey: string, { headers }: Request): Response | undefined {
    const { node, answers } = this.#options;
    if (!isPlainKey(rawKey, node.limits.keyBytesMax)) return undefined;
    if (headers.has('if-none-match') || headers.has('if-match')) return undefined;
    const entry = node.readNow(rawKey);
    return entry ? answers.entry(entry, 200, rawKey) : undefined;
  }
}
