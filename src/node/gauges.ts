/** What a node can say of itself beside its status, for `/metrics`: looked up when it is asked for. */
import type { DurationsView } from './durations.ts';

/** What waits at a node now, each within a bound of `Limits`. */
export interface Queues {
  /** Writes that wait for a place in the log, and their size. */
  readonly queuedWrites: number;
  readonly queuedBytes: number;
  /** Writes with a place that wait for their quorum. */
  readonly openWrites: number;
  /** Reads that wait for a round, a read index, or a revision. */
  readonly waitingReads: number;
  readonly waitingLocks: number;
}

export interface DiskGauges {
  /** Since the last snapshot. */
  readonly logBytes: number;
  readonly segmentCount: number;
  readonly snapshotsSaved: number;
  /** Of the last snapshot that this process saved; null before it. */
  readonly snapshotAgeMs: number | null;
  /** From handing a batch to the disk until it is synced. */
  readonly syncs: DurationsView;
}

export interface NodeGauges extends Queues {
  /** Calls that wait for an active master. */
  readonly heldCalls: number;
  readonly watches: number;
  readonly sessions: number;
  readonly locks: number;
  /** From a batch's place in the log to its commit, while this node was active. */
  readonly commits: DurationsView;
  /** null for a node without a disk. */
  readonly disk: DiskGauges | null;
}
