/** Mutations: each is sent with an idempotency key, so that all its attempts count once. */
import type { Call } from './call.ts';
import type { Caller } from './caller.ts';
import type { Environment } from './environment.ts';
import { jsonContent } from './json-values.ts';
import { idempotencyHeaders, revisionAgeMsMax } from './mutations.ts';
import type { Reply } from './reply.ts';
import type { MutationOptions } from './types.ts';

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
