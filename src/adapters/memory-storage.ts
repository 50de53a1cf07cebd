/**
 * The in-memory twin of the file log, for tests and demos: nothing survives the process, but all
 * else of the `Storage` contract holds. What it keeps can be handed to a next one, as a disk is.
 */
import { assert } from '../core/errors.ts';
import type { Record } from '../core/record.ts';
import type { Clock } from '../ports/clock.ts';
import type { DiskDone } from '../ports/disk.ts';
import type { Meta, Recovered, Storage } from '../ports/storage.ts';

/** What a storage in memory holds: its disk. */
export interface MemoryContents {
  meta: Meta | null;
  snapshot: { readonly lsn: number; readonly bytes: Uint8Array } | null;
  records: Record[];
}

export function createMemoryContents(): MemoryContents {
  return { meta: null, snapshot: null, records: [] };
}

export interface MemoryStorageOptions {
  readonly clock: Clock;
  /** Of an earlier storage, as after a restart; empty where it is not given. */
  readonly contents?: MemoryContents;
}

export function createMemoryStorage(options: MemoryStorageOptions): Storage {
  return new MemoryStorage(options.clock, options.contents ?? createMemoryContents());
}

interface Operation {
  readonly apply: () => void;
  readonly done: DiskDone;
}

class MemoryStorage implements Storage {
  readonly #clock: Clock;
  readonly #contents: MemoryContents;
  #waiting: Operation[] = [];
  #failure: Error | null = null;
  #nextLsn = 1;
  #logBytes = 0;

  constructor(clock: Clock, contents: MemoryContents) {
    this.#clock = clock;
    this.#contents = contents;
    this.#keep(() => true);
  }

  get logBytes(): number {
    return this.#logBytes;
  }

  get segmentCount(): number {
    return 0;
  }

  recover(): Recovered {
    const { meta, snapshot, records } = this.#contents;
    this.#nextLsn = (records.at(-1)?.lsn ?? snapshot?.lsn ?? 0) + 1;
    return { meta, snapshot, records: [...records], repairs: [] };
  }

  /** Memory does not fail. */
  onFailure(): void {}

  append(records: readonly Record[], done: DiskDone): void {
    const isNext = records[0]?.lsn === this.#nextLsn;
    assert(isNext, () => `records are appended from ${this.#nextLsn} on, without a gap`);
    this.#nextLsn += records.length;
    this.#run(() => {
      for (const record of records) {
        this.#contents.records.push(record);
        this.#logBytes += record.frameBytes;
      }
    }, done);
  }

  cut(lsn: number, done: DiskDone): void {
    this.#nextLsn = lsn;
    this.#run(() => this.#keep((record) => record.lsn < lsn), done);
  }

  saveMeta(meta: Meta, done: DiskDone): void {
    this.#run(() => {
      this.#contents.meta = meta;
    }, done);
  }

  saveSnapshot(
    lsn: number,
    chunks: Iterable<Uint8Array>,
    { replaceLog }: { readonly replaceLog: boolean },
    done: DiskDone,
  ): void {
    if (replaceLog) this.#nextLsn = lsn + 1;
    this.#run(() => {
      this.#contents.snapshot = { lsn, bytes: joinChunks(chunks) };
      this.#keep((record) => !replaceLog && record.lsn > lsn);
    }, done);
  }

  close(): void {
    this.#failure ??= new Error('the storage is closed');
  }

  #keep(isKept: (record: Record) => boolean): void {
    this.#contents.records = this.#contents.records.filter(isKept);
    this.#logBytes = 0;
    for (const { frame } of this.#contents.records) this.#logBytes += frame.length;
  }

  /** One timer for all that wait: timers of one delay need not fire in the order they were set. */
  #run(apply: () => void, done: DiskDone): void {
    this.#waiting.push({ apply, done });
    if (this.#waiting.length === 1) this.#clock.setTimer(0, () => this.#runWaiting());
  }

  #runWaiting(): void {
    const operations = this.#waiting;
    this.#waiting = [];
    for (const { apply, done } of operations) {
      if (this.#failure === null) {
        apply();
        done();
      } else {
        done(this.#failure);
      }
    }
  }
}

function joinChunks(chunks: Iterable<Uint8Array>): Uint8Array {
  const parts = [...chunks];
  const joined = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
