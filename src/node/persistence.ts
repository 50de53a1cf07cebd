/**
 * Brings what a voter wants written to its storage, in order, and says when it is synced. Answers
 * that depend on a write go through `flush`, so none can leave before its write is durable. A node
 * without a disk has no storage: everything is done at once.
 */
import type { Record } from '../core/record.ts';
import type { SnapshotHeader } from '../core/snapshot.ts';
import { encodeSnapshot } from '../core/snapshot.ts';
import type { Voter, Write } from '../core/voter.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Meta, Storage } from '../ports/storage.ts';
import { Durations } from './durations.ts';
import type { DiskGauges } from './gauges.ts';

export interface PersistenceOptions {
  readonly voter: Voter;
  /** null for a node without a disk. */
  readonly storage: Storage | null;
  readonly logger: Logger;
  readonly clock: Clock;
  /** The log is poisoned (rule 13): called once. */
  readonly onPoisoned: (error: Error) => void;
}

export class Persistence {
  readonly #options: PersistenceOptions;
  readonly #voter: Voter;
  readonly #storage: Storage | null;
  readonly #logger: Logger;
  /** From handing records to the disk until they are synced. */
  readonly #syncs = new Durations();
  #snapshotsSaved = 0;
  /** By the monotonic clock; null before the first one. */
  #snapshotAtMs: number | null = null;
  /** Numbers of the operations begun and finished; they finish in order. */
  #begun = 0;
  #finished = 0;
  #waiting: { after: number; run: () => void }[] = [];
  #isPoisoned = false;
  #isSnapshotting = false;

  constructor(options: PersistenceOptions) {
    this.#options = options;
    this.#voter = options.voter;
    this.#storage = options.storage;
    this.#logger = options.logger;
    this.#storage?.onFailure((error) => this.#poison(error));
  }

  /** null for a node without a disk. */
  gauges(): DiskGauges | null {
    if (this.#storage === null) return null;
    const { logBytes, segmentCount } = this.#storage;
    const sinceMs = this.#snapshotAtMs;
    return {
      logBytes,
      segmentCount,
      snapshotsSaved: this.#snapshotsSaved,
      snapshotAgeMs: sinceMs === null ? null : this.#options.clock.monotonicMs() - sinceMs,
      syncs: this.#syncs.view(),
    };
  }

  /** Begins all pending writes; `done` runs when they, and all before them, are synced. */
  flush(done?: () => void): void {
    const { writes } = this.#voter;
    if (writes.length > 0) {
      this.#voter.writes = [];
      for (const write of writes) this.#begin(write);
    }
    if (done === undefined || this.#isPoisoned) return;
    if (this.#finished === this.#begun) done();
    else this.#waiting.push({ after: this.#begun, run: done });
  }

  #begin(write: Write): void {
    const storage = this.#storage;
    if (storage === null) return;
    this.#begun += 1;
    switch (write.kind) {
      case 'append':
        this.#append(storage, write.records);
        return;
      case 'cut':
        storage.cut(write.lsn, (error) => this.#onDone(error));
        return;
      case 'meta':
        storage.saveMeta(this.#meta(), (error) => this.#onDone(error));
        return;
      case 'snapshot':
        this.#saveSnapshot(storage, true, (error) => this.#onDone(error));
        return;
    }
  }

  #append(storage: Storage, records: readonly Record[]): void {
    const { clock } = this.#options;
    const beginMs = clock.monotonicMs();
    storage.append(records, (error) => {
      if (error === undefined) {
        this.#syncs.note(clock.monotonicMs() - beginMs);
        this.#voter.onSynced(records);
      }
      this.#onDone(error);
    });
  }

  #onDone(error: Error | undefined): void {
    if (this.#isPoisoned) return;
    if (error !== undefined) return this.#poison(error);
    this.#finished += 1;
    while ((this.#waiting[0]?.after ?? Infinity) <= this.#finished) this.#waiting.shift()?.run();
  }

  #poison(error: Error): void {
    if (this.#isPoisoned) return;
    this.#isPoisoned = true;
    this.#options.onPoisoned(error);
  }

  #meta(): Meta {
    const { self, clusterId, promised, promisedTo, leaseGrantedMs } = this.#voter;
    return { nodeId: self.nodeId, clusterId, promised, promisedTo, leaseGrantedMs };
  }

  /** Makes a snapshot and drops the log before it, once the log has grown enough. */
  compact(everyBytes: number): void {
    const storage = this.#storage;
    if (storage === null || this.#isSnapshotting || this.#isPoisoned) return;
    if (storage.logBytes < everyBytes) return;
    const { durableLsn, store } = this.#voter;
    // What is applied but not synced yet here would leave a gap behind the snapshot.
    if (store.appliedLsn > durableLsn) return;
    this.#isSnapshotting = true;
    this.#saveSnapshot(storage, false, (error) => {
      this.#isSnapshotting = false;
      if (error !== undefined) this.#onDone(error);
    });
  }

  #saveSnapshot(storage: Storage, replaceLog: boolean, done: (error?: Error) => void): void {
    const header = snapshotHeader(this.#voter);
    const { lsn } = header.position;
    const frozen = this.#voter.store.freeze();
    this.#logger.debug('saving a snapshot', { lsn, keys: frozen.entries.size });
    storage.saveSnapshot(lsn, encodeSnapshot(header, frozen), { replaceLog }, (error) => {
      if (error === undefined) this.#onSnapshotSaved();
      if (error === undefined && replaceLog) this.#voter.onSnapshotSynced(lsn);
      done(error);
    });
  }

  #onSnapshotSaved(): void {
    this.#snapshotsSaved += 1;
    this.#snapshotAtMs = this.#options.clock.monotonicMs();
  }
}

/** The header of a snapshot of the voter's state as it is now. */
export function snapshotHeader(voter: Voter): SnapshotHeader {
  const lsn = voter.store.appliedLsn;
  const epoch = voter.log.epochAt(lsn) ?? 0;
  return {
    clusterId: voter.clusterId,
    position: { epoch, lsn },
    members: voter.log.membersAt(lsn),
  };
}
