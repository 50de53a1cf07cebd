/**
 * What a node offers to its HTTP apps: the boundary between the protocol and the wire. Everything is
 * by callback, called exactly once, so that the simulator can run nodes without a microtask queue.
 */
import type { DsmError } from '../core/errors.ts';
import type { Limits } from '../core/limits.ts';
import type { ListPage, ListQuery } from '../core/list-page.ts';
import type { Member, Mutation } from '../core/record.ts';
import type { Result, Store } from '../core/store.ts';
import type { PeerAnswer, PeerCallName } from '../ports/peers.ts';
import type { NodeGauges } from './gauges.ts';
import type { StateView } from './state-views.ts';
import type { Watch, WatchScope } from './watcher.ts';

/** A value as it is read. Immutable: nobody changes `value`. */
export interface EntryView {
  readonly value: Uint8Array;
  readonly contentType: string;
  /** lsn of the key's last change. */
  readonly revision: number;
  /** End of its lifetime in log time; 0 for never. */
  readonly expiresAtMs: number;
}

export type Consistency = 'linearizable' | 'quorum' | 'stale';

export interface ReadOptions {
  readonly consistency: Consistency;
  /** The answering node must have applied at least this lsn; 0 asks for nothing. */
  readonly minRevision: number;
}

export type WriteRequest = Mutation;

/** How a committed write ended. A failed precondition is a result, not an accident. */
export type WriteResult = Result;

export type ReadDone = (error: DsmError | null, entry: EntryView | null) => void;
export type ListDone = (error: DsmError | null, page: ListPage | null) => void;
export type WatchDone = (error: DsmError | null, watch: Watch | null) => void;
export type WriteDone = (error: DsmError | null, result: WriteResult | null) => void;

export interface MemberStatus extends Member {
  readonly voter: boolean;
  /** As this node knows it; only the active master knows it of others. */
  readonly ackedLsn: number | null;
  readonly appliedLsn: number | null;
  readonly silentMs: number | null;
  readonly suspect: boolean | null;
}

export interface NodeStatus {
  readonly nodeId: string;
  readonly clusterId: string;
  readonly role: 'master' | 'slave';
  /** `active`, `standby`, `candidate`, `voter`, `learner`, `starting`, `stopped`. */
  readonly state: string;
  readonly url: string;
  readonly epoch: number;
  readonly promised: number;
  readonly master: { readonly nodeId: string; readonly url: string } | null;
  readonly lastLsn: number;
  readonly durableLsn: number;
  readonly committedLsn: number;
  readonly appliedLsn: number;
  readonly snapshotLsn: number;
  readonly keys: number;
  readonly memoryBytes: number;
  readonly stateHash: string;
  /** ACKs that a write needs beside the active master's own log: ⌊V/2⌋ of V voters. */
  readonly writeQuorumAcks: number;
  readonly voters: number;
  readonly leaseRemainingMs: number;
  readonly members: readonly MemberStatus[];
  readonly counters: Readonly<Record<string, number>>;
}

/** A named check of `/readyz`; `ok` must be true for all. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface NodeApi {
  readonly nodeId: string;
  readonly role: 'master' | 'slave';
  readonly limits: Limits;
  /** `state` of NodeStatus, for the `Dsm-Role` header: cheap. */
  readonly state: string;
  readonly epoch: number;
  readonly appliedLsn: number;
  /** The log's time now: exact at the active master, elsewhere as far as it was heard of. */
  logTimeMs(): number;

  /**
   * The fast path of a linearizable READ: at an active master with a valid lease, the entry or null
   * where the key is absent; `undefined` where `read` must be asked instead.
   */
  readNow(key: string): EntryView | null | undefined;
  read(key: string, options: ReadOptions, done: ReadDone): void;
  /** One page of keys, answered from the own map under the same options as a READ. */
  list(query: ListQuery, options: ReadOptions, done: ListDone): void;
  /**
   * Opens a watch of what changes after `from`, or, where that is null, of what is there and then
   * changes. The options are those of a READ and say how new the state is that it begins with.
   */
  watch(scope: WatchScope, from: number | null, options: ReadOptions, done: WatchDone): void;
  /** False where nothing was heard of a master for so long that what this node knows may be old. */
  isInTouch(): boolean;
  /**
   * For idempotency keys made now: what is asked for under one will have a later lsn than this. 0
   * where the node has not heard of the master for long, and what it knows may be too old to say.
   */
  keyRevision(): number;
  /** Only at the active master; elsewhere `misdirected`, and the HTTP layer forwards the call. */
  write(request: WriteRequest, done: WriteDone): void;

  /** Reads the state as `read` does: `done` looks at it, and keeps nothing of it. */
  look(options: ReadOptions, done: (error: DsmError | null, store: Store | null) => void): void;
  /** The whole state as it is at one revision, as new as a READ would see it. */
  viewState(
    options: ReadOptions,
    done: (error: DsmError | null, view: StateView | null) => void,
  ): void;
  /**
   * Only at the active master, for a session that is in the queue of the lock: its token as soon as
   * it owns it, null after `waitMs` or where the session has ended.
   */
  awaitLock(
    name: string,
    session: number,
    waitMs: number,
    done: (error: DsmError | null, token: number | null) => void,
  ): void;

  /** Where the active master is believed to be; null where none is known. */
  activeUrl(): string | null;
  /** True at the active master itself, serving or about to. */
  isActive(): boolean;
  /**
   * Calls back as soon as this node is active or knows an active master, or with `no_master` after
   * `holdMs`, or with `overloaded` at once where too many calls are held.
   */
  awaitActive(done: (error: DsmError | null) => void): void;
  /** The master at `url` refused a connection: stop believing in it until it is heard of again. */
  forgetActive(url: string): void;

  /** A call from another node. `reply` is called exactly once, perhaps later. */
  onPeerCall(
    name: PeerCallName,
    message: unknown,
    body: Uint8Array,
    reply: (answer: PeerAnswer) => void,
  ): void;

  status(): NodeStatus;
  checks(): Check[];
  /** What a monitor asks for beside the status. */
  gauges(): NodeGauges;

  /** Planned transfer of mastership; to the best standby where `nodeId` is ''. */
  handoff(nodeId: string, done: (error: DsmError | null) => void): void;
  /** Takes a member out of the configuration. */
  removeMember(nodeId: string, done: (error: DsmError | null) => void): void;
  /**
   * The way out when a master is lost for good and no quorum is left: makes this master the only
   * voter, with the log that it has. May lose acknowledged writes that this log does not hold.
   */
  forceConfig(done: (error: DsmError | null) => void): void;

  /** Stops timers and answers what waits; the process may then exit. */
  stop(): void;
}
