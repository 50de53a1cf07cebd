/**
 * Concurrent clients that write unique values and read them back, at any node and at every
 * consistency level, as the client library does: the same idempotency key on every attempt, a
 * second attempt only as the outcome of the first allows. Every operation goes into the history.
 */
import type { DsmError } from '../core/errors.ts';
import type { WriteRequest, WriteResult } from '../node/api.ts';
import type { HistoryOperation } from '../verify/history.ts';
import type { Invariants } from './invariants.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { World } from './world.ts';

export interface WorkloadOptions {
  readonly clients: number;
  readonly keys: number;
  /** Longest pause between two operations of a client. */
  readonly thinkMs: number;
}

/** A client gives up after this, and does not know how its call ended. */
const patienceMs = 4000;
const attemptMs = 1500;

interface Call {
  readonly client: number;
  readonly op: 'get' | 'put' | 'delete';
  readonly key: string;
  readonly value: string;
  readonly startMs: number;
  readonly requestId: string;
  mayHaveRun: boolean;
  isOver: boolean;
}

export class Workload {
  readonly history: HistoryOperation[] = [];
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #options: WorkloadOptions;
  readonly #invariants: Invariants;
  #count = 0;
  #isStopped = false;
  /** A call of unknown outcome never returns: the client goes on under a new name. */
  #processes = 0;

  constructor(
    world: World,
    random: SeededRandom,
    invariants: Invariants,
    options: WorkloadOptions,
  ) {
    this.#world = world;
    this.#random = random;
    this.#invariants = invariants;
    this.#options = options;
  }

  start(): void {
    for (let i = 0; i < this.#options.clients; i += 1) this.#next(this.#processes++);
  }

  stop(): void {
    this.#isStopped = true;
  }

  #next(client: number): void {
    if (this.#isStopped) return;
    const delayMs = this.#random.next() * this.#options.thinkMs;
    this.#world.queue.after(delayMs, () => this.#begin(client));
  }

  #begin(client: number): void {
    if (this.#isStopped) return;
    this.#count += 1;
    const roll = this.#random.next();
    const call: Call = {
      client,
      op: roll < 0.5 ? 'get' : roll < 0.93 ? 'put' : 'delete',
      key: `k${this.#random.integer(1, this.#options.keys)}`,
      value: `v${this.#count}`,
      startMs: this.#world.queue.nowMs,
      requestId: `r${this.#count}`,
      mayHaveRun: false,
      isOver: false,
    };
    this.#attempt(call);
  }

  /** One attempt at a node that runs; a dead one refuses the connection, which is no attempt. */
  #attempt(call: Call): void {
    const { queue, seats } = this.#world;
    if (queue.nowMs - call.startMs > patienceMs || this.#isStopped) return this.#giveUp(call);
    const running = [...seats.values()].filter(({ node }) => node !== null);
    const masters = running.filter(({ role }) => role === 'master');
    const choice = call.op === 'get' ? running : masters;
    if (choice.length === 0) return this.#later(call);
    const seat = this.#random.pick(choice);
    let isAnswered = false;
    const once = (answer: () => void) => {
      if (isAnswered || call.isOver) return;
      isAnswered = true;
      answer();
    };
    queue.after(attemptMs, () => once(() => this.#onNoAnswer(call)));
    const { delayMs } = this.#world.network.faults;
    queue.after(this.#random.next() * delayMs[1], () => {
      if (seat.node === null) return once(() => this.#later(call));
      // A request that reached a node has perhaps run, whatever becomes of its answer.
      seat.clock?.whenAwake(() => {
        if (call.op === 'get') this.#read(call, seat.name, once);
        else this.#write(call, seat.name, once);
      });
    });
  }

  #read(call: Call, name: string, once: (answer: () => void) => void): void {
    const node = this.#world.node(name);
    const consistency = this.#random.chance(0.2) ? 'quorum' : 'linearizable';
    const fast = consistency === 'linearizable' ? node.readNow(call.key) : undefined;
    const finish = (revision: number, value: string | null) =>
      once(() =>
        this.#record(call, {
          outcome: 'ok',
          value,
          ...(value === null ? {} : { revision }),
          consistency,
          nodeRevision: node.appliedLsn,
        }),
      );
    if (fast !== undefined) {
      finish(fast?.revision ?? 0, fast === null ? null : decode(fast.value));
      return;
    }
    node.read(call.key, { consistency, minRevision: 0 }, (error, entry) => {
      if (error !== null) once(() => this.#later(call));
      else finish(entry?.revision ?? 0, entry === null ? null : decode(entry.value));
    });
  }

  #write(call: Call, name: string, once: (answer: () => void) => void): void {
    const common = {
      key: call.key,
      condition: 'none',
      request: { id: call.requestId, payloadHash: 1, keyRevision: 0 },
    } as const;
    const value = new TextEncoder().encode(call.value);
    const request: WriteRequest =
      call.op === 'delete'
        ? { kind: 'delete', ...common }
        : { kind: 'put', value, contentType: 'text/plain', ttlMs: 0, ...common };
    this.#world.node(name).write(request, (error, result) => {
      // Even when nobody waits for the answer any more, a write with an lsn may have happened.
      if (error === null || error.outcome === 'unknown') call.mayHaveRun = true;
      if (error === null && result !== null) once(() => this.#onWritten(call, result));
      else if (error !== null) once(() => this.#onFailed(call, error));
    });
  }

  #onWritten(call: Call, result: WriteResult): void {
    if (result.revision > 0) this.#invariants.onDone(result.revision);
    const revision = result.status === 'not-found' ? {} : { revision: result.revision };
    if (result.status === 'not-found') {
      this.#record(call, { outcome: 'not-applied', currentRevision: 0 });
    } else {
      this.#record(call, { outcome: 'ok', ...revision });
    }
  }

  #onFailed(call: Call, error: DsmError): void {
    if (error.outcome === 'unknown') call.mayHaveRun = true;
    this.#later(call);
  }

  #onNoAnswer(call: Call): void {
    if (call.op !== 'get') call.mayHaveRun = true;
    this.#attempt(call);
  }

  #later(call: Call): void {
    this.#world.queue.after(20 + this.#random.next() * 80, () => {
      if (!call.isOver) this.#attempt(call);
    });
  }

  #giveUp(call: Call): void {
    call.isOver = true;
    if (call.op !== 'get') {
      const outcome = call.mayHaveRun ? 'unknown' : 'not-applied';
      this.#push(call, { outcome });
    }
    this.#next(call.mayHaveRun ? this.#processes++ : call.client);
  }

  #record(call: Call, end: Partial<HistoryOperation>): void {
    call.isOver = true;
    this.#push(call, end);
    this.#next(call.client);
  }

  #push(call: Call, end: Partial<HistoryOperation>): void {
    const value = call.op === 'put' ? { value: call.value } : {};
    const returnUs =
      end.outcome === 'unknown' ? Number.POSITIVE_INFINITY : toUs(this.#world.queue.nowMs);
    this.history.push({
      process: call.client,
      op: call.op,
      key: call.key,
      callUs: toUs(call.startMs),
      returnUs,
      outcome: 'ok',
      ...value,
      ...end,
    });
  }
}

/** µs with the fraction kept: virtual time is exact, and ties mean concurrency. */
function toUs(ms: number): number {
  return Math.round(ms * 1000);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
