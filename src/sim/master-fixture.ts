/** An active master in the hands of a test: its disk and its peers do what the test says. */
import { ActiveMaster, type Outgoing } from '../core/master.ts';
import type { Placement } from '../core/placement.ts';
import type { Record } from '../core/record.ts';
import type { Voter } from '../core/voter.ts';
import { logOf, makeVoter, put } from './fixtures.ts';

export interface ActiveMasterFixture {
  readonly master: ActiveMaster;
  readonly voter: Voter;
  /** The own disk has everything. */
  sync(): void;
  /** The peer acknowledges all records up to `lsn` (all that there are), and a vow with it. */
  ack(nodeId: string, lsn?: number, nowMs?: number): void;
  /** What is due for this peer; whatever is due for others is lost. */
  due(nodeId: string, nowMs?: number): Outgoing[];
  /** The peer answers `outgoing` as it should. */
  answer(outgoing: Outgoing, nowMs?: number): void;
  /** Proposes a put of `key`; its lsn. */
  write(key: string, nowMs?: number): number;
}

/** m1, active in epoch 2 since `nowMs`, over a log of epoch 1 that begins with `nodeIds`. */
export function startMaster(
  nodeIds: string,
  more: readonly Record[] = [],
  nowMs = 0,
  placement: Placement = 'least-lag',
): ActiveMasterFixture {
  const voter = makeVoter('m1', { log: logOf(nodeIds, more), hasDisk: true, promised: 2 });
  const master = new ActiveMaster({
    voter,
    placement,
    random: () => 0,
    nowMs,
    onBatchCommitted: () => {},
  });
  return {
    master,
    voter,
    sync() {
      for (const write of voter.writes) {
        if (write.kind === 'append') voter.onSynced(write.records);
      }
      voter.writes = [];
      master.advance(nowMs);
    },
    ack(nodeId, lsn = voter.log.lastLsn, atMs = nowMs) {
      const peer = master.peers.get(nodeId);
      if (peer === undefined) throw new RangeError(`${nodeId} is no peer of m1`);
      const seq = Math.max(master.wantRound(), peer.ackedSeq + 1);
      peer.onAcked({ seq, sentAtMs: atMs, lsn, complete: true }, lsn, 0);
      master.lease.addVow(nodeId, atMs);
      master.advance(atMs);
    },
    due: (nodeId, atMs = nowMs) =>
      master.takeDue(atMs).filter(({ peer }) => peer.nodeId === nodeId),
    answer({ peer, sent }, atMs = nowMs) {
      const ack = { nodeId: peer.nodeId, epoch: 2, ackedLsn: sent.lsn, appliedLsn: 0 };
      master.onAck(peer, sent, ack, atMs);
    },
    write: (key, atMs = nowMs) => master.propose([put(key, 'x')], atMs).lastLsn,
  };
}
