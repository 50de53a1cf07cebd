/**
 * The client library: a replicated store behind plain calls. It runs wherever `fetch` does. What it
 * reads is in `read-client.ts`; here is what it changes.
 *
 *     const client = createClient({ masters: ['http://10.0.0.1:12345', 'http://10.0.0.2:12346'] });
 *     const { revision } = await client.put('greeting', 'hello');
 *     const changed = await client.put('greeting', 'hi', { ifRevision: revision });
 *     if (!changed.ok) retryFrom(changed.currentRevision);
 *
 * Calls fail with a `DsmError` only: its `outcome` says whether a write certainly did not happen.
 * A precondition that does not hold is a result (`ok: false`), and so is an absent key (`null`).
 */
import { DsmError } from '../core/errors.ts';
import { Batch } from './batch.ts';
import { type Conditions, conditionHeaders } from './conditions.ts';
import { elect } from './elect.ts';
import { deletedOf, entryOf, writtenOf } from './entries.ts';
import { keyPath } from './keys.ts';
import { acquireLock, type Lock } from './lock.ts';
import { queryOf, rounded } from './query.ts';
import { deleteRange } from './range.ts';
import { ReadClient } from './read-client.ts';
import { openSession, type Session, type SessionPorts } from './session.ts';
import { Transaction } from './txn.ts';
import type {
  BatchItem,
  BatchResult,
  CallOptions,
  ClientOptions,
  Conflict,
  Deleted,
  DeletePrecondition,
  ElectOptions,
  Entry,
  Incremented,
  IncrementOptions,
  KeyRange,
  Leadership,
  LockOptions,
  MutationOptions,
  Precondition,
  PutOptions,
  SessionOptions,
  Value,
  Written,
} from './types.ts';
import { encodeValue } from './values.ts';

export class Client extends ReadClient {
  /** Writes under a precondition; `ok: false` where it did not hold. */
  put(key: string, value: Value, options: PutOptions & Precondition): Promise<Written | Conflict>;
  put(key: string, value: Value, options?: PutOptions): Promise<Written>;
  async put(
    key: string,
    value: Value,
    options: PutOptions & Conditions = {},
  ): Promise<Written | Conflict> {
    const { bytes, contentType } = encodeValue(value, options.contentType);
    const reply = await this.mutator.run(
      {
        title: `WRITE ${JSON.stringify(key)}`,
        method: 'PUT',
        path: keyPath(key) + queryOf({ ttl: rounded(options.ttl), session: options.session }),
        headers: { 'content-type': contentType, ...conditionHeaders(options) },
        body: bytes,
      },
      options,
    );
    return writtenOf(reply);
  }

  /** Writes where the key is absent; `ok: false` where it is there. */
  create(key: string, value: Value, options: PutOptions = {}): Promise<Written | Conflict> {
    return this.put(key, value, { ...options, ifAbsent: true });
  }

  /** Writes where the key is at `revision`, as it was read; `ok: false` where it has changed. */
  update(
    key: string,
    value: Value,
    revision: number,
    options: PutOptions = {},
  ): Promise<Written | Conflict> {
    return this.put(key, value, { ...options, ifRevision: revision });
  }

  /**
   * Adds to the whole number that the value is, as text; an absent key is 0. Exact, whoever else
   * does it, and done once, however often it had to be sent. Throws a DsmError `not_a_number` or
   * `out_of_range` (beyond ±(2^53 − 1)).
   */
  async increment(key: string, options: IncrementOptions = {}): Promise<Incremented> {
    const { by = 1, ttl } = options;
    const path = keyPath(key) + queryOf({ op: 'increment', by, ttl: rounded(ttl) });
    const title = `INCREMENT ${JSON.stringify(key)}`;
    const reply = await this.mutator.run({ title, method: 'POST', path }, options);
    const entry = entryOf(key, reply);
    return {
      number: Number(entry.text()),
      revision: entry.revision,
      created: reply.status === 201,
      ...(entry.expiresIn === undefined ? {} : { expiresIn: entry.expiresIn }),
    };
  }

  /** The entry as it was when it was deleted; null where there was none. */
  async getAndDelete(key: string, options: MutationOptions = {}): Promise<Entry | null> {
    const path = `${keyPath(key)}?op=get-and-delete`;
    const title = `GET AND DELETE ${JSON.stringify(key)}`;
    const reply = await this.mutator.run({ title, method: 'POST', path }, options);
    return reply.status === 404 ? null : entryOf(key, reply);
  }

  /**
   * Gives the key a new lifetime, `ttl` seconds from now, null for ever; its value and revision stay.
   * False where the key is absent.
   */
  async touch(key: string, ttl: number | null, options: MutationOptions = {}): Promise<boolean> {
    const path = keyPath(key) + queryOf({ op: 'touch', ttl: ttl === null ? 'none' : rounded(ttl) });
    const title = `TOUCH ${JSON.stringify(key)}`;
    return (await this.mutator.run({ title, method: 'POST', path }, options)).status !== 404;
  }

  /**
   * A transaction to be built and committed: all of it happens, at one revision, or nothing.
   *
   *     const { ok } = await client.txn()
   *       .check('stock', { revision })
   *       .put('stock', 4)
   *       .put('order/17', order)
   *       .commit();
   */
  txn(): Transaction {
    return new Transaction(this.mutator);
  }

  /**
   * Many independent operations, at most 1000, in one request; a result for each, in order. Those
   * that could not be done now are asked for again as long as there is time, as any call is.
   */
  async batch(
    items: readonly BatchItem[],
    options: MutationOptions = {},
  ): Promise<readonly BatchResult[]> {
    const batch = new Batch(items);
    const title = `BATCH of ${items.length}`;
    await this.mutator.run({ title, method: 'POST', ...batch.request }, options);
    return batch.results;
  }

  /**
   * A lock of that name, when it is this one's turn: the nodes serve those who ask in their order.
   * Held until it is released, or lost, which its `signal` tells. Throws a DsmError `lock_held`
   * where `waitMs` was not enough.
   *
   *     await using lock = await client.lock('nightly-report');
   *     await report({ signal: lock.signal, fencingToken: lock.token });
   */
  async lock(name: string, options: LockOptions = {}): Promise<Lock> {
    const lock = await acquireLock(this.#sessions, name, options);
    if (lock !== null) return lock;
    throw new DsmError('lock_held', `LOCK ${JSON.stringify(name)}: it was held all the time`);
  }

  /** The lock if nobody else holds it now, else null. */
  tryLock(name: string, options: Omit<LockOptions, 'waitMs'> = {}): Promise<Lock | null> {
    return acquireLock(this.#sessions, name, { ...options, waitMs: 0 });
  }

  /**
   * Stands for election and, while it is the only one elected, runs `lead`; again when leadership
   * was lost, and while nobody can be reached or the store is full. Resolves when `lead` does, or
   * `signal` aborts, and rejects as `lead` does. `lead` is not begun again before it has ended.
   *
   *     await client.elect('scheduler', async ({ signal, token }) => {
   *       for await (const job of jobs({ signal })) await run(job, { fencingToken: token });
   *     });
   */
  elect(
    name: string,
    lead: (leadership: Leadership) => Promise<void>,
    options: ElectOptions = {},
  ): Promise<void> {
    return elect(this.#sessions, name, lead, options);
  }

  /** A session: keys that are put with its `id` end with it. Kept alive until it is closed. */
  session(options: SessionOptions = {}): Promise<Session> {
    return openSession(this.#sessions, options);
  }

  get #sessions(): SessionPorts {
    return { mutator: this.mutator, environment: this.environment };
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
    return deletedOf(await this.mutator.run({ title, method: 'DELETE', path, headers }, options));
  }

  /**
   * Deletes all keys of a range, and says how many. 10 000 at a time are one change, which happens
   * at once or not at all; of more than that, some may be gone where it fails.
   */
  async deleteRange(range: KeyRange, options: CallOptions = {}): Promise<number> {
    return deleteRange(this.mutator, range, options);
  }
}

/** Throws a DsmError (`invalid_request`) where the list of masters is not usable. */
export function createClient(options: ClientOptions): Client {
  return new Client(options);
}
