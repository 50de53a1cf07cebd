/**
 * The client library: a replicated store behind four calls. It runs wherever `fetch` does.
 *
 *     const client = createClient({ masters: ['http://10.0.0.1:12345', 'http://10.0.0.2:12346'] });
 *     const { revision } = await client.put('greeting', 'hello');
 *     const changed = await client.put('greeting', 'hi', { ifRevision: revision });
 *     if (!changed.ok) retryFrom(changed.currentRevision);
 *
 * Calls fail with a `DsmError` only: its `outcome` says whether a write certainly did not happen.
 * A precondition that does not hold is a result (`ok: false`), and so is an absent key (`null`).
 */
import type { NodeStatus } from '../node/api.ts';
import { type Call, Caller } from './caller.ts';
import { deletedOf, entryOf, statusOf, writtenOf } from './entries.ts';
import { type Environment, realEnvironment } from './environment.ts';
import { keyPath } from './keys.ts';
import {
  type Conditions,
  conditionHeaders,
  idempotencyHeaders,
  revisionAgeMsMax,
} from './mutations.ts';
import type { Reply } from './reply.ts';
import type {
  CallOptions,
  ClientOptions,
  Conflict,
  Deleted,
  DeletePrecondition,
  Entry,
  GetOptions,
  MasterChange,
  MutationOptions,
  Precondition,
  PutOptions,
  Value,
  Written,
} from './types.ts';
import { encodeValue } from './values.ts';

type Mutation = Pick<Call, 'title' | 'method' | 'path' | 'headers' | 'body'>;

export class Client {
  readonly #caller: Caller;
  readonly #environment: Environment;
  readonly #timeoutMs: number;
  readonly #listeners = new Set<(change: MasterChange) => void>();

  constructor(options: ClientOptions) {
    const { fetch: ownFetch } = options;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#environment = {
      ...realEnvironment,
      ...options.environment,
      ...(ownFetch === undefined ? {} : { fetch: ownFetch }),
    };
    this.#caller = new Caller({
      masters: options.masters,
      headers: options.headers ?? {},
      timeoutMs: this.#timeoutMs,
      attemptTimeoutMs: options.attemptTimeoutMs ?? 1500,
      backoffMsMin: options.backoffMsMin ?? 10,
      backoffMsMax: options.backoffMsMax ?? 500,
      replyBytesMax: options.replyBytesMax ?? 64 * 1024 * 1024,
      signal: options.signal,
      environment: this.#environment,
      onMasterChange: (change) => this.#tell(change),
    });
  }

  /** The entry, or null where there is none. */
  async get(key: string, options: GetOptions = {}): Promise<Entry | null> {
    const { consistency, minRevision, signal, timeoutMs } = options;
    const query = new URLSearchParams();
    if (consistency !== undefined) query.set('consistency', consistency);
    if (minRevision !== undefined) query.set('min-revision', String(minRevision));
    const path = query.size === 0 ? keyPath(key) : `${keyPath(key)}?${query}`;
    const title = `READ ${JSON.stringify(key)}`;
    const reply = await this.#caller.call({
      title,
      method: 'GET',
      path,
      isMutation: false,
      signal,
      timeoutMs,
    });
    return reply.status === 404 ? null : entryOf(key, reply);
  }

  /** Writes under a precondition; `ok: false` where it did not hold. */
  put(key: string, value: Value, options: PutOptions & Precondition): Promise<Written | Conflict>;
  put(key: string, value: Value, options?: PutOptions): Promise<Written>;
  async put(
    key: string,
    value: Value,
    options: PutOptions & Conditions = {},
  ): Promise<Written | Conflict> {
    const { bytes, contentType } = encodeValue(value, options.contentType);
    const reply = await this.#mutate(
      {
        title: `WRITE ${JSON.stringify(key)}`,
        method: 'PUT',
        path: keyPath(key),
        headers: { 'content-type': contentType, ...conditionHeaders(options) },
        body: bytes,
      },
      options,
    );
    return writtenOf(reply);
  }

  /** Deletes under a precondition; `ok: false` where it did not hold. */
  delete(key: string, options: MutationOptions & DeletePrecondition): Promise<Deleted | Conflict>;
  delete(key: string, options?: MutationOptions): Promise<Deleted>;
  async delete(
    key: string,
    options: MutationOptions & Conditions = {},
  ): Promise<Deleted | Conflict> {
    const title = `DELETE ${JSON.stringify(key)}`;
    const headers = conditionHeaders(options);
    const path = keyPath(key);
    return deletedOf(await this.#mutate({ title, method: 'DELETE', path, headers }, options));
  }

  /** The cluster as the node that answers first sees it: the active master's where it is known. */
  async status(options: CallOptions & { readonly node?: string } = {}): Promise<NodeStatus> {
    const { node, signal, timeoutMs } = options;
    const call = { title: 'STATUS', method: 'GET', path: '/v1/status', isMutation: false } as const;
    const status = statusOf(await this.#caller.call({ ...call, node, signal, timeoutMs }));
    if (status.state !== 'active')
      this.#caller.nodes.onHint(status.master?.url ?? null, status.epoch);
    return status;
  }

  /** URL of the active master as far as it is known. */
  get master(): string | null {
    return this.#caller.nodes.master;
  }

  /** The highest revision seen so far: pass it as `minRevision` or `keyRevision`. */
  get revision(): number {
    return this.#caller.revision;
  }

  /** Calls back when another node answers as the active master; the function returned ends that. */
  onMasterChange(listener: (change: MasterChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A listener that throws must not break a call: its error surfaces by itself. */
  #tell(change: MasterChange): void {
    for (const listener of this.#listeners) queueMicrotask(() => listener(change));
  }

  async #mutate(mutation: Mutation, options: MutationOptions): Promise<Reply> {
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

  /** The revision to send with a new key; asks for it where none was seen for a while. */
  async #freshRevision(
    title: string,
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<number> {
    if (this.#caller.revisionAgeMs > revisionAgeMsMax) {
      await this.#caller.call({
        title,
        method: 'GET',
        path: '/livez',
        isMutation: false,
        signal,
        timeoutMs,
      });
    }
    return this.#caller.revision;
  }
}

/** Throws a DsmError (`invalid_request`) where the list of masters is not usable. */
export function createClient(options: ClientOptions): Client {
  return new Client(options);
}
