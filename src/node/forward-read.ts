/**
 * `--read-from slaves`: the active master, its lease or round checked, sends a READ on to a slave
 * that has applied the key's newest revision, so that the bytes leave from there (DESIGN.md §5 rules
 * 3 and 6). A slave that does not answer is passed over; where none can, the master answers itself.
 */
import type { ActiveMaster } from '../core/master.ts';
import type { PeerRead, PeerReadAnswer } from '../core/messages.ts';
import type { Peer } from '../core/peer.ts';
import type { PeerAnswer } from '../ports/peers.ts';
import type { EntryView } from './api.ts';
import type { NodeContext } from './context.ts';

/** Slaves asked before the master answers from its own map. */
const attemptsMax = 3;

/** `done` gets undefined where the master must answer itself. */
export function forwardRead(
  context: NodeContext,
  master: ActiveMaster,
  key: string,
  done: (entry: EntryView | undefined) => void,
): void {
  const { voter, clock, limits, peers, random, counters } = context;
  const entry = voter.store.get(key);
  if (entry === undefined) return done(undefined);
  const { revision } = entry;
  const nowMs = clock.monotonicMs();
  const isHolder = (peer: Peer) =>
    peer.role === 'slave' &&
    peer.isVoter &&
    peer.appliedLsn >= revision &&
    !peer.isSuspect(nowMs, limits);
  const holders = [...master.peers.values()].filter(isHolder);
  const first = Math.floor(random.next() * holders.length);
  const committed = voter.positionAt(voter.committedLsn);
  const ask = (attempt: number): void => {
    const peer = holders[(first + attempt) % holders.length];
    if (peer === undefined || attempt >= Math.min(attemptsMax, holders.length)) {
      return done(undefined);
    }
    const { clusterId } = voter;
    const { nodeId } = peer;
    const message: PeerRead = { clusterId, nodeId, key, revision, committed };
    const call = { name: 'read', message, timeoutMs: limits.suspectMs } as const;
    peers.call(peer.url, call, (failure, answer) => {
      const view = failure === null && answer !== null ? viewOf(answer, message, entry) : undefined;
      if (view === undefined) return ask(attempt + 1);
      counters.readsForwarded += 1;
      done(view);
    });
  };
  ask(0);
}

/** Only the slave that was asked, and only the revision that was asked for. */
function viewOf(
  answer: PeerAnswer,
  asked: PeerRead,
  { expiresAtMs }: EntryView,
): EntryView | undefined {
  if (answer.status !== 200) return undefined;
  const { nodeId, revision, contentType } = answer.message as PeerReadAnswer;
  if (nodeId !== asked.nodeId || revision !== asked.revision) return undefined;
  return { value: answer.body ?? new Uint8Array(0), contentType, revision, expiresAtMs };
}
