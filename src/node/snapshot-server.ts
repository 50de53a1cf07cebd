/**
 * Gives the own state to another node, chunk by chunk (`/snapshot`). The state is frozen when the
 * first chunk is asked for, so all chunks are of one lsn. Stateless towards the protocol: who may
 * ask, and under which epoch, is decided by the caller.
 */
import type { Position } from '../core/messages.ts';
import { encodeSnapshot } from '../core/snapshot.ts';
import type { FrozenStore } from '../core/store.ts';
import type { Voter } from '../core/voter.ts';
import type { PeerAnswer } from '../ports/peers.ts';
import { snapshotHeader } from './persistence.ts';

export interface SnapshotRequest {
  readonly clusterId: string;
  readonly nodeId: string;
  /** A candidate that adopts this node's log (rule 9); else 0. */
  readonly candidateEpoch: number;
  /** '' begins a snapshot. */
  readonly snapshotId: string;
  /** Chunks are asked for in order; the last one may be asked for again. */
  readonly index: number;
}

export interface SnapshotChunk {
  readonly snapshotId: string;
  readonly position: Position;
  readonly epoch: number;
  readonly index: number;
  readonly isLast: boolean;
}

interface Session {
  readonly id: string;
  readonly position: Position;
  readonly frozen: FrozenStore;
  readonly chunks: Generator<Uint8Array, void, void>;
  index: number;
  current: Uint8Array;
  /** One chunk ahead, to know which is the last. */
  next: Uint8Array | null;
  usedMs: number;
  /** The last chunk was given once; it may be asked for again, but nobody is kept waiting for that. */
  isFinished: boolean;
}

/** Frozen states held at one time: each may cost as much memory as the maps that have changed since. */
const sessionsMax = 16;
/** A session not asked for so long is dropped. */
const sessionIdleMs = 10_000;

export class SnapshotServer {
  readonly #sessions = new Map<string, Session>();
  #count = 0;

  answer(voter: Voter, request: SnapshotRequest, nowMs: number): PeerAnswer {
    const session =
      request.snapshotId === ''
        ? this.#begin(voter, request.nodeId, nowMs)
        : this.#sessions.get(request.snapshotId);
    if (session === undefined) return { status: 404, message: { reason: 'no such snapshot' } };
    session.usedMs = nowMs;
    if (request.index === session.index + 1 && session.next !== null) {
      session.index += 1;
      session.current = session.next;
      session.next = session.chunks.next().value ?? null;
    }
    if (request.index !== session.index) {
      return { status: 404, message: { reason: 'chunks are given in order' } };
    }
    if (session.next === null) session.isFinished = true;
    const message: SnapshotChunk = {
      snapshotId: session.id,
      position: session.position,
      epoch: voter.promised,
      index: session.index,
      isLast: session.next === null,
    };
    return { status: 200, message, body: session.current };
  }

  /** Lets go of what nobody asks for any more. */
  expire(nowMs: number): void {
    for (const [id, { usedMs }] of this.#sessions) {
      if (nowMs - usedMs > sessionIdleMs) this.#sessions.delete(id);
    }
  }

  /** A node has one session: a new one replaces it. */
  #begin(voter: Voter, nodeId: string, nowMs: number): Session | undefined {
    this.expire(nowMs);
    for (const [id, { isFinished }] of this.#sessions) {
      if (isFinished || id.startsWith(`${nodeId}/`)) this.#sessions.delete(id);
    }
    if (this.#sessions.size >= sessionsMax) return undefined;
    const header = snapshotHeader(voter);
    // After a power cut all slaves ask at once, for the same state.
    const same = [...this.#sessions.values()].find(
      ({ frozen }) => frozen.appliedLsn === header.position.lsn,
    );
    const frozen = same?.frozen ?? voter.store.freeze();
    const chunks = encodeSnapshot(header, frozen);
    this.#count += 1;
    const session: Session = {
      id: `${nodeId}/${this.#count}`,
      position: header.position,
      frozen,
      chunks,
      index: 0,
      current: chunks.next().value ?? new Uint8Array(0),
      next: chunks.next().value ?? null,
      usedMs: nowMs,
      isFinished: false,
    };
    this.#sessions.set(session.id, session);
    return session;
  }
}
