/** The metrics of a node: their names, and where their values come from. */
import type { Limits } from '../../core/limits.ts';
import type { MemberStatus, NodeStatus } from '../../node/api.ts';
import type { Counters } from '../../node/context.ts';
import type { NodeGauges } from '../../node/gauges.ts';
import type { Exposition, Sample } from './exposition.ts';

/** All that `state` of a status can be: each is a sample, so that a query finds changes. */
const states = ['active', 'standby', 'candidate', 'voter', 'learner', 'starting', 'stopped'];

const one = (labels: Sample['labels'], value: number): Sample => ({ labels, value });

export function addState(out: Exposition, status: NodeStatus, isReady: boolean): void {
  const { nodeId, role, url, clusterId, state, master, epoch, promised } = status;
  const labels = { node: nodeId, role, url, cluster: clusterId };
  out.gauge('dsm_node_info', 'Who this node is; always 1', [one(labels, 1)]);
  const samples = states.map((name) => one({ state: name }, name === state ? 1 : 0));
  out.gauge('dsm_node_state', '1 for the state that the node is in', samples);
  out.gauge('dsm_ready', '1 where /readyz is 200', isReady ? 1 : 0);
  const help = '1 where the node knows an active master; a cluster without one takes no writes';
  out.gauge('dsm_has_master', help, master === null ? 0 : 1);
  out.gauge('dsm_epoch', 'Generation of mastership; grows with each takeover', epoch);
  out.gauge('dsm_promised_epoch', 'Lower epochs are refused by this node', promised);
  if (state !== 'active') return;
  const leaseSeconds = status.leaseRemainingMs / 1000;
  out.gauge('dsm_lease_remaining_seconds', 'READs need no round so long', leaseSeconds);
}

export function addLog(out: Exposition, status: NodeStatus): void {
  out.gauge('dsm_last_lsn', 'Last record of the log of this node', status.lastLsn);
  out.gauge('dsm_durable_lsn', 'Last record that is synced here', status.durableLsn);
  out.gauge('dsm_committed_lsn', 'Last record that is known to be committed', status.committedLsn);
  out.gauge('dsm_applied_lsn', 'Last record that reads of this node see', status.appliedLsn);
  out.gauge('dsm_log_tail_lsn', 'The log in memory begins behind this record', status.snapshotLsn);
}

/** Of other nodes only the active master knows something. */
export function addCluster(out: Exposition, status: NodeStatus): void {
  const { voters, writeQuorumAcks, members } = status;
  out.gauge('dsm_voters', 'Members that vote', voters);
  const help = 'Acknowledgements that a write needs beside the own log of the active master';
  out.gauge('dsm_write_quorum_acks', help, writeQuorumAcks);
  const each = (of: (member: MemberStatus) => number | null): Sample[] =>
    members.flatMap((member) => {
      const value = of(member);
      const { nodeId: node, role, url } = member;
      return value === null ? [] : [one({ node, role, url }, value)];
    });
  const isSuspect = ({ suspect }: MemberStatus) => (suspect === null ? null : Number(suspect));
  const silence = ({ silentMs }: MemberStatus) => (silentMs === null ? null : silentMs / 1000);
  out.gauge(
    'dsm_member_voter',
    '1 for a voter, 0 for a learner',
    each((m) => Number(m.voter)),
  );
  out.gauge(
    'dsm_member_acked_lsn',
    'Acknowledged by the member',
    each((m) => m.ackedLsn),
  );
  out.gauge(
    'dsm_member_applied_lsn',
    'Applied by the member',
    each((m) => m.appliedLsn),
  );
  out.gauge('dsm_member_silence_seconds', 'Since it was heard last', each(silence));
  out.gauge('dsm_member_suspect', '1 for one that is passed over', each(isSuspect));
}

/** The state machine, as this node has applied it. */
export function addStore(out: Exposition, status: NodeStatus, gauges: NodeGauges, limits: Limits) {
  out.gauge('dsm_keys', 'Keys that are stored', status.keys);
  out.gauge('dsm_memory_bytes', 'Keys, values and overhead', status.memoryBytes);
  out.gauge('dsm_memory_limit_bytes', 'Above it writes are 507', limits.memoryBytesMax);
  out.gauge('dsm_sessions', 'Sessions that live', gauges.sessions);
  out.gauge('dsm_locks', 'Locks that are held', gauges.locks);
}

export function addQueues(out: Exposition, gauges: NodeGauges): void {
  out.gauge('dsm_queued_writes', 'Writes that wait for a place in the log', gauges.queuedWrites);
  out.gauge('dsm_queued_write_bytes', 'Their size', gauges.queuedBytes);
  out.gauge('dsm_open_writes', 'Writes that wait for their quorum', gauges.openWrites);
  out.gauge('dsm_waiting_reads', 'Reads that wait until they may be answered', gauges.waitingReads);
  out.gauge('dsm_waiting_locks', 'Calls that wait for a lock here', gauges.waitingLocks);
  out.gauge('dsm_held_calls', 'Calls that wait for an active master', gauges.heldCalls);
  out.gauge('dsm_watches', 'Watches that are open at this node', gauges.watches);
  const help = 'From the place of a batch in the log to its quorum, while this node was active';
  out.durations('dsm_commit_seconds', help, gauges.commits);
}

/** Nothing of a node without a disk. */
export function addDisk(out: Exposition, { disk }: NodeGauges): void {
  if (disk === null) return;
  const { logBytes, segmentCount, snapshotsSaved, snapshotAgeMs, syncs } = disk;
  out.durations('dsm_log_sync_seconds', 'From handing a batch to the disk to its sync', syncs);
  out.gauge('dsm_log_bytes', 'Log on disk since the last snapshot', logBytes);
  out.gauge('dsm_log_segments', 'Files of the log', segmentCount);
  out.counter('dsm_snapshots_total', 'Snapshots that were saved', snapshotsSaved);
  if (snapshotAgeMs === null) return;
  const help = 'Age of the last snapshot that this process saved';
  out.gauge('dsm_snapshot_age_seconds', help, snapshotAgeMs / 1000);
}

const counterHelps: Readonly<Record<keyof Counters, string>> = {
  reads: 'Reads and lists that were answered from the own map',
  writes: 'Changes that clients asked of the active master',
  readsByRound: 'Reads that waited for a round to a majority',
  readsByIndex: 'Reads that waited for a read index',
  readsForwarded: 'Reads that the active master had answered by a slave',
  appendsSent: 'Appends to slaves',
  appendsTaken: 'Appends that were taken',
  pollsAnswered: 'Polls of backups',
  batches: 'Batches of writes: one sync and one message to each peer',
  elections: 'Epochs that this node stood for',
  takeovers: 'Epochs that this node won',
  stepDowns: 'Epochs that this node ended',
  watches: 'Watches that were opened',
  watchesClosed: 'Watches that have ended',
};

/** Those of the status: `readsByRound` is `dsm_reads_by_round_total`. */
export function addCounters(out: Exposition, counters: NodeStatus['counters']): void {
  for (const [name, help] of Object.entries(counterHelps)) {
    const snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    // Beside the gauge of those that are open.
    const full = name === 'watches' ? 'watches_opened' : snake;
    out.counter(`dsm_${full}_total`, help, counters[name] ?? 0);
  }
}
