/** What a client reads: entries, lists, changes, the state of the cluster. */
import type { NodeStatus } from '../node/api.ts';
import { follow } from './abort.ts';
import { Batch } from './batch.ts';
import { expectHeaders } from './call.ts';
import { Caller } from './caller.ts';
import { entryOf, statusOf } from './entries.ts';
import { type Environment, realEnvironment } from './environment.ts';
import { keyPath } from './keys.ts';
import { list } from './list.ts';
import { Mutator } from './mutator.ts';
import { catchUpMs, queryOf } from './query.ts';
import type {
  CallOptions,
  ClientOptions,
  Entry,
  GetOptions,
  ListOptions,
  MasterChange,
  WatchEvent,
  WatchOptions,
} from './types.ts';
import { watch } from './watch.ts';

export abstract class ReadClient {
  readonly #caller: Caller;
  protected readonly mutator: Mutator;
  protected readonly environment: Environment;
  readonly #signal: AbortSignal | undefined;
  readonly #listeners = new Set<(change: MasterChange) => void>();

  constructor(options: ClientOptions) {
    const { fetch: ownFetch } = options;
    const timeoutMs = options.timeoutMs ?? 10_000;
    this.#signal = options.signal;
    expectHeaders(options.headers ?? {});
    this.environment = {
      ...realEnvironment,
      ...options.environment,
      ...(ownFetch === undefined ? {} : { fetch: ownFetch }),
    };
    this.#caller = new Caller({
      masters: options.masters,
      headers: options.headers ?? {},
      timeoutMs,
      attemptTimeoutMs: options.attemptTimeoutMs ?? 1500,
      backoffMsMin: options.backoffMsMin ?? 10,
      backoffMsMax: options.backoffMsMax ?? 500,
      replyBytesMax: options.replyBytesMax ?? 64 * 1024 * 1024,
      signal: options.signal,
      environment: this.environment,
      onMasterChange: (change) => this.#tell(change),
      readFrom: options.readFrom,
    });
    this.mutator = new Mutator(this.#caller, this.environment, timeoutMs);
  }

  /** The entry, or null where there is none. */
  async get(key: string, options: GetOptions = {}): Promise<Entry | null> {
    const { consistency, minRevision, signal, timeoutMs } = options;
    const reply = await this.#caller.call({
      title: `READ ${JSON.stringify(key)}`,
      method: 'GET',
      path: keyPath(key) + queryOf({ consistency, 'min-revision': minRevision }),
      isMutation: false,
      isSpread: true,
      patienceMs: catchUpMs(minRevision),
      signal,
      timeoutMs,
    });
    return reply.status === 404 ? null : entryOf(key, reply);
  }

  /** Entries in the order of `keys`, null where there is none; at most 1000, each read by itself. */
  async getMany(
    keys: readonly string[],
    { signal, timeoutMs }: CallOptions = {},
  ): Promise<readonly (Entry | null)[]> {
    const batch = new Batch(keys.map((key) => ({ op: 'get', key })));
    const title = `READ of ${keys.length} keys`;
    const call = { title, method: 'POST', isMutation: false, ...batch.request } as const;
    await this.#caller.call({ ...call, signal, timeoutMs });
    return batch.results.map((result) => {
      if (result.ok) return result.entry;
      throw result.error;
    });
  }

  /**
   * Entries in the order of the bytes of their keys. Each page is read at one revision of its own:
   * what changes while the list goes on may be seen or not, but no key comes twice.
   */
  list(options: ListOptions = {}): AsyncGenerator<Entry, void, void> {
    return list(this.#caller, options, true);
  }

  /** The keys alone: the nodes send no values. */
  async *keys(options: ListOptions = {}): AsyncGenerator<string, void, void> {
    for await (const { key } of list(this.#caller, options, false)) yield key;
  }

  /**
   * What is there and then each change, once, in order, for as long as it is asked for: connections
   * and nodes may come and go. `break` ends it, and so does `signal`, with its reason. It throws a
   * DsmError only for what no other node or time would change.
   *
   *     for await (const event of client.watch({ prefix: 'flags/' })) {
   *       if (event.kind === 'put') flags.set(event.key, event.entry.json());
   *       else if (event.kind === 'reset') flags.clear();
   *       else if (event.kind !== 'synced') flags.delete(event.key);
   *     }
   */
  async *watch(options: WatchOptions = {}): AsyncGenerator<WatchEvent, void, void> {
    const controller = new AbortController();
    const { signal } = controller;
    const stop = follow([this.#signal, options.signal], controller);
    try {
      const ports = { caller: this.#caller, environment: this.environment, signal };
      yield* watch(ports, options);
    } finally {
      stop();
    }
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
}
