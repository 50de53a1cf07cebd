/**
 * What nodes say to each other (DESIGN.md §5). Records travel beside a message as the frames of
 * `record.ts`; everything else is small and JSON. Every message names the cluster, and every
 * message of a voter may carry a higher epoch, which deposes an active master (rule 10).
 */
import type { Member } from './record.ts';

/** A place in a log. (0, 0) is before the first record. */
export interface Position {
  readonly epoch: number;
  readonly lsn: number;
}

/** Orders logs by what they can hold: the epoch of the last record first, then its lsn. */
export function comparePositions(a: Position, b: Position): number {
  return a.epoch - b.epoch || a.lsn - b.lsn;
}

/** Records of the active master; the body of an append and of a poll answer (rules 1, 8). */
export interface Append {
  readonly clusterId: string;
  readonly epoch: number;
  readonly masterId: string;
  readonly masterUrl: string;
  /** The record before the first one sent; the receiver must hold exactly it. */
  readonly prev: Position;
  readonly committedLsn: number;
  /** The first lsn that the sender can still send; before it only a snapshot helps. */
  readonly startLsn: number;
  /** The vow asked for; 0 asks for none. */
  readonly leaseMs: number;
}

/** The body of a 2xx to an append (rule 2). */
export interface AppendAck {
  readonly nodeId: string;
  readonly epoch: number;
  readonly ackedLsn: number;
  readonly appliedLsn: number;
}

/** The body of a 409 to an append or a poll: where the answering node stands. */
export interface Refusal {
  readonly nodeId: string;
  readonly reason: 'epoch' | 'gap' | 'cluster' | 'damaged' | 'snapshot';
  readonly promised: number;
  readonly lastLsn: number;
  /** No log of a later epoch differs up to here: always a safe place to go on from. */
  readonly committedLsn: number;
}

/** `GET /log`: asks for records, and is the ACK of those before them (rule 8). */
export interface Poll {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly url: string;
  readonly promised: number;
  /** The last synced record below `from`; `from` is `synced.lsn + 1`. */
  readonly synced: Position;
  readonly appliedLsn: number;
  readonly waitMs: number;
  /** (epoch, sentAtMs) of the last answer taken: only by this echo does its vow count (rule 7). */
  readonly echo: { readonly epoch: number; readonly sentAtMs: number } | null;
  /** A candidate of this epoch reads the log of a node that promised it (rule 9); else 0. */
  readonly candidateEpoch: number;
}

export interface PollAnswer extends Append {
  readonly lastLsn: number;
  /** The active master's own monotonic clock; means nothing to anybody else. */
  readonly sentAtMs: number;
}

/** Asks for a promise (`/peer/promise`), or whether it would be given (`/peer/probe`). */
export interface PromiseRequest {
  readonly clusterId: string;
  readonly epoch: number;
  readonly candidateId: string;
  readonly candidateUrl: string;
  /** A handoff: lifts the lease of this one epoch for this one candidate (rule 7). */
  readonly release: { readonly epoch: number; readonly masterId: string } | null;
}

/** A promise given; `configs` are the configurations in force in the answering node's log. */
export interface PromiseGrant {
  readonly nodeId: string;
  readonly epoch: number;
  readonly last: Position;
  readonly committedLsn: number;
  readonly configs: readonly (readonly Member[])[];
  /** lsn of the last `config` record of that log: who knows it to be committed counts the newest only. */
  readonly configLsn: number;
}

/** A promise refused: 409 with the higher epoch, or 423 with the time that a vow still runs. */
export interface PromiseRefusal {
  readonly nodeId: string;
  readonly promised: number;
  readonly remainingMs: number;
  readonly configs: readonly (readonly Member[])[];
}

/** The active master gives up its epoch in favour of one candidate. */
export interface Handoff {
  readonly clusterId: string;
  readonly epoch: number;
  readonly masterId: string;
  readonly candidateId: string;
}

/** A slave asks to be taken in (rule 11). `clusterId` is '' for one that knows none. */
export interface Registration {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly url: string;
}

export interface RegistrationAnswer {
  readonly clusterId: string;
  readonly masterId: string;
  readonly masterUrl: string;
}

/** A READ that the active master sends on to a slave that holds this revision (rules 2, 6). */
export interface PeerRead {
  readonly clusterId: string;
  /** Who is meant: another node may have taken its place. */
  readonly nodeId: string;
  readonly key: string;
  readonly revision: number;
  readonly committed: Position;
}

export interface PeerReadAnswer {
  readonly nodeId: string;
  readonly revision: number;
  readonly contentType: string;
}

/** Who are you? Answered by every node to everybody who knows the secret (rule 12). */
export interface HelloAnswer {
  readonly nodeId: string;
  /** '' where the node knows no cluster. */
  readonly clusterId: string;
  readonly role: 'master' | 'slave';
  readonly state: string;
  readonly epoch: number;
  readonly masterUrl: string;
}

/** Asks the active master for its read index, for all reads that wait at a node (rule 6). */
export interface ReadIndexQuestion {
  readonly clusterId: string;
  /** Who asks, and will wait until it has applied the answer. */
  readonly nodeId: string;
  /** One of the reads wants `consistency=quorum`: a lease is not enough. */
  readonly forceRound: boolean;
}

export interface ReadIndex {
  readonly clusterId: string;
  readonly epoch: number;
  readonly committed: Position;
}
