/**
 * A model of the log of a master, without files: what is on the disk, and a storage that changes it
 * when whoever owns it says that an operation is synced. `SimPlatter` says so by a clock,
 * `HandDisk` by hand.
 */
import type { Record } from '../core/record.ts';
import type { DiskDone } from '../ports/disk.ts';
import type { Meta, Recovered, Storage } from '../ports/storage.ts';

interface Kept {
  meta: Meta | null;
  snapshot: { lsn: number; bytes: Uint8Array } | null;
  records: Record[];
}

/** An operation that has begun: `apply` when it reaches the disk, `done` when that is known. */
export type Begin = (apply: () => void, done: DiskDone) => void;

const emptyDisk = (): Kept => ({ meta: null, snapshot: null, records: [] });

export class KeptLog {
  #kept = emptyDisk();

  wipe(): void {
    this.#kept = emptyDisk();
  }

  get #recordBytes(): number {
    return this.#kept.records.reduce((sum, { frame }) => sum + frame.length, 0);
  }

  /** For one life of the process: operations come to `begin` in order. */
  open(begin: Begin): Storage {
    let logBytes = this.#recordBytes;
    const keep = (change: (kept: Kept) => void, done: DiskDone) =>
      begin(() => change(this.#kept), done);
    return {
      recover: (): Recovered => ({ ...this.#kept, records: [...this.#kept.records], repairs: [] }),
      // All that it does is an answer to a call, which gets the failure.
      onFailure: () => {},
      append: (records, done) => {
        for (const { frame } of records) logBytes += frame.length;
        keep((kept) => kept.records.push(...records), done);
      },
      cut: (lsn, done) =>
        keep((kept) => {
          kept.records = kept.records.filter((record) => record.lsn < lsn);
        }, done),
      saveMeta: (meta, done) =>
        keep((kept) => {
          kept.meta = meta;
        }, done),
      saveSnapshot: (lsn, chunks, { replaceLog }, done) => {
        const bytes = Buffer.concat([...chunks]);
        keep((kept) => {
          kept.snapshot = { lsn, bytes };
          kept.records = replaceLog ? [] : kept.records.filter((record) => record.lsn > lsn);
          logBytes = this.#recordBytes;
        }, done);
      },
      segmentCount: 0,
      get logBytes() {
        return logBytes;
      },
      close() {},
    };
  }
}
