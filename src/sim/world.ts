/** A simulated cluster with virtual time to run and calls to make: what stories are told with. */
import type { DsmError } from '../core/errors.ts';
import type { Condition, RequestTag } from '../core/record.ts';
import type { Consistency, EntryView, WriteResult } from '../node/api.ts';
import { Cluster, type ClusterOptions } from './cluster.ts';

export type { Seat } from './cluster.ts';
export type WorldOptions = ClusterOptions;

export interface CallResult<Value> {
  readonly error: DsmError | null;
  readonly value: Value | null;
}

export class World extends Cluster {
  // ── time ──────────────────────────────────────────────────────────────────────────────────────

  run(durationMs: number): void {
    const untilMs = this.queue.nowMs + durationMs;
    while (this.queue.runNext(untilMs));
  }

  /** Runs until `isTrue`; throws after `withinMs` of virtual time, with what the nodes say. */
  until(isTrue: () => boolean, withinMs = 20_000, what = 'the condition'): void {
    const untilMs = this.queue.nowMs + withinMs;
    while (!isTrue()) {
      if (!this.queue.runNext(untilMs)) {
        throw new Error(`${what} did not hold within ${withinMs} ms\n${this.describe()}`);
      }
    }
  }

  /** Waits for an active master and for as many voters as seats run. */
  ready(withinMs = 20_000): string {
    const isReady = () => {
      const [name] = this.activeNames();
      if (name === undefined) return false;
      const running = [...this.seats.values()].filter(({ node }) => node !== null).length;
      return this.node(name).status().voters === running;
    };
    this.until(isReady, withinMs, 'a ready cluster');
    return this.activeNames()[0] ?? '';
  }

  // ── client calls ──────────────────────────────────────────────────────────────────────────────

  put(name: string, key: string, value: string, options: PutOptions = {}): Promised<WriteResult> {
    return this.#call((done) =>
      this.node(name).write(
        {
          kind: 'put',
          key,
          value: new TextEncoder().encode(value),
          contentType: 'text/plain',
          ttlMs: options.ttlMs ?? 0,
          condition: options.condition ?? 'none',
          request: options.request ?? null,
        },
        done,
      ),
    );
  }

  delete(name: string, key: string): Promised<WriteResult> {
    const request = {
      kind: 'delete',
      key,
      condition: 'none',
      request: null,
    } as const;
    return this.#call((done) => this.node(name).write(request, done));
  }

  get(name: string, key: string, consistency: Consistency = 'linearizable'): Promised<EntryView> {
    return this.#call((done) => {
      const node = this.node(name);
      const entry = consistency === 'linearizable' ? node.readNow(key) : undefined;
      if (entry === undefined) node.read(key, { consistency, minRevision: 0 }, done);
      else done(null, entry);
    });
  }

  #call<Value>(
    begin: (done: (error: DsmError | null, value: Value | null) => void) => void,
  ): Promised<Value> {
    const promised: Promised<Value> = { result: null };
    begin((error, value) => {
      promised.result = { error, value };
    });
    return promised;
  }

  /** Runs until the call is answered and returns what it was answered. */
  await<Value>(promised: Promised<Value>, withinMs = 20_000): CallResult<Value> {
    this.until(() => promised.result !== null, withinMs, 'an answer');
    return promised.result as CallResult<Value>;
  }

  /** Writes through whichever master is active; throws unless it is acknowledged. */
  mustPut(key: string, value: string): WriteResult {
    this.until(() => this.activeNames().length > 0, 20_000, 'an active master');
    const { error, value: result } = this.await(
      this.put(this.activeNames().at(-1) ?? '', key, value),
    );
    if (error !== null || result === null) throw error ?? new Error('no result');
    return result;
  }

  /** The text at `key`, null where it is absent; throws unless the read succeeds. */
  mustGet(name: string, key: string, consistency: Consistency = 'linearizable'): string | null {
    const { error, value } = this.await(this.get(name, key, consistency));
    if (error !== null) throw error;
    return value === null ? null : new TextDecoder().decode(value.value);
  }
}

/** A call that is answered when `result` is no longer null. */
export interface Promised<Value> {
  result: CallResult<Value> | null;
}

interface PutOptions {
  readonly condition?: Condition;
  readonly request?: RequestTag;
  readonly ttlMs?: number;
}
