/**
 * What the parts of one node share: its ports, its voter, and the one way to say that something
 * has changed. The parts are roles (slave, standby, candidate, active master); the node is the sum.
 */
import type { Limits } from '../core/limits.ts';
import type { Member } from '../core/record.ts';
import type { Voter } from '../core/voter.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { PeerAnswer, Peers } from '../ports/peers.ts';
import type { Random } from '../ports/random.ts';
import type { Contacts } from './contacts.ts';
import type { Durations } from './durations.ts';
import type { Persistence } from './persistence.ts';

export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly peers: Peers;
}

export interface NodeContext extends Ports {
  readonly self: Member;
  readonly limits: Limits;
  readonly voter: Voter;
  readonly persistence: Persistence;
  /** Base URLs of all masters, as told on the command line, in order. */
  readonly masterUrls: readonly string[];
  readonly counters: Counters;
  /** From a batch's place in the log to its commit, at this node while it was active. */
  readonly commits: Durations;
  readonly contacts: Contacts;
  /** Something happened: the node looks for what is due and arms its timer. */
  changed(): void;
}

export type Reply = (answer: PeerAnswer) => void;

/** The answer of a node that is not active; `masterUrl` is a hint, '' where it has none. */
export function misdirected(masterUrl: string): PeerAnswer {
  return { status: 421, message: { masterUrl } };
}

/** Monotone counts since the node started, for `/v1/status` and the benchmark. */
export interface Counters {
  reads: number;
  writes: number;
  readsByRound: number;
  readsByIndex: number;
  readsForwarded: number;
  appendsSent: number;
  appendsTaken: number;
  pollsAnswered: number;
  batches: number;
  /** Epochs that this node stood for. */
  elections: number;
  takeovers: number;
  stepDowns: number;
  watches: number;
  watchesClosed: number;
}

export function createCounters(): Counters {
  return {
    reads: 0,
    writes: 0,
    readsByRound: 0,
    readsByIndex: 0,
    readsForwarded: 0,
    appendsSent: 0,
    appendsTaken: 0,
    pollsAnswered: 0,
    batches: 0,
    elections: 0,
    takeovers: 0,
    stepDowns: 0,
    watches: 0,
    watchesClosed: 0,
  };
}
