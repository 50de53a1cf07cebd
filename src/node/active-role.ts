/**
 * An active master at work: drains the queue of writes into batches, one sync for each beside one
 * message to each peer, and answers when §4 says so. All decisions are in `core/master.ts`; here are
 * the queue, the wires and the clients that wait. Lives for one epoch.
 */
import { DsmError } from '../core/errors.ts';
import { ActiveMaster, type Outgoing } from '../core/master.ts';
import type { AppendAck, Poll, PollAnswer, Refusal, Registration } from '../core/messages.ts';
import { mayGrow, txnBytes } from '../core/operations.ts';
import type { Placement } from '../core/placement.ts';
import type { Member, Mutation, Record } from '../core/record.ts';
import type { Result } from '../core/store.ts';
import type { PeerAnswer } from '../ports/peers.ts';
import type { WriteDone } from './api.ts';
import type { NodeContext, Reply } from './context.ts';
import type { Queues } from './gauges.ts';
import { Lifetimes } from './lifetimes.ts';
import { type LockDone, LockWaits } from './lock-waits.ts';
import { type Waited, Waiters } from './waiters.ts';
import { WaitingWrites } from './waiting-writes.ts';

interface QueuedWrite {
  readonly atMs: number;
  readonly command: Mutation;
  readonly done: WriteDone;
}

/** From so many answers at once on, the next batch waits for the clients that got them. */
const gatherFrom = 8;
/** Of the clients that may be there again: not all are, and nobody should wait for the last one. */
const gatherShare = 0.8;

/** Bytes that a record takes beside its key and value, about. */
const recordOverheadBytes = 96;

export class ActiveRole {
  readonly master: ActiveMaster;
  readonly #context: NodeContext;
  /** This epoch is over: the node becomes a standby. */
  readonly #onOver: (reason: string) => void;
  readonly #writes = new WaitingWrites();
  readonly #rounds: Waiters;
  readonly #lifetimes: Lifetimes;
  readonly #lockWaits: LockWaits;
  /** Reads that wait until no key is shown after its lifetime. */
  readonly #timely: Waiters;
  /** Who waits for the answer to a backup's poll: one, or two where the network doubled it. */
  readonly #parked = new Map<string, Reply[]>();
  #queue: QueuedWrite[] = [];
  #queueBytes = 0;
  /** The next batch waits until then, or until so many writes wait for it. */
  #gatherUntilMs = 0;
  #gatherCount = 0;
  #isSyncing = false;
  /** Silence and members are looked at now and then, not at every message. */
  #lookAtMs = 0;
  /** As of the last step: every answer of a peer brings one, and asking per write would cost more. */
  #majorityHeardMs = Infinity;
  /** This epoch has ended; whoever still holds this role must let go of it. */
  isOver = false;
  /** A handoff is under way: no new write gets an lsn. */
  isPaused = false;

  constructor(context: NodeContext, placement: Placement, onOver: (reason: string) => void) {
    this.#context = context;
    this.#onOver = onOver;
    const { voter, clock, random, limits } = context;
    this.#rounds = new Waiters(limits.waitingReadsMax, 'read_timeout');
    this.master = new ActiveMaster({
      voter,
      placement,
      random: () => random.next(),
      nowMs: clock.monotonicMs(),
      onBatchCommitted: (afterMs) => context.commits.note(afterMs),
    });
    this.#lifetimes = new Lifetimes(this.master, limits);
    this.#lockWaits = new LockWaits(limits.waitingReadsMax);
    this.#timely = new Waiters(limits.waitingReadsMax, 'read_timeout');
    this.#sync();
  }

  // ── writes ────────────────────────────────────────────────────────────────────────────────────

  write(command: Mutation, done: WriteDone): void {
    const refusal = this.#refusal(command);
    if (refusal !== null) {
      done(refusal, null);
      return;
    }
    this.#queue.push({ atMs: this.#context.clock.monotonicMs(), command, done });
    this.#queueBytes += commandBytes(command);
    // The first one also sets the timer that ends a gathering.
    const isFirst = this.#queue.length === 1;
    if (isFirst || this.#mayPropose(this.#context.clock.monotonicMs())) this.#context.changed();
  }

  /** Why this write cannot be taken now; what is refused here certainly has no effect. */
  #refusal(command: Mutation): DsmError | null {
    const { limits, voter, clock } = this.#context;
    const open = this.#queue.length + this.#writes.size;
    const bytes = this.#queueBytes + commandBytes(command);
    if (open >= limits.queueRecordsMax || bytes > limits.queueBytesMax) {
      return new DsmError('overloaded', 'Too many writes wait; try again in a moment', {
        retryAfterMs: 1000,
      });
    }
    // One record goes to the others whole, and they take no larger message.
    const recordBytesMax = limits.batchBytesMax + limits.valueBytesMax;
    if (command.kind === 'txn' && commandBytes(command) > recordBytesMax) {
      const text = `A transaction has at most ${recordBytesMax} bytes; make several of it`;
      return new DsmError('too_large', text);
    }
    if (clock.monotonicMs() - this.#majorityHeardMs >= limits.suspectMs) {
      return new DsmError('no_quorum', undefined, { retryAfterMs: 1000 });
    }
    if (grows(command) && voter.store.memoryBytes + bytes > limits.memoryBytesMax) {
      return new DsmError(
        'memory_quota',
        `The memory quota of ${limits.memoryBytesMax} bytes is reached; delete keys or raise it`,
      );
    }
    return null;
  }

  /** One batch of what waits: whatever arrives until its quorum has answered is the next one. */
  #propose(nowMs: number): void {
    if (!this.#isReady(nowMs)) return;
    const { before, behind } = this.#lifetimes.take(nowMs);
    // Nothing that waits is left behind the end of a session: it may be its keep-alive.
    const batch = behind.length > 0 || this.#isGathered(nowMs) ? this.#takeBatch() : [];
    const choreCount = before.length + behind.length;
    if (choreCount + batch.length === 0) return;
    const commands = batch.map(({ command }) => command);
    const { firstLsn, lastLsn } = this.master.propose(
      choreCount === 0 ? commands : [...before, ...commands, ...behind],
      nowMs,
    );
    if (choreCount > 0) this.#lifetimes.onProposed(lastLsn);
    const firstWriteLsn = firstLsn + before.length;
    for (const [index, { done }] of batch.entries()) {
      this.#writes.add(firstWriteLsn + index, nowMs, done);
    }
    this.#context.counters.batches += 1;
    this.#sync();
  }

  #mayPropose(nowMs: number): boolean {
    return this.#isReady(nowMs) && this.#isGathered(nowMs);
  }

  /** Nothing stands in the way of a batch. */
  #isReady(nowMs: number): boolean {
    if (this.#isSyncing || this.isPaused) return false;
    return this.master.isServing && !this.master.isAwaitingQuorum(nowMs);
  }

  /** Enough writes wait, or have waited long enough. */
  #isGathered(nowMs: number): boolean {
    if (this.#queue.length === 0) return false;
    return nowMs >= this.#gatherUntilMs || this.#queue.length >= this.#gatherCount;
  }

  #takeBatch(): QueuedWrite[] {
    const { batchBytesMax } = this.#context.limits;
    let count = 0;
    let bytes = 0;
    for (const { command } of this.#queue) {
      bytes += commandBytes(command);
      if (count > 0 && bytes > batchBytesMax) break;
      count += 1;
    }
    const batch = count === this.#queue.length ? this.#queue : this.#queue.slice(0, count);
    this.#queue = count === this.#queue.length ? [] : this.#queue.slice(count);
    for (const { command } of batch) this.#queueBytes -= commandBytes(command);
    return batch;
  }

  #sync(): void {
    this.#isSyncing = true;
    this.#context.persistence.flush(() => {
      this.#isSyncing = false;
      if (this.isOver) return;
      this.master.advance(this.#context.clock.monotonicMs());
      this.#context.changed();
    });
  }

  /** `done` when the session owns the lock, in whose queue it is, or after `waitMs`. */
  awaitLock(name: string, session: number, waitMs: number, done: LockDone): void {
    const deadlineMs = this.#context.clock.monotonicMs() + waitMs;
    this.#lockWaits.add({ name, session, deadlineMs, done });
    this.#context.changed();
  }

  onApplied(record: Record, result: Result | null): void {
    this.#writes.onApplied(record.lsn, result);
  }

  // ── peers ─────────────────────────────────────────────────────────────────────────────────────

  #send(outgoing: Outgoing): void {
    if (outgoing.peer.role === 'master') this.#answerPoll(outgoing);
    else this.#sendAppend(outgoing);
  }

  #sendAppend({ peer, sent, append, frames }: Outgoing): void {
    const { peers, limits, clock, counters } = this.#context;
    counters.appendsSent += 1;
    const call = {
      name: 'append',
      message: append,
      body: frames.bytes,
      timeoutMs: limits.suspectMs,
    } as const;
    peers.call(peer.url, call, (failure, answer) => {
      if (this.isOver) return;
      const nowMs = clock.monotonicMs();
      if (failure !== null || answer === null) {
        this.master.onFailed(peer, sent, nowMs);
      } else if (answer.status === 200) {
        this.master.onAck(peer, sent, answer.message as AppendAck, nowMs);
      } else if (answer.status === 409) {
        const epoch = this.master.onRefused(peer, sent, answer.message as Refusal, nowMs);
        if (epoch > 0) return this.#onOver(`${peer.nodeId} has promised epoch ${epoch}`);
      } else {
        this.master.onFailed(peer, sent, nowMs);
      }
      this.#context.changed();
    });
  }

  onPoll(poll: Poll, reply: Reply): void {
    const { clock, counters } = this.#context;
    counters.pollsAnswered += 1;
    const verdict = this.master.onPoll(poll, clock.monotonicMs());
    if (verdict.kind === 'parked') {
      this.#park(poll.nodeId, reply);
    } else if (verdict.kind === 'refused') {
      reply({ status: verdict.status, message: verdict.refusal });
    } else {
      reply(misdirected(''));
      this.#onOver(`${poll.nodeId} has promised epoch ${verdict.epoch}`);
      return;
    }
    this.#context.changed();
  }

  #park(nodeId: string, reply: Reply): void {
    const waiting = this.#parked.get(nodeId) ?? [];
    // Of more than two only the newest can still have somebody waiting.
    if (waiting.length === 2) waiting.shift()?.(misdirected(''));
    waiting.push(reply);
    this.#parked.set(nodeId, waiting);
  }

  #answerPoll({ peer, sent, append, frames }: Outgoing): void {
    const waiting = this.#parked.get(peer.nodeId) ?? [];
    this.#parked.delete(peer.nodeId);
    const message: PollAnswer = {
      ...append,
      lastLsn: this.#context.voter.log.lastLsn,
      sentAtMs: sent.sentAtMs,
    };
    for (const reply of waiting) reply({ status: 200, message, body: frames.bytes });
  }

  /** A slave asks to be taken in; it will be sent appends, as a learner first. */
  onRegister(registration: Registration, reply: Reply): void {
    const { voter, limits, clock, logger, self } = this.#context;
    const { nodeId, url, clusterId } = registration;
    if (clusterId !== '' && clusterId !== voter.clusterId) {
      logger.warn('a slave of another cluster wants to join and is refused', { nodeId, url });
      reply({ status: 409, message: { reason: 'cluster', clusterId: voter.clusterId } });
      return;
    }
    const learners = [...this.master.peers.values()].filter(({ isVoter }) => !isVoter).length;
    if (!this.master.peers.has(nodeId) && learners >= limits.learnersMax) {
      reply({ status: 503, message: { reason: 'too many learners' } });
      return;
    }
    if (!this.master.peers.has(nodeId)) logger.info('a slave registered', { nodeId, url });
    this.master.meet({ nodeId, role: 'slave', url }, clock.monotonicMs());
    const message = { clusterId: voter.clusterId, masterId: self.nodeId, masterUrl: self.url };
    reply({ status: 200, message });
    this.#context.changed();
  }

  // ── reads ─────────────────────────────────────────────────────────────────────────────────────

  /** `done` when the map may answer a READ that arrives now, here or by read index. */
  confirm(forceRound: boolean, done: Waited): void {
    const { clock, limits, voter } = this.#context;
    const nowMs = clock.monotonicMs();
    const logTimeMs = this.master.logTimeMs(nowMs);
    if (logTimeMs <= voter.store.timelyUntilMs) return this.#confirmActive(forceRound, done);
    this.#timely.add(logTimeMs, nowMs + limits.holdMs, (error) => {
      if (error === null) this.#confirmActive(forceRound, done);
      else done(error);
    });
    this.#context.changed();
  }

  /** `done` when this node is known to be the active master after now: by lease, or by a round. */
  #confirmActive(forceRound: boolean, done: Waited): void {
    const { clock, limits, counters } = this.#context;
    const nowMs = clock.monotonicMs();
    if (!forceRound && this.master.mayRead(nowMs, clock.wallMs())) {
      done(null);
      return;
    }
    counters.readsByRound += 1;
    this.#rounds.add(this.master.wantRound(), nowMs + limits.holdMs, done);
    this.#context.changed();
  }

  // ── time ──────────────────────────────────────────────────────────────────────────────────────

  /** Does all that is due. May end the epoch. */
  step(): void {
    const { clock, limits, persistence } = this.#context;
    const nowMs = clock.monotonicMs();
    this.master.lease.watchClocks(nowMs, clock.wallMs());
    this.#majorityHeardMs = this.master.majorityHeardMs;
    this.#settle(nowMs);
    if (nowMs >= this.#lookAtMs) {
      this.#lookAtMs = nowMs + limits.hedgeMs;
      const reason = this.master.mustStepDown(nowMs);
      if (reason !== null) return this.#onOver(reason);
      if (!this.isPaused) this.#reconfigure(nowMs);
    }
    this.#propose(nowMs);
    for (const outgoing of this.master.takeDue(nowMs)) this.#send(outgoing);
    this.#settle(nowMs);
    persistence.compact(limits.snapshotEveryBytes);
  }

  #reconfigure(nowMs: number): void {
    const before = this.#context.voter.members;
    const after = this.master.reconfigure(nowMs);
    if (after === null) return;
    this.#logMembers(before, after);
    this.#syncMembers();
  }

  #logMembers(before: readonly Member[], after: readonly Member[]): void {
    const { logger } = this.#context;
    const without = (members: readonly Member[], others: readonly Member[]) =>
      members
        .filter(({ nodeId }) => !others.some((other) => other.nodeId === nodeId))
        .map(({ nodeId, role, url }) => `${role} ${nodeId} at ${url}`);
    const facts = { voters: after.length, epoch: this.master.epoch };
    for (const member of without(before, after)) {
      logger.warn(`removed ${member}: it has not answered`, facts);
    }
    for (const member of without(after, before)) logger.info(`added ${member}`, facts);
  }

  /**
   * A change of members by an administrator; the caller has checked that it is allowed. `done` when
   * it is in force for good, and everybody who comes after knows it: as with a write.
   */
  proposeMembers(after: readonly Member[], done: Waited): void {
    const nowMs = this.#context.clock.monotonicMs();
    this.#logMembers(this.#context.voter.members, after);
    const lsn = this.master.proposeMembers(after, nowMs);
    this.#writes.add(lsn, nowMs, done);
    this.#syncMembers();
    this.#context.changed();
  }

  #syncMembers(): void {
    this.#context.persistence.flush(() => {
      if (this.isOver) return;
      this.master.advance(this.#context.clock.monotonicMs());
      this.#context.changed();
    });
  }

  /**
   * Clients that were answered just now are about to ask again. A batch without them would need a
   * sync and its messages for a part of the clients only, and theirs another one.
   */
  #gather(answeredCount: number, nowMs: number): void {
    if (answeredCount < gatherFrom) return;
    this.#gatherUntilMs = nowMs + this.#context.limits.gatherMs;
    this.#gatherCount = Math.floor((this.#queue.length + answeredCount) * gatherShare);
  }

  #settle(nowMs: number): void {
    this.#gather(this.#writes.settle(this.master.doneLsn), nowMs);
    const lateMs = nowMs - this.#context.limits.writeTimeoutMs;
    this.#writes.expire(lateMs);
    this.#expireQueue(lateMs);
    this.#lockWaits.settle(this.#context.voter.store, this.master.doneLsn, nowMs);
    if (this.#timely.size > 0) {
      this.#timely.settle(this.#context.voter.store.timelyUntilMs, nowMs);
    }
    if (this.#rounds.size > 0) {
      this.#rounds.settle(this.master.isServing ? this.master.confirmedSeq : -Infinity, nowMs);
    }
  }

  /** What waited too long for an lsn certainly did not happen. */
  #expireQueue(beforeMs: number): void {
    if ((this.#queue[0]?.atMs ?? Infinity) > beforeMs) return;
    const late = this.#queue.filter(({ atMs }) => atMs <= beforeMs);
    this.#queue = this.#queue.slice(late.length);
    for (const { command, done } of late) {
      this.#queueBytes -= commandBytes(command);
      done(new DsmError('no_quorum', undefined, { retryAfterMs: 1000 }), null);
    }
  }

  nextWakeMs(nowMs: number): number {
    const { limits } = this.#context;
    return Math.min(
      (this.#queue[0]?.atMs ?? Infinity) + limits.writeTimeoutMs,
      this.#queue.length > 0 && this.#gatherUntilMs > nowMs ? this.#gatherUntilMs : Infinity,
      this.master.nextWakeMs(),
      this.#writes.oldestMs + limits.writeTimeoutMs,
      this.#rounds.nextDeadlineMs(),
      this.#timely.nextDeadlineMs(),
      this.#lockWaits.nextDeadlineMs,
      this.#lifetimes.nextWakeMs(nowMs),
      nowMs + limits.heartbeatMs,
    );
  }

  /** What waits here now. */
  queues(): Queues {
    return {
      queuedWrites: this.#queue.length,
      queuedBytes: this.#queueBytes,
      openWrites: this.#writes.size,
      waitingReads: this.#rounds.size + this.#timely.size,
      waitingLocks: this.#lockWaits.size,
    };
  }

  /** Nothing waits for an answer, and `nodeId` holds all of the log. */
  isHandedOverTo(nodeId: string): boolean {
    const { log, committedLsn } = this.#context.voter;
    const peer = this.master.peers.get(nodeId);
    return committedLsn === log.lastLsn && peer?.matchLsn === log.lastLsn;
  }

  /** Ends the epoch: what has an lsn is `unknown`, what has none certainly did not happen. */
  end(): void {
    this.isOver = true;
    for (const reply of [...this.#parked.values()].flat()) reply(misdirected(''));
    this.#parked.clear();
    this.#writes.settle(this.master.doneLsn);
    this.#writes.failAll(new DsmError('stepped_down'));
    const queue = this.#queue;
    this.#queue = [];
    for (const { done } of queue) done(new DsmError('misdirected'), null);
    this.#rounds.failAll(new DsmError('misdirected'));
    this.#timely.failAll(new DsmError('misdirected'));
    this.#lockWaits.failAll(new DsmError('stepped_down'));
  }
}

/** The answer of a node that is not active; `masterUrl` is a hint, '' where it has none. */
export function misdirected(masterUrl: string): PeerAnswer {
  return { status: 421, message: { masterUrl } };
}

function commandBytes(command: Mutation): number {
  if (command.kind === 'txn') return txnBytes(command) + recordOverheadBytes;
  if (command.kind === 'session') return command.lock.length + recordOverheadBytes;
  const valueBytes = command.kind === 'put' ? command.value.length : 0;
  return command.key.length + valueBytes + recordOverheadBytes;
}

function grows(command: Mutation): boolean {
  if (command.kind === 'txn') return mayGrow(command);
  if (command.kind === 'session') return command.act === 'create' || command.act === 'acquire';
  return command.kind === 'put';
}
