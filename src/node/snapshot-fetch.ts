/** Reads another node's state, chunk by chunk, and hands it over whole or not at all. */
import { SnapshotDecoder, type SnapshotHeader } from '../core/snapshot.ts';
import type { Store } from '../core/store.ts';
import type { PeerAnswer } from '../ports/peers.ts';
import type { NodeContext } from './context.ts';
import type { SnapshotChunk, SnapshotRequest } from './snapshot-server.ts';

interface FetchedSnapshot {
  readonly header: SnapshotHeader;
  readonly store: Store;
  /** The giver's epoch when it sent the last chunk. */
  readonly epoch: number;
}

/** One chunk may take longer than a heartbeat, but not for ever. */
const chunkTimeoutMs = 5000;

/**
 * Brings this node up to the state of the node at `url`: the active master, or with an epoch a node
 * whose log this candidate adopts. `done` says whether the state was read whole and taken, and runs
 * when it is synced.
 */
export function installSnapshot(
  context: NodeContext,
  url: string,
  candidateEpoch: number,
  done: (isTaken: boolean) => void,
): void {
  const { voter, clock, persistence, logger } = context;
  logger.info('too far behind for the log: fetching a snapshot', { from: url });
  fetchSnapshot(context, url, candidateEpoch, (snapshot) => {
    if (snapshot === null) return done(false);
    // Another candidate has won the epoch meanwhile: its records stay.
    if (candidateEpoch > 0 && voter.log.last.epoch >= candidateEpoch) return done(false);
    const { header, store, epoch } = snapshot;
    if (!voter.onSnapshot(candidateEpoch || epoch, header, store)) return done(false);
    if (candidateEpoch === 0) voter.masterHeardMs = clock.monotonicMs();
    persistence.flush(() => done(true));
  });
}

/** `done` gets null where the snapshot could not be read whole. */
function fetchSnapshot(
  context: NodeContext,
  url: string,
  candidateEpoch: number,
  done: (snapshot: FetchedSnapshot | null) => void,
): void {
  const decoder = new SnapshotDecoder();
  const { clusterId, self } = context.voter;
  const { nodeId } = self;
  const ask = (snapshotId: string, index: number) => {
    const message: SnapshotRequest = { clusterId, nodeId, candidateEpoch, snapshotId, index };
    const call = { name: 'snapshot', message, timeoutMs: chunkTimeoutMs } as const;
    context.peers.call(url, call, (failure, answer) => {
      if (failure !== null || answer === null || answer.status !== 200) return done(null);
      take(answer);
    });
  };
  const take = (answer: PeerAnswer) => {
    const chunk = answer.message as SnapshotChunk;
    try {
      decoder.push(answer.body ?? new Uint8Array(0));
      if (chunk.isLast) return done({ ...decoder.finish(), epoch: chunk.epoch });
    } catch (error) {
      context.logger.warn('a snapshot arrived damaged', { from: url, error: String(error) });
      return done(null);
    }
    ask(chunk.snapshotId, chunk.index + 1);
  };
  ask('', 0);
}
