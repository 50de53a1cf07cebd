/** A node's view of itself and of the cluster, for `/v1/status`. */

import type { ActiveMaster } from '../core/master.ts';
import { majorityOf } from '../core/quorum.ts';
import type { Member } from '../core/record.ts';
import type { MemberStatus, NodeStatus } from './api.ts';
import type { NodeContext } from './context.ts';

/** `active` where the node is the active master: only it knows how far the others are. */
export function describeNode(
  context: NodeContext,
  state: string,
  activeUrl: string | null,
  active: ActiveMaster | null = null,
): NodeStatus {
  const { voter, self, clock } = context;
  const nowMs = clock.monotonicMs();
  const { members } = voter;
  const master = members.find(({ url }) => url === activeUrl) ?? null;
  return {
    nodeId: self.nodeId,
    clusterId: voter.clusterId,
    role: self.role,
    state,
    url: self.url,
    epoch: voter.promised,
    promised: voter.promised,
    master: master === null ? null : { nodeId: master.nodeId, url: master.url },
    lastLsn: voter.log.lastLsn,
    durableLsn: voter.durableLsn,
    committedLsn: voter.committedLsn,
    appliedLsn: voter.store.appliedLsn,
    snapshotLsn: voter.log.base.lsn,
    keys: voter.store.keyCount,
    memoryBytes: voter.store.memoryBytes,
    stateHash: voter.store.hash.toString(16).padStart(8, '0'),
    writeQuorumAcks: members.length === 0 ? 0 : majorityOf(members.length) - 1,
    voters: members.length,
    leaseRemainingMs: leaseRemainingMs(active, context, nowMs),
    members: describeMembers(members, context, active, nowMs),
    counters: { ...context.counters },
  };
}

function leaseRemainingMs(
  active: ActiveMaster | null,
  { voter }: NodeContext,
  nowMs: number,
): number {
  if (active === null) return 0;
  const remainingMs = active.lease.endMs(voter.configs) - nowMs;
  // A lone voter's lease never ends; JSON has no infinity.
  return Math.max(0, Math.min(Math.round(remainingMs), voter.limits.leaseMs));
}

function describeMembers(
  members: readonly Member[],
  { voter, self }: NodeContext,
  active: ActiveMaster | null,
  nowMs: number,
): MemberStatus[] {
  const ids = new Set(members.map(({ nodeId }) => nodeId));
  const learners = [...(active?.peers.values() ?? [])].filter(({ nodeId }) => !ids.has(nodeId));
  return [...members, ...learners].map(({ nodeId, role, url }) => {
    const isSelf = nodeId === self.nodeId;
    const peer = active?.peers.get(nodeId);
    return {
      nodeId,
      role,
      url,
      voter: ids.has(nodeId),
      ackedLsn: isSelf ? voter.durableLsn : (peer?.matchLsn ?? null),
      appliedLsn: isSelf ? voter.store.appliedLsn : (peer?.appliedLsn ?? null),
      silentMs: isSelf ? 0 : peer === undefined ? null : Math.round(nowMs - peer.heardMs),
      suspect: isSelf ? false : (peer?.isSuspect(nowMs, voter.limits) ?? null),
    };
  });
}
