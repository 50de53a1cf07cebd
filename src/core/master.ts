/**
 * The active master of one epoch (DESIGN.md §5 rules 1–7, 10, 11): orders commands, says who must
 * hear what now, counts acknowledgements, commits, and knows whether it may answer a READ.
 *
 * It is made when an epoch is won and thrown away when it ends; nothing of it outlives the epoch.
 * It sends nothing itself: `takeDue` gives the messages, `nextWakeMs` says when to ask again.
 */
import { assert } from './errors.ts';
import { Lease } from './lease.ts';
import type { Limits } from './limits.ts';
import type { Frames } from './log.ts';
import { hasDroppedMaster, nextMembers } from './membership.ts';
import type { Append, AppendAck, Poll, Position, Refusal } from './messages.ts';
import { OpenBatches } from './open-batches.ts';
import type { Peer, Sent } from './peer.ts';
import { PeerTable } from './peer-table.ts';
import type { Placement } from './placement.ts';
import { majorityOf, majorityValue, quorumValue } from './quorum.ts';
import { type Command, encodeBatch, type Member } from './record.ts';
import type { Voter } from './voter.ts';

export interface Outgoing {
  readonly peer: Peer;
  readonly sent: Sent;
  readonly append: Append;
  /** What follows `append.prev`. */
  readonly frames: Frames;
}

const noFrames: Frames = { bytes: new Uint8Array(0), count: 0 };

export interface MasterOptions {
  readonly voter: Voter;
  readonly placement: Placement;
  readonly random: () => number;
  readonly nowMs: number;
  /** A batch is committed, so long after it got its place in the log. */
  readonly onBatchCommitted: (afterMs: number) => void;
}

/** What the active master makes of a poll. */
export type PollVerdict =
  | { readonly kind: 'parked'; readonly peer: Peer }
  | { readonly kind: 'refused'; readonly status: 409 | 410; readonly refusal: Refusal }
  | { readonly kind: 'deposed'; readonly epoch: number };

export class ActiveMaster {
  readonly voter: Voter;
  readonly epoch: number;
  /** lsn of the own `epoch-start`: nothing is served before it is committed. */
  readonly startLsn: number;
  readonly lease: Lease;
  readonly peers: ReadonlyMap<string, Peer>;
  /** A client may be told "done" up to here: committed, and held by a majority of the newest configuration. */
  doneLsn: number;
  readonly #limits: Limits;
  readonly #table: PeerTable;
  readonly #options: MasterOptions;
  readonly #startedAtMs: number;
  readonly #startLogTimeMs: number;
  /** `epoch-start` and `config` records of this epoch: only they commit by "every master". */
  #controlLsns: number[] = [];
  readonly #batches = new OpenBatches();
  #nextSeq = 1;
  /** A read waits for a round of at least this number. */
  #roundSeq = 0;

  /** Appends `epoch-start` to the log of `voter`, which must hold the adopted log. */
  constructor(options: MasterOptions) {
    const { voter, nowMs } = options;
    this.voter = voter;
    this.epoch = voter.promised;
    this.#options = options;
    this.#limits = voter.limits;
    this.#table = new PeerTable(voter);
    this.peers = this.#table.byId;
    this.lease = new Lease(voter.self.nodeId, voter.limits.leaseMs, voter.limits.clockDriftShare);
    this.#startedAtMs = nowMs;
    const last = voter.log.at(voter.log.lastLsn);
    this.#startLogTimeMs = Math.max(last?.logTimeMs ?? 0, voter.store.logTimeMs);
    this.doneLsn = voter.committedLsn;
    this.#followConfigs(nowMs);
    this.startLsn = voter.log.lastLsn + 1;
    this.propose([{ kind: 'epoch-start', nodeId: voter.self.nodeId }], nowMs);
  }

  get isServing(): boolean {
    return this.voter.committedLsn >= this.startLsn;
  }

  // ── ordering ──────────────────────────────────────────────────────────────────────────────────

  /** Gives the commands their places in the log; they reach the disk through `voter.writes`. */
  propose(commands: readonly Command[], nowMs: number): { firstLsn: number; lastLsn: number } {
    const { log } = this.voter;
    const prev = log.last;
    const firstLsn = prev.lsn + 1;
    const { records } = encodeBatch(commands, firstLsn, this.epoch, this.logTimeMs(nowMs));
    const lastLsn = this.voter.takeRecords(prev, records);
    for (const { lsn, command } of records) {
      if (command.kind === 'config' || command.kind === 'epoch-start') this.#controlLsns.push(lsn);
    }
    this.#batches.add(lastLsn, nowMs);
    for (const peer of this.peers.values()) peer.onAppended(nowMs);
    const [first] = commands;
    const key = first !== undefined && 'key' in first ? first.key : '';
    const { placement, random } = this.#options;
    const choice = { placement, key, needed: this.writeQuorumAcks, random };
    for (const peer of this.#table.choose(choice, nowMs)) peer.eagerLsn = lastLsn;
    return { firstLsn, lastLsn };
  }

  /** The log's time now: what the next record will carry, at least. */
  logTimeMs(nowMs: number): number {
    return Math.floor(this.#startLogTimeMs + nowMs - this.#startedAtMs);
  }

  /** ACKs that a write needs beside the own log. */
  get writeQuorumAcks(): number {
    return Math.max(0, ...this.voter.configs.map((voters) => majorityOf(voters.length) - 1));
  }

  /** A batch waits for its quorum, and not yet so long that it was sent to everybody. */
  isAwaitingQuorum(nowMs: number): boolean {
    return nowMs - this.#batches.newestMs < this.#limits.hedgeMs;
  }

  // ── sending ───────────────────────────────────────────────────────────────────────────────────

  /** The messages that are due now, one for each peer at most. */
  takeDue(nowMs: number): Outgoing[] {
    this.#hedge(nowMs);
    const due: Outgoing[] = [];
    const { lastLsn } = this.voter.log;
    for (const peer of this.peers.values()) {
      if (peer.dueAtMs(lastLsn, this.#roundSeq, this.#limits.lazyMs) <= nowMs) {
        due.push(this.#makeAppend(peer, nowMs));
      }
    }
    return due;
  }

  #makeAppend(peer: Peer, nowMs: number): Outgoing {
    const { voter } = this;
    const { log } = voter;
    const prevEpoch = log.epochAt(peer.nextLsn - 1);
    // Trimmed away: an empty append at the base tells the peer to fetch a snapshot.
    const prev: Position =
      prevEpoch === undefined ? log.base : { epoch: prevEpoch, lsn: peer.nextLsn - 1 };
    const frames =
      prevEpoch === undefined ? noFrames : log.framesFrom(peer.nextLsn, peer.batchBytes);
    const lsn = prev.lsn + frames.count;
    const complete = lsn === log.lastLsn;
    const sent: Sent = { seq: this.#nextSeq++, sentAtMs: nowMs, lsn, complete };
    peer.onSent(sent, this.#limits.heartbeatMs);
    const append: Append = {
      clusterId: voter.clusterId,
      epoch: this.epoch,
      masterId: voter.self.nodeId,
      masterUrl: voter.self.url,
      prev,
      committedLsn: voter.committedLsn,
      startLsn: log.base.lsn + 1,
      leaseMs: this.#limits.leaseMs,
    };
    return { peer, sent, append, frames };
  }

  /** A read waits at this node until it has applied `lsn`: it is not made to wait for lazy records. */
  hasten(nodeId: string, lsn: number): void {
    const peer = this.peers.get(nodeId);
    if (peer !== undefined) peer.eagerLsn = Math.max(peer.eagerLsn, lsn);
  }

  /** A batch that the chosen ones did not confirm in time goes to everybody. */
  #hedge(nowMs: number): void {
    const lastLsn = this.#batches.hedge(nowMs, this.#limits.hedgeMs);
    if (lastLsn === 0) return;
    for (const peer of this.peers.values()) peer.eagerLsn = Math.max(peer.eagerLsn, lastLsn);
  }

  /** When `takeDue` may have something again. */
  nextWakeMs(): number {
    const { lastLsn } = this.voter.log;
    let wakeMs = Infinity;
    for (const peer of this.peers.values()) {
      wakeMs = Math.min(wakeMs, peer.dueAtMs(lastLsn, this.#roundSeq, this.#limits.lazyMs));
    }
    return Math.min(wakeMs, this.#batches.unhedgedMs + this.#limits.hedgeMs);
  }

  // ── answers ───────────────────────────────────────────────────────────────────────────────────

  /** A 2xx of a slave to `sent`. Anything that does not repeat what was sent counts for nothing. */
  onAck(peer: Peer, sent: Sent, ack: AppendAck, nowMs: number): void {
    if (ack.nodeId !== peer.nodeId) {
      this.#onStranger(peer, sent, ack.nodeId, nowMs);
    } else if (ack.epoch !== this.epoch || ack.ackedLsn !== sent.lsn) {
      this.onFailed(peer, sent, nowMs);
    } else {
      peer.onAcked(sent, ack.ackedLsn, ack.appliedLsn);
      peer.noteAckTime(nowMs - sent.sentAtMs);
      this.lease.addVow(peer.nodeId, sent.sentAtMs);
      this.advance(nowMs);
    }
  }

  /** A refusal of a slave. Returns the higher epoch that deposes this master, or 0. */
  onRefused(peer: Peer, sent: Sent, refusal: Refusal, nowMs: number): number {
    if (refusal.nodeId !== peer.nodeId) {
      this.#onStranger(peer, sent, refusal.nodeId, nowMs);
    } else if (refusal.promised > this.epoch) {
      return refusal.promised;
    } else if (refusal.reason === 'gap') {
      // What is committed there is in every later log, so this is a place that it surely holds.
      const resumeLsn = Math.min(refusal.committedLsn, this.voter.log.lastLsn) + 1;
      peer.onGap(sent, resumeLsn, nowMs);
    } else {
      // It fetches a snapshot, or belongs to another cluster: alive, but nothing to send now.
      peer.onBlocked(sent, nowMs, this.#limits.heartbeatMs);
    }
    return 0;
  }

  /**
   * Another node answers at the peer's URL: the peer is gone for good, and the other one is met. It
   * may never register, because it hears the appends that are meant for its predecessor.
   */
  #onStranger(peer: Peer, sent: Sent, nodeId: string, nowMs: number): void {
    peer.onFailed(sent, nowMs, this.#limits.suspectMs);
    if (this.#table.hasRoom) {
      this.meet({ nodeId, role: peer.role, url: peer.url }, nowMs);
    }
    peer.isGone = true;
  }

  onFailed(peer: Peer, sent: Sent, nowMs: number): void {
    peer.onFailed(sent, nowMs, this.#limits.heartbeatMs);
  }

  /** A backup's poll: the ACK of what it has synced, and the request for more (rule 8). */
  onPoll(poll: Poll, nowMs: number): PollVerdict {
    const { voter } = this;
    if (poll.clusterId !== '' && poll.clusterId !== voter.clusterId) {
      return this.#refusePoll(409, 'cluster');
    }
    if (poll.promised > this.epoch) return { kind: 'deposed', epoch: poll.promised };
    const { synced } = poll;
    if (synced.lsn < voter.log.base.lsn) return this.#refusePoll(410, 'snapshot');
    if (!voter.log.holds(synced)) return this.#refusePoll(409, 'gap');
    const peer = this.meet({ nodeId: poll.nodeId, role: 'master', url: poll.url }, nowMs);
    peer.nextLsn = synced.lsn + 1;
    this.#countEcho(peer, poll);
    const hasPending = voter.log.lastLsn > synced.lsn;
    peer.onParked(nowMs, Math.min(poll.waitMs, this.#limits.heartbeatMs), hasPending);
    this.advance(nowMs);
    return { kind: 'parked', peer };
  }

  /** Counts the vow and the ACK of a poll only by the echo of an answer of this epoch (rule 7). */
  #countEcho(peer: Peer, poll: Poll): void {
    const { sent } = peer;
    if (poll.promised !== this.epoch) return;
    if (poll.echo?.epoch !== this.epoch || sent?.sentAtMs !== poll.echo.sentAtMs) {
      peer.matchLsn = Math.max(peer.matchLsn, poll.synced.lsn);
      if (sent !== null) peer.onUnconfirmed();
      return;
    }
    peer.onAcked(sent, poll.synced.lsn, poll.appliedLsn);
    this.lease.addVow(peer.nodeId, sent.sentAtMs);
  }

  #refusePoll(status: 409 | 410, reason: Refusal['reason']): PollVerdict {
    const { self, promised, committedLsn, log } = this.voter;
    const { nodeId } = self;
    const refusal = { nodeId, reason, promised, committedLsn, lastLsn: log.lastLsn };
    return { kind: 'refused', status, refusal };
  }

  /** The peer with this identity, a new learner where it is not known. */
  meet(member: Member, nowMs: number): Peer {
    return this.#table.meet(member, nowMs);
  }

  // ── commit (rule 4) ───────────────────────────────────────────────────────────────────────────

  /** Commits as far as §4 allows, again after every step: a committed `config` changes what is needed. */
  advance(nowMs: number): void {
    const { voter } = this;
    for (;;) {
      const target = this.#committable();
      if (target <= voter.committedLsn) break;
      const configLsn = voter.log.configLsn;
      const settlesConfig = configLsn > voter.committedLsn && target >= configLsn;
      voter.advanceCommitted(target);
      if (settlesConfig) this.#followConfigs(nowMs);
      // Until the others know that a configuration is committed, both bind them: tell them now.
      if (settlesConfig) this.wantRound();
    }
    const { onBatchCommitted } = this.#options;
    this.#batches.settle(voter.committedLsn, (atMs) => onBatchCommitted(nowMs - atMs));
    const heldLsn = majorityValue([voter.members], this.#heldLsn);
    this.doneLsn = Math.max(this.doneLsn, Math.min(voter.committedLsn, heldLsn));
  }

  readonly #heldLsn = (nodeId: string): number =>
    nodeId === this.voter.self.nodeId
      ? this.voter.durableLsn
      : (this.peers.get(nodeId)?.matchLsn ?? 0);

  #committable(): number {
    const { configs, durableLsn, committedLsn } = this.voter;
    const byMajority = Math.min(durableLsn, majorityValue(configs, this.#heldLsn));
    const byQuorum = Math.min(durableLsn, quorumValue(configs, this.#heldLsn));
    while ((this.#controlLsns[0] ?? Infinity) <= committedLsn) this.#controlLsns.shift();
    const control = this.#controlLsns.findLast((lsn) => lsn <= byQuorum) ?? 0;
    // Never an old epoch's record by counting: it commits with the first one of this epoch.
    return Math.max(byMajority >= this.startLsn ? byMajority : 0, control);
  }

  /** The configurations in force have changed: who votes, whom to send to, how the lease is counted. */
  #followConfigs(nowMs: number): void {
    this.#table.followConfigs(nowMs);
    this.lease.forgetEnd();
  }

  // ── members (rule 11) ─────────────────────────────────────────────────────────────────────────

  /** May the configuration be changed now? */
  get canReconfigure(): boolean {
    return this.isServing && this.voter.log.configLsn <= this.voter.committedLsn;
  }

  /** Proposes the next configuration if one is due. Returns it, or null. */
  reconfigure(nowMs: number): readonly Member[] | null {
    if (!this.canReconfigure) return null;
    this.#table.dropLostLearners(nowMs);
    const { self, members } = this.voter;
    const limits = this.#limits;
    const due = nextMembers({ members, self, peers: this.peers, limits, nowMs });
    const next = due ?? (hasDroppedMaster(this.voter.log) ? members : null);
    if (next !== null) this.proposeMembers(next, nowMs);
    return next;
  }

  /** Returns the lsn of its record. */
  proposeMembers(after: readonly Member[], nowMs: number): number {
    const { self, members } = this.voter;
    assert(this.canReconfigure, 'one change of members at a time, and an own record first');
    assert(
      after.some(({ nodeId }) => nodeId === self.nodeId),
      'a config never removes the active master',
    );
    const { lastLsn } = this.propose([{ kind: 'config', before: members, after }], nowMs);
    this.#followConfigs(nowMs);
    return lastLsn;
  }

  // ── contact, rounds, lease ────────────────────────────────────────────────────────────────────

  readonly #heardMs = (nodeId: string): number =>
    nodeId === this.voter.self.nodeId ? Infinity : (this.peers.get(nodeId)?.heardMs ?? -Infinity);

  /** Since when no majority has answered; Infinity while the master needs nobody else. */
  get majorityHeardMs(): number {
    return majorityValue(this.voter.configs, this.#heardMs);
  }

  /** No quorum of either kind, or a sync that hangs, for `stepDownMs` (rule 10). */
  mustStepDown(nowMs: number): string | null {
    const { stepDownMs } = this.#limits;
    if (nowMs - quorumValue(this.voter.configs, this.#heardMs) >= stepDownMs) {
      return 'no quorum answers';
    }
    const unsyncedMs = this.#batches.unsyncedMs(this.voter.durableLsn);
    if (nowMs - unsyncedMs >= stepDownMs) return 'the own disk hangs';
    return null;
  }

  /** A read that arrives now needs a round of this number: one sent after it (rule 6). */
  wantRound(): number {
    this.#roundSeq = this.#nextSeq;
    return this.#nextSeq;
  }

  /** All rounds up to this number are confirmed by a majority. */
  get confirmedSeq(): number {
    return majorityValue(this.voter.configs, (nodeId) =>
      nodeId === this.voter.self.nodeId ? Infinity : (this.peers.get(nodeId)?.ackedSeq ?? 0),
    );
  }

  /** May a READ be answered from the own map at once? */
  mayRead(nowMs: number, wallMs: number): boolean {
    return this.isServing && this.lease.holds(this.voter.configs, nowMs, wallMs);
  }
}
