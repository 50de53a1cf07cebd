/**
 * One client of the load: it writes values that nobody else writes and reads them back, through the
 * public client library, one call at a time, and says of each call what it was told.
 */
import { type Client, createClient } from '../client/client.ts';
import { DsmError } from '../core/errors.ts';
import { headerNames } from '../http/headers.ts';
import type { Consistency } from '../node/api.ts';
import type { CallFacts, HistoryRecorder, RecordedCall } from '../verify/recorder.ts';
import { pause } from './until.ts';

export interface LoadClientOptions {
  readonly name: string;
  /** In the order in which the client tries them. */
  readonly nodeUrls: readonly string[];
  /** As behind a gateway that hides who the active master is: it stays with its first node. */
  readonly isPinned?: boolean;
  /** Asked before each call. */
  readonly keys: () => readonly string[];
  /** Longest pause between two calls. */
  readonly thinkMs: number;
  readonly recorder: HistoryRecorder;
  readonly onAcknowledged: (acknowledged: Acknowledged) => void;
}

/** A write that was answered "done". */
export interface Acknowledged {
  readonly key: string;
  /** On the clock of `performance.now()`. */
  readonly calledMs: number;
  readonly atMs: number;
  /** Epoch of the master that answered. */
  readonly epoch: number;
}

/** Time for one call with all its attempts: longer than any takeover. */
const timeoutMs = 15_000;

export class LoadClient {
  readonly #options: LoadClientOptions;
  readonly #client: Client;
  /** What the last answer said of the node that gave it. */
  #nodeRevision = 0;
  #epoch = 0;
  #count = 0;
  /** A call of unknown outcome never returns: the client goes on as another process. */
  #lives = 0;
  #isStopped = false;

  constructor(options: LoadClientOptions) {
    this.#options = options;
    this.#client = createClient({
      masters: options.nodeUrls,
      timeoutMs,
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        this.#nodeRevision = Number(response.headers.get(headerNames.revision));
        this.#epoch = Number(response.headers.get(headerNames.epoch));
        return options.isPinned === true ? withoutHint(response) : response;
      },
    });
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Resolves after `stop`, when the last call has ended. */
  async run(): Promise<void> {
    while (!this.#isStopped) {
      await this.#callOnce();
      await pause(Math.random() * this.#options.thinkMs);
    }
  }

  #callOnce(): Promise<void> {
    const keys = this.#options.keys();
    const key = keys[Math.floor(Math.random() * keys.length)] ?? '';
    const roll = Math.random();
    if (roll < 0.4) return this.#put(key);
    if (roll < 0.5) return this.#putConditionally(key);
    if (roll < 0.58) return this.#delete(key);
    return this.read(key, roll < 0.65 ? 'quorum' : roll < 0.72 ? 'stale' : 'linearizable');
  }

  get #process(): string {
    return `${this.#options.name}.${this.#lives}`;
  }

  #freshValue(): string {
    this.#count += 1;
    return `${this.#options.name}-${this.#count}`;
  }

  async read(key: string, consistency: Consistency): Promise<void> {
    const facts = { process: this.#process, op: 'get', key, consistency } as const;
    await this.#record(facts, async (call) => {
      const entry = await this.#client.get(key, { consistency });
      const nodeRevision = this.#nodeRevision;
      if (entry === null) call.ok({ value: null, nodeRevision });
      else call.ok({ value: entry.text(), revision: entry.revision, nodeRevision });
    });
  }

  async #put(key: string): Promise<void> {
    const value = this.#freshValue();
    const facts = { process: this.#process, op: 'put', key, value } as const;
    await this.#record(facts, async (call, calledMs) => {
      const { revision } = await this.#client.put(key, value);
      call.ok({ revision, nodeRevision: this.#nodeRevision });
      this.#acknowledge(key, calledMs);
    });
  }

  /** Read, then write only if nobody else has written since. */
  async #putConditionally(key: string): Promise<void> {
    const before = await this.#client.get(key).catch(() => null);
    const value = this.#freshValue();
    const condition = before?.revision ?? 'absent';
    const facts = { process: this.#process, op: 'put', key, value, condition } as const;
    await this.#record(facts, async (call, calledMs) => {
      const result =
        before === null
          ? await this.#client.put(key, value, { ifAbsent: true })
          : await this.#client.put(key, value, { ifRevision: before.revision });
      if (!result.ok) return call.notApplied(result.currentRevision);
      call.ok({ revision: result.revision, nodeRevision: this.#nodeRevision });
      this.#acknowledge(key, calledMs);
    });
  }

  async #delete(key: string): Promise<void> {
    const facts = { process: this.#process, op: 'delete', key } as const;
    await this.#record(facts, async (call, calledMs) => {
      const { deleted } = await this.#client.delete(key);
      if (!deleted) return call.notApplied(0);
      call.ok({ nodeRevision: this.#nodeRevision });
      this.#acknowledge(key, calledMs);
    });
  }

  /** A failure is no surprise here, only another outcome; anything but a DsmError is a bug. */
  async #record(
    facts: CallFacts,
    run: (call: RecordedCall, calledMs: number) => Promise<void>,
  ): Promise<void> {
    const calledMs = performance.now();
    const call = this.#options.recorder.call(facts);
    try {
      await run(call, calledMs);
    } catch (error) {
      if (!(error instanceof DsmError)) throw error;
      if (facts.op === 'get' || error.outcome === 'not-applied') return call.notApplied();
      this.#lives += 1;
      call.unknown();
    }
  }

  #acknowledge(key: string, calledMs: number): void {
    const atMs = performance.now();
    this.#options.onAcknowledged({ key, calledMs, atMs, epoch: this.#epoch });
  }
}

function withoutHint({ status, headers, body }: Response): Response {
  const kept = new Headers(headers);
  kept.delete(headerNames.master);
  return new Response(body, { status, headers: kept });
}
