/** Something that is measured: a running cluster of dsm, or a peer. */
import type { DialectName } from '../measure/plan.ts';
import type { CellConfig, Promises } from '../results/schema.ts';

export interface TargetNode {
  readonly nodeId: string;
  /** `master`, `backup`, `slave`, or `server` for a peer. */
  readonly role: string;
  /** Base URL, without a slash at the end. */
  readonly url: string;
  /** Its process, for CPU and memory; null where it is not known. */
  readonly pid: number | null;
}

export interface TargetKind {
  readonly name: string;
  readonly dialect: DialectName;
  readonly promises: Promises;
  /** Its reads return values that can be verified. */
  readonly verifiable: boolean;
  /** A stale read breaks its promise. */
  readonly linearizable: boolean;
  /** Its nodes answer `GET /v1/status` with counters. */
  readonly hasStatus: boolean;
}

export interface Target extends TargetKind {
  readonly nodes: readonly TargetNode[];
  /** Where the clients connect; client i to `entries[i % length]`. */
  readonly entries: readonly string[];
  /** Ends every process and removes every file of the target. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts a fresh one for a cell, with its files in a new directory under `dataRoot`. Rejects with a
 * sentence that says what to do, or when `stop` is aborted; nothing is left behind then.
 */
export type StartTarget<T extends Target = Target> = (
  config: CellConfig,
  dataRoot: string,
  stop: AbortSignal,
) => Promise<T>;
