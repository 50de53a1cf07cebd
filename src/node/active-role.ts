/**
 * An active master at work: drains the queue of writes into batches, one sync for each beside one
 * message to each peer, and answers when §4 says so. All decisions are in `core/master.ts`; the queue
 * is in `write-queue.ts`, the wires in `peer-wires.ts`; here they and the clients that wait come
 * together. Lives for one epoch.
 */
import { DsmError } from '../core/errors.ts';
import { ActiveMaster } from '../core/master.ts';
import type { Placement } from '../core/placement.ts';
import type { Member, Mutation, Record } from '../core/record.ts';
import type { Result } from '../core/store.ts';
import type { WriteDone } from './api.ts';
import type { NodeContext } from './context.ts';
import type { Queues } from './gauges.ts';
import { Lifetimes } from './lifetimes.ts';
import { type LockDone, LockWaits } from './lock-waits.ts';
import { PeerWires } from './peer-wires.ts';
import { placesRefusal } from './session-places.ts';
import { type Waited, Waiters } from './waiters.ts';
import { WaitingWrites } from './waiting-writes.ts';
import { WriteQueue } from './write-queue.ts';

export class ActiveRole {
  readonly master: ActiveMaster;
  readonly #context: NodeContext;
  /** This epoch is over: the node becomes a standby. */
  readonly #onOver: (reason: string) => void;
  readonly wires: PeerWires;
  readonly #queue: WriteQueue;
  readonly #writes = new WaitingWrites();
  readonly #rounds: Waiters;
  readonly #lifetimes: Lifetimes;
  readonly #lockWaits: LockWaits;
  /** Reads that wait until no key is shown after its lifetime. */
  readonly #timely: Waiters;
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
    this.wires = new PeerWires(context, this.master, onOver);
    this.#queue = new WriteQueue(limits);
    this.#lifetimes = new Lifetimes(this.master, limits);
    this.#lockWaits = new LockWaits(limits.waitingReadsMax);
    this.#timely = new Waiters(limits.waitingReadsMax, 'read_timeout');
    this.#sync();
  }

  // ── writes ────────────────────────────────────────────────────────────────────────────────────

  write(command: Mutation, done: WriteDone): void {
    const nowMs = this.#context.clock.monotonicMs();
    const refusal = this.#refusal(command, nowMs);
    if (refusal !== null) {
      done(refusal, null);
      return;
    }
    this.#queue.add({ atMs: nowMs, command, done });
    // The first one also sets the timer that ends a gathering.
    const isFirst = this.#queue.size === 1;
    if (isFirst || this.#mayPropose(nowMs)) this.#context.changed();
  }

  /** Why this write cannot be taken now; what is refused here certainly has no effect. */
  #refusal(command: Mutation, nowMs: number): DsmError | null {
    const { limits, voter } = this.#context;
    const refusal = this.#queue.refusal(command, this.#writes.size);
    if (refusal !== null) return refusal;
    if (nowMs - this.#majorityHeardMs >= limits.suspectMs) {
      return new DsmError('no_quorum', undefined, { retryAfterMs: 1000 });
    }
    const full = placesRefusal(command, voter.store);
    return full ?? this.#queue.quotaRefusal(command, voter.store.memoryBytes);
  }

  /** One batch of what waits: whatever arrives until its quorum has answered is the next one. */
  #propose(nowMs: number): void {
    if (!this.#isReady(nowMs)) return;
    const { before, hasEnds } = this.#lifetimes.take(nowMs);
    // Nothing that came in time is left behind the end of a session: it may be its keep-alive.
    const batch = hasEnds || this.#queue.isGathered(nowMs) ? this.#queue.take() : [];
    const behind = hasEnds ? this.#lifetimes.takeEnds(nowMs, this.#queue.oldestMs) : [];
    const choreCount = before.length + behind.length;
    if (choreCount + batch.length === 0) return;
    const commands = [...before, ...batch.map(({ command }) => command), ...behind];
    const { firstLsn, lastLsn } = this.master.propose(commands, nowMs);
    if (choreCount > 0) this.#lifetimes.onProposed(lastLsn);
    const firstWriteLsn = firstLsn + before.length;
    for (const [index, { done }] of batch.entries()) {
      this.#writes.add(firstWriteLsn + index, nowMs, done);
    }
    this.#context.counters.batches += 1;
    this.#sync();
  }

  #mayPropose(nowMs: number): boolean {
    return this.#isReady(nowMs) && this.#queue.isGathered(nowMs);
  }

  /** Nothing stands in the way of a batch. */
  #isReady(nowMs: number): boolean {
    if (this.#isSyncing || this.isPaused) return false;
    return this.master.isServing && !this.master.isAwaitingQuorum(nowMs);
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
    for (const outgoing of this.master.takeDue(nowMs)) this.wires.send(outgoing);
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

  #settle(nowMs: number): void {
    this.#queue.gather(this.#writes.settle(this.master.doneLsn), nowMs);
    const lateMs = nowMs - this.#context.limits.writeTimeoutMs;
    this.#writes.expire(lateMs);
    this.#queue.expire(lateMs);
    this.#lockWaits.settle(this.#context.voter.store, this.master.doneLsn, nowMs);
    if (this.#timely.size > 0) {
      this.#timely.settle(this.#context.voter.store.timelyUntilMs, nowMs);
    }
    if (this.#rounds.size > 0) {
      this.#rounds.settle(this.master.isServing ? this.master.confirmedSeq : -Infinity, nowMs);
    }
  }

  nextWakeMs(nowMs: number): number {
    const { limits } = this.#context;
    return Math.min(
      this.#queue.nextWakeMs(nowMs),
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
      queuedWrites: this.#queue.size,
      queuedBytes: this.#queue.bytes,
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
    this.wires.end();
    this.#writes.settle(this.master.doneLsn);
    this.#writes.failAll(new DsmError('stepped_down'));
    this.#queue.failAll(new DsmError('misdirected'));
    this.#rounds.failAll(new DsmError('misdirected'));
    this.#timely.failAll(new DsmError('misdirected'));
    this.#lockWaits.failAll(new DsmError('stepped_down'));
  }
}
