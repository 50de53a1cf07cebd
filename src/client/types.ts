/** What people see of the client library. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { DsmError } from '../core/errors.ts';
import type { Consistency } from '../node/api.ts';
import type { ReadFrom } from './call.ts';
import type { Environment } from './environment.ts';
import type { MasterChange } from './nodes.ts';
import type { Value } from './values.ts';

export interface ClientOptions {
  /** URLs of the masters in order, the primary first; any other node of the cluster works too. */
  readonly masters: readonly string[];
  /**
   * `active` (default): reads go to the active master. `nearest`: gets, lists and watches go to
   * whichever node answers fastest, and are as linearizable: such a node asks the active master how
   * far it is, and answers from its own memory. Spreads the work over slaves and standbys.
   */
  readonly readFrom?: ReadFrom | undefined;
  /** Time for one call with all its attempts. Default 10 000. */
  readonly timeoutMs?: number | undefined;
  /** Time for one attempt: a node that hangs is left after this. Default 1500. */
  readonly attemptTimeoutMs?: number | undefined;
  /** Pause between two rounds over the nodes: random up to this, doubled each round. Default 10. */
  readonly backoffMsMin?: number | undefined;
  /** Where the doubling ends. Default 500. */
  readonly backoffMsMax?: number | undefined;
  /** Longest answer that is read. Default 64 MiB. */
  readonly replyBytesMax?: number | undefined;
  /** Sent with every request, for a gateway before the cluster. Default none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Ends every call of this client. Default none. */
  readonly signal?: AbortSignal | undefined;
  /** Used instead of the global one. */
  readonly fetch?: Environment['fetch'] | undefined;
  /** Time and randomness, for tests. */
  readonly environment?: Partial<Environment> | undefined;
}

export interface CallOptions {
  /** Aborts the call, which rejects with the signal's reason; a write may have been applied. */
  readonly signal?: AbortSignal | undefined;
  /** Time for this call with all its attempts. Default `timeoutMs` of the client. */
  readonly timeoutMs?: number | undefined;
}

export interface GetOptions extends CallOptions {
  /**
   * `linearizable` (default) sees every write answered before the call; `quorum` also asks a
   * majority each time; `stale` is answered by any node at once.
   */
  readonly consistency?: Consistency | undefined;
  /** The node that answers must have applied at least this revision. Default 0. */
  readonly minRevision?: number | undefined;
}

/** A value as it was read. */
export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly contentType: string;
  /** Grows with every change of the key; for `ifRevision`. */
  readonly revision: number;
  /** Of a single read: seconds until the key is gone; not there where it lives for ever. */
  readonly expiresIn?: number;
  /** The value as UTF-8. */
  text(): string;
  /** The value as JSON; throws a SyntaxError where it is none. `T` is not checked. */
  json<T = unknown>(): T;
  /**
   * The value as JSON, checked by a schema of Zod, Valibot, ArkType or any other Standard Schema.
   * Rejects with a `SchemaError` where it does not fit, with a SyntaxError where it is no JSON.
   */
  parse<S extends StandardSchemaV1>(schema: S): Promise<StandardSchemaV1.InferOutput<S>>;
}

export interface ListOptions extends GetOptions {
  /** Only keys that begin with this. Default: all. */
  readonly prefix?: string | undefined;
  /** Only keys from this one on, in the order of UTF-8 bytes. Default: from the first. */
  readonly start?: string | undefined;
  /** Only keys before this one. Default: to the last. */
  readonly end?: string | undefined;
  /** From the last to the first. Default false. */
  readonly reverse?: boolean | undefined;
  /** Ends after so many entries. Default: never. */
  readonly limit?: number | undefined;
  /** Asked for at a time, 1–1000; a page of large values may hold fewer. Default 100. */
  readonly pageSize?: number | undefined;
}

export interface WatchOptions {
  /** Watch this key only. */
  readonly key?: string | undefined;
  /** Watch keys that begin with this. Default: all. */
  readonly prefix?: string | undefined;
  /**
   * Go on behind this revision, for example that of a write. Default: begin with what is there,
   * as `put` events in the order of keys, and `synced`.
   */
  readonly from?: number | undefined;
  /** Ends the watch: the iteration throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** How new the state is that the watch begins with; as for `get`. Default `linearizable`. */
  readonly consistency?: Consistency | undefined;
}

/** What a watch tells, in the order of revisions. */
export type WatchEvent =
  | { readonly kind: 'put'; readonly key: string; readonly revision: number; readonly entry: Entry }
  /** Deleted, or its lifetime has ended. */
  | { readonly kind: 'delete' | 'expire'; readonly key: string; readonly revision: number }
  /** All that is true at `revision` was told. Comes again when the watch was resumed. */
  | { readonly kind: 'synced'; readonly revision: number }
  /** Forget what you know: too much was missed. What is there is told again, then `synced`. */
  | { readonly kind: 'reset'; readonly revision: number };

export interface MutationOptions extends CallOptions {
  /**
   * Makes this mutation happen once however often it is asked for with the same key, 1–255
   * printable ASCII characters. Default: a fresh key for each call: its attempts count once.
   */
  readonly idempotencyKey?: string | undefined;
  /**
   * `client.revision` at the time when `idempotencyKey` was made: a key too old for the nodes to
   * remember is then refused as `request_forgotten` instead of run again. Default: now.
   */
  readonly keyRevision?: number | undefined;
}

export interface PutOptions extends MutationOptions {
  /** Default by the value: text, bytes or JSON. */
  readonly contentType?: string | undefined;
  /** The key is gone after so many seconds, 0.001 or more. Default: it lives for ever. */
  readonly ttl?: number | undefined;
  /** The key ends with this session: its `id`. Default: with none. */
  readonly session?: string | undefined;
}

export interface SessionOptions {
  /**
   * Seconds without a keep-alive after which the session ends, 0.1 to a day; kept alive by itself,
   * three times in this time. Default 15.
   */
  readonly ttl?: number | undefined;
  /** Ends the session. Default none. */
  readonly signal?: AbortSignal | undefined;
}

export interface LockOptions extends SessionOptions {
  /** Longest wait, ms. Default: for ever, or until `signal` aborts. */
  readonly waitMs?: number | undefined;
}

export interface ElectOptions {
  /** Seconds after which another may lead when this one is gone without a word. Default 15. */
  readonly ttl?: number | undefined;
  /** Ends candidacy and leadership: the promise resolves. */
  readonly signal?: AbortSignal | undefined;
}

/** What a leader has while it leads. */
export interface Leadership {
  /** Grows with every leader: what they change refuses a lower one than it has seen. */
  readonly token: number;
  /** Aborts when it leads no more: it must stop at once. */
  readonly signal: AbortSignal;
}

export interface IncrementOptions extends MutationOptions {
  /** A whole number, also negative. Default 1. */
  readonly by?: number | undefined;
  /** Seconds that the key lives where it is made by this. Default: for ever. */
  readonly ttl?: number | undefined;
}

/** What `increment` made of the number. */
export interface Incremented {
  readonly number: number;
  readonly revision: number;
  /** True where the key was absent: it began at 0. */
  readonly created: boolean;
  /** Seconds until the key is gone; not there where it lives for ever. */
  readonly expiresIn?: number;
}

/** One step of a transaction or batch. `ttl` in seconds. */
export type Operation =
  | {
      readonly op: 'put';
      readonly key: string;
      readonly value: Value;
      readonly contentType?: string;
      readonly ttl?: number;
    }
  | { readonly op: 'get' | 'delete'; readonly key: string }
  | { readonly op: 'increment'; readonly key: string; readonly by?: number; readonly ttl?: number }
  /** A new lifetime; null: for ever. */
  | { readonly op: 'touch'; readonly key: string; readonly ttl: number | null };

/** What must be true of a key; all that is given must hold. */
export interface Compare {
  readonly key: string;
  readonly exists?: boolean;
  /** 0: the key is absent. */
  readonly revision?: number;
  readonly value?: Value;
}

/** How one operation ended. */
export interface OperationResult {
  readonly op: Operation['op'];
  readonly key: string;
  readonly status: 'created' | 'updated' | 'deleted' | 'not-found' | 'found';
  /** The key's revision now; 0 where it is absent. */
  readonly revision: number;
  /** Of a get that found it. */
  readonly entry: Entry | null;
  /** Of an increment. */
  readonly number?: number;
  /** Seconds until the key is gone; not there where it lives for ever. */
  readonly expiresIn?: number;
}

export interface TxnResult {
  /** False where a check did not hold; then `results` are those of `else`. */
  readonly ok: boolean;
  readonly revision: number;
  readonly results: readonly OperationResult[];
}

/** An operation of a batch, which may have a precondition of its own. */
export type BatchItem = Operation & {
  readonly if?: { readonly exists?: boolean; readonly revision?: number };
};

/** How one item ended; the others do not depend on it. */
export type BatchResult =
  | ({ readonly ok: true } & OperationResult)
  | { readonly ok: false; readonly key: string; readonly error: DsmError };

/** What must be true of the key when the mutation is applied; one of the three. `ifRevision: 0` is `ifAbsent`. */
export type Precondition =
  | { readonly ifRevision: number; readonly ifAbsent?: never; readonly ifPresent?: never }
  | { readonly ifAbsent: true; readonly ifRevision?: never; readonly ifPresent?: never }
  | { readonly ifPresent: true; readonly ifRevision?: never; readonly ifAbsent?: never };

/** A delete of an absent key deletes nothing: there is no `ifAbsent`. */
export type DeletePrecondition = Exclude<Precondition, { readonly ifAbsent: true }>;

export interface Written {
  readonly ok: true;
  readonly revision: number;
  /** False where the key existed before. */
  readonly created: boolean;
}

/** Which keys: those that match all that is given. `prefix: ''` alone means all. */
export interface KeyRange {
  readonly prefix: string;
  /** Only keys from this one on, in the order of UTF-8 bytes. Default: from the first. */
  readonly start?: string | undefined;
  /** Only keys before this one. Default: to the last. */
  readonly end?: string | undefined;
}

export interface Deleted {
  readonly ok: true;
  /** False where there was nothing to delete. */
  readonly deleted: boolean;
}

/** The precondition did not hold; nothing was changed. */
export interface Conflict {
  readonly ok: false;
  /** The key's revision when the precondition was evaluated; 0 where the key was absent. */
  readonly currentRevision: number;
}

export type { Consistency, Environment, MasterChange, Value };
