/**
 * Planned transfer of mastership (DESIGN.md §5 rule 7): no new write gets an lsn, the successor
 * catches up, this master steps down and only then releases its lease, of this one epoch, to this
 * one candidate. Writes that had no lsn yet are sent on to the successor by whoever holds them.
 */
import { DsmError } from '../core/errors.ts';
import type { Handoff } from '../core/messages.ts';
import type { Peer } from '../core/peer.ts';
import type { ActiveRole } from './active-role.ts';
import type { NodeContext } from './context.ts';
import type { Waited } from './waiters.ts';

export interface HandoffHooks {
  /** The successor holds everything: step down now. */
  readonly onReady: () => void;
  readonly done: Waited;
}

export function runHandoff(
  context: NodeContext,
  active: ActiveRole,
  nodeId: string,
  { onReady, done }: HandoffHooks,
): void {
  const { clock, limits, voter, peers, self } = context;
  const successor = chooseSuccessor(context, active, nodeId);
  if (successor === null) {
    const who = nodeId === '' ? 'No standby that votes' : `${nodeId} is no standby that votes and`;
    return done(new DsmError('conflict', `${who} answers; see /v1/status for the members`));
  }
  if (active.isPaused) return done(new DsmError('conflict', 'A handoff is under way already'));
  active.isPaused = true;
  const deadlineMs = clock.monotonicMs() + limits.holdMs;
  const look = () => {
    if (active.isOver) return done(new DsmError('misdirected'));
    if (active.isHandedOverTo(successor.nodeId)) return release();
    if (clock.monotonicMs() < deadlineMs) return void clock.setTimer(limits.hedgeMs, look);
    active.isPaused = false;
    context.changed();
    done(new DsmError('conflict', `${successor.nodeId} did not catch up in time; nothing changed`));
  };
  const release = () => {
    const { epoch } = active.master;
    onReady();
    const { clusterId } = voter;
    const message: Handoff = {
      clusterId,
      epoch,
      masterId: self.nodeId,
      candidateId: successor.nodeId,
    };
    const call = { name: 'handoff', message, timeoutMs: limits.suspectMs } as const;
    // Whether it arrives or not, this master has stepped down; an election follows at the latest
    // when the lease has run out.
    peers.call(successor.url, call, () => done(null));
  };
  look();
}

function chooseSuccessor(
  { clock, limits }: NodeContext,
  { master }: ActiveRole,
  nodeId: string,
): Peer | null {
  let best: Peer | null = null;
  for (const peer of master.peers.values()) {
    const isAble =
      peer.role === 'master' && peer.isVoter && !peer.isSuspect(clock.monotonicMs(), limits);
    if (!isAble || (nodeId !== '' && peer.nodeId !== nodeId)) continue;
    if (best === null || peer.matchLsn > best.matchLsn) best = peer;
  }
  return best;
}
