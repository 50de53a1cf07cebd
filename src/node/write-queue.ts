/** Writes that have no lsn yet: bounded in count and in bytes, and taken batch by batch. */
import { DsmError } from '../core/errors.ts';
import type { Limits } from '../core/limits.ts';
import { mayGrow, txnBytes } from '../core/operations.ts';
import type { Mutation } from '../core/record.ts';
import type { WriteDone } from './api.ts';
import { Gathering } from './gathering.ts';

export interface QueuedWrite {
  readonly atMs: number;
  readonly command: Mutation;
  readonly done: WriteDone;
}

/** Bytes that a record takes beside its key and value, about. */
const recordOverheadBytes = 96;

export class WriteQueue {
  readonly #limits: Limits;
  readonly #gathering: Gathering;
  #queue: QueuedWrite[] = [];
  #bytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#gathering = new Gathering(limits.gatherMs);
  }

  get size(): number {
    return this.#queue.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** When the oldest came; Infinity where none waits. */
  get oldestMs(): number {
    return this.#queue[0]?.atMs ?? Infinity;
  }

  /** Why there is no place for it; `openCount` others have an lsn and wait for their quorum. */
  refusal(command: Mutation, openCount: number): DsmError | null {
    const { queueRecordsMax, queueBytesMax, batchBytesMax, valueBytesMax } = this.#limits;
    const open = this.size + openCount;
    if (open >= queueRecordsMax || this.#bytes + commandBytes(command) > queueBytesMax) {
      return new DsmError('overloaded', 'Too many writes wait; try again in a moment', {
        retryAfterMs: 1000,
      });
    }
    // One record goes to the others whole, and they take no larger message.
    const recordBytesMax = batchBytesMax + valueBytesMax;
    if (command.kind === 'txn' && commandBytes(command) > recordBytesMax) {
      const text = `A transaction has at most ${recordBytesMax} bytes; make several of it`;
      return new DsmError('too_large', text);
    }
    return null;
  }

  /** The quota is reached, where it and all that waits were added to what the map has. */
  quotaRefusal(command: Mutation, memoryBytes: number): DsmError | null {
    const { memoryBytesMax } = this.#limits;
    const bytes = memoryBytes + this.#bytes + commandBytes(command);
    if (!grows(command) || bytes <= memoryBytesMax) return null;
    return new DsmError(
      'memory_quota',
      `The memory quota of ${memoryBytesMax} bytes is reached; delete keys or raise it`,
    );
  }

  add(write: QueuedWrite): void {
    this.#queue.push(write);
    this.#bytes += commandBytes(write.command);
  }

  /** So many clients were answered at once. */
  gather(answeredCount: number, nowMs: number): void {
    this.#gathering.begin(this.size, answeredCount, nowMs);
  }

  /** Enough writes wait, or have waited long enough. */
  isGathered(nowMs: number): boolean {
    return this.size > 0 && this.#gathering.isOver(this.size, nowMs);
  }

  /** The oldest ones, as many as one batch holds. */
  take(): QueuedWrite[] {
    this.#gathering.end(this.size);
    let count = 0;
    let bytes = 0;
    for (const { command } of this.#queue) {
      bytes += commandBytes(command);
      if (count > 0 && bytes > this.#limits.batchBytesMax) break;
      count += 1;
    }
    const batch = count === this.size ? this.#queue : this.#queue.slice(0, count);
    this.#queue = count === this.size ? [] : this.#queue.slice(count);
    for (const { command } of batch) this.#bytes -= commandBytes(command);
    return batch;
  }

  /** What waited too long for an lsn certainly did not happen. */
  expire(beforeMs: number): void {
    if (this.oldestMs > beforeMs) return;
    const late = this.#queue.filter(({ atMs }) => atMs <= beforeMs);
    this.#queue = this.#queue.slice(late.length);
    for (const { command, done } of late) {
      this.#bytes -= commandBytes(command);
      done(new DsmError('no_quorum', undefined, { retryAfterMs: 1000 }), null);
    }
  }

  /** When the oldest is late, or a gathering ends. */
  nextWakeMs(nowMs: number): number {
    const lateMs = this.oldestMs + this.#limits.writeTimeoutMs;
    const { untilMs } = this.#gathering;
    return Math.min(lateMs, this.size > 0 && untilMs > nowMs ? untilMs : Infinity);
  }

  failAll(error: DsmError): void {
    const queue = this.#queue;
    this.#queue = [];
    this.#bytes = 0;
    for (const { done } of queue) done(error, null);
  }
}

function commandBytes(command: Mutation): number {
  if (command.kind === 'txn') return txnBytes(command) + recordOverheadBytes;
  if (command.kind === 'session') return command.lock.length + recordOverheadBytes;
  const valueBytes = command.kind === 'put' ? command.value.length : 0;
  return command.key.length + valueBytes + recordOverheadBytes;
}

function grows(command: Mutation): boolean {
  if (command.kind === 'txn') return mayGrow(command);
  if (command.kind === 'session') return command.act === 'create' || command.act === 'acquire';
  return command.kind === 'put';
}
