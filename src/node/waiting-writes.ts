/**
 * Writes that have their lsn and wait for their end, in log order. Each is answered once: done when
 * it is applied and held by a majority, `unknown` when that takes too long or the master steps down.
 */
import { DsmError } from '../core/errors.ts';
import type { Result } from '../core/store.ts';
import type { WriteDone } from './api.ts';

interface WaitingWrite {
  readonly lsn: number;
  readonly atMs: number;
  /** null once it was answered. */
  done: WriteDone | null;
  result: Result | null;
}

/** Answered writes are dropped from the array in blocks: as many outlive their use. */
const dropBlock = 128;

export class WaitingWrites {
  #writes: WaitingWrite[] = [];
  /** The first write not answered, and the first one not applied. */
  #head = 0;
  #unapplied = 0;

  get size(): number {
    return this.#writes.length - this.#head;
  }

  add(lsn: number, atMs: number, done: WriteDone): void {
    this.#writes.push({ lsn, atMs, done, result: null });
  }

  onApplied(lsn: number, result: Result | null): void {
    const write = this.#writes[this.#unapplied];
    if (write?.lsn !== lsn) return;
    write.result = result;
    this.#unapplied += 1;
  }

  /** Answers all that are applied and at or below `doneLsn`; returns how many. */
  settle(doneLsn: number): number {
    const before = this.#head;
    for (;;) {
      const write = this.#writes[this.#head];
      if (write === undefined || write.lsn > doneLsn || this.#head >= this.#unapplied) break;
      this.#head += 1;
      const { done, result } = write;
      write.done = null;
      done?.(null, result);
    }
    const count = this.#head - before;
    this.#drop();
    return count;
  }

  /** Answers `unknown` to all that came before `beforeMs`. They stay in the log and may commit. */
  expire(beforeMs: number): void {
    for (let i = this.#head; i < this.#writes.length; i += 1) {
      const write = this.#writes[i];
      if (write === undefined || write.atMs > beforeMs) return;
      const { done } = write;
      write.done = null;
      done?.(new DsmError('write_timeout'), null);
    }
  }

  /** When the oldest one came that is not answered; Infinity where none waits. */
  get oldestMs(): number {
    for (let i = this.#head; i < this.#writes.length; i += 1) {
      const write = this.#writes[i];
      if (write !== undefined && write.done !== null) return write.atMs;
    }
    return Infinity;
  }

  failAll(error: DsmError): void {
    const writes = this.#writes.slice(this.#head);
    this.#writes = [];
    this.#head = 0;
    this.#unapplied = 0;
    for (const { done } of writes) done?.(error, null);
  }

  #drop(): void {
    if (this.#head < dropBlock) return;
    this.#writes.splice(0, this.#head);
    this.#unapplied -= this.#head;
    this.#head = 0;
  }
}
