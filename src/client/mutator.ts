/** Mutations: each is sent with an idempotency key, so that all its attempts count once. */
import { DsmError } from '../core/errors.ts';
import { defaultLimits } from '../core/limits.ts';
import { headerNames } from '../http/headers.ts';
import type { Call } from './call.ts';
import type { Caller } from './caller.ts';
import type { Environment } from './environment.ts';
import { jsonContent } from './json-values.ts';
import type { Reply } from './reply.ts';
import type { MutationOptions } from './types.ts';

/**
 * A key is safe to repeat while the nodes remember it, which they count in revisions. So it is sent
 * with the revision seen when it was made; older than this, the revision is asked for first, or the
 * first write after a long pause would be taken for one that was forgotten.
 */
const revisionAgeMsMax = 1000;

export type Mutation = Pick<
  Call,
  'title' | 'method' | 'path' | 'headers' | 'body' | 'isExpected' | 'patienceMs' | 'lackOf'
>;

export class Mutator {
  readonly #caller: Caller;
  readonly #environment: Environment;
  readonly #timeoutMs: number;

  constructor(caller: Caller, environment: Environment, timeoutMs: number) {
    this.#caller = caller;
    this.#environment = environment;
    this.#timeoutMs = timeoutMs;
  }

  async run(mutation: Mutation, options: MutationOptions): Promise<Reply> {
    const { signal, idempotencyKey, keyRevision } = options;
    const startMs = this.#environment.monotonicMs();
    const budgetMs = options.timeoutMs ?? this.#timeoutMs;
    const key = idempotencyKey ?? this.#environment.newKey();
    const revision = keyRevision ?? (await this.#freshRevision(mutation.title, signal, budgetMs));
    return this.#caller.call({
      ...mutation,
      headers: { ...mutation.headers, ...idempotencyHeaders(key, revision) },
      isMutation: true,
      signal,
      timeoutMs: budgetMs - (this.#environment.monotonicMs() - startMs),
    });
  }

  /** A POST of JSON. */
  post(title: string, path: string, json: unknown, options: MutationOptions): Promise<Reply> {
    return this.run({ title, method: 'POST', path, ...jsonContent(json) }, options);
  }

  /** The revision to send with a new key; asks for it where none was seen for a while. */
  async #freshRevision(
    title: string,
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<number> {
    if (this.#caller.revisionAgeMs > revisionAgeMsMax) {
      const call = { title, method: 'GET', path: '/livez', isMutation: false } as const;
      await this.#caller.call({ ...call, signal, timeoutMs });
    }
    return this.#caller.revision;
  }
}

/** Throws `invalid_request` where the key is none. */
function idempotencyHeaders(key: string, revision: number): Record<string, string> {
  // A string of RFC 9651: printable ASCII, and nothing here needs an escape.
  const { requestIdBytesMax } = defaultLimits;
  if (!/^[ !#-[\]-~]+$/.test(key) || key.length > requestIdBytesMax) {
    const fault = `an idempotency key is 1–${requestIdBytesMax} printable ASCII`;
    throw new DsmError('invalid_request', `${fault} characters without quotes and backslashes`);
  }
  return {
    [headerNames.idempotencyKey]: `"${key}"`,
    [headerNames.keyRevision]: String(revision),
  };
}
