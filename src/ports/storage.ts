import type { Record } from '../core/record.ts';
import type { DiskDone } from './disk.ts';

/** What a master keeps beside its log; all of it is synced before anything depends on it. */
export interface Meta {
  readonly nodeId: string;
  /** '' until the node has joined or founded a cluster. */
  readonly clusterId: string;
  /** The highest epoch that this node vowed to refuse lower ones of. */
  readonly promised: number;
  /** Who got that promise; '' where it came by taking an append. */
  readonly promisedTo: string;
  /** The longest lease that this node ever granted, ms (DESIGN.md §5 rule 7, last sentence). */
  readonly leaseGrantedMs: number;
}

/** What a restarted master finds. */
export interface Recovered {
  /** null on an empty directory. */
  readonly meta: Meta | null;
  /** The newest whole snapshot, in the chunks' concatenation, and the lsn it was saved for. */
  readonly snapshot: { readonly lsn: number; readonly bytes: Uint8Array } | null;
  /** The records after the snapshot, contiguous; all of them synced by the time this is returned. */
  readonly records: Record[];
  /** A sentence for each repair that was made (a torn last record was cut, …). */
  readonly repairs: string[];
}

/** The log is damaged in a place that may have been acknowledged: it must not be used (rule 13). */
export class CorruptLogError extends Error {
  override readonly name = 'CorruptLogError';
}

/**
 * The durable side of one master: its log, its meta, its snapshots.
 *
 * Contract: operations are carried out in the order of the calls; `done` is called once, never
 * synchronously, after everything of the operation is synced. After the first error every later
 * call fails with the same error: the storage is poisoned, and nothing is retried.
 */
export interface Storage {
  /** Reads and repairs what is there. Called once, before everything else. Throws CorruptLogError. */
  recover(): Recovered;
  /**
   * Has `listener` called once when the storage is poisoned, never synchronously. Not every failure
   * has a call that gets it: repairs go on after `recover`, and some work is the storage's own.
   */
  onFailure(listener: (error: Error) => void): void;
  /** One write and one sync. `records` follow the last one kept; the bytes are never changed. */
  append(records: readonly Record[], done: DiskDone): void;
  /** Drops all records from `lsn` on. */
  cut(lsn: number, done: DiskDone): void;
  saveMeta(meta: Meta, done: DiskDone): void;
  /**
   * Saves a snapshot that stands for all records up to `lsn`, then drops what it replaces.
   * `chunks` is pulled piece by piece, with turns of the event loop between, while appends go on.
   * With `replaceLog` the whole log is dropped too (a snapshot taken from another node) and the next
   * append follows `lsn`.
   */
  saveSnapshot(
    lsn: number,
    chunks: Iterable<Uint8Array>,
    options: { readonly replaceLog: boolean },
    done: DiskDone,
  ): void;
  /** Bytes of log on disk since the last snapshot. */
  readonly logBytes: number;
  /** Files that the log is in, those before the last snapshot included; 0 where it is in none. */
  readonly segmentCount: number;
  close(): void;
}
