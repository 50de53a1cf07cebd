/**
 * A master: standby, candidate or active (DESIGN.md §5 rules 7–12). This file holds the changes
 * between these states and what they mean for those who call; what each state does is in
 * `standby.ts`, with `poller.ts` and `candidate.ts`, and in `active-role.ts`.
 */
import { DsmError } from '../core/errors.ts';
import type {
  Handoff,
  Poll,
  Position,
  PromiseRefusal,
  PromiseRequest,
  ReadIndex,
  ReadIndexQuestion,
  Registration,
} from '../core/messages.ts';
import type { Placement } from '../core/placement.ts';
import type { Record } from '../core/record.ts';
import type { Result } from '../core/store.ts';
import type { PeerCallName } from '../ports/peers.ts';
import { ActiveRole } from './active-role.ts';
import type { Check, EntryView, NodeStatus, ReadDone, WriteDone, WriteRequest } from './api.ts';
import { misdirected, type Reply } from './context.ts';
import { forwardRead } from './forward-read.ts';
import type { Queues } from './gauges.ts';
import { runHandoff } from './handoff.ts';
import type { LockDone } from './lock-waits.ts';
import { forceConfig, removeMember } from './member-admin.ts';
import { DsmNode, type NodeOptions } from './node.ts';
import type { OffsetAnswer } from './poller.ts';
import { Standby } from './standby.ts';
import { describeNode } from './status.ts';
import type { Waited } from './waiters.ts';

export interface MasterNodeOptions extends NodeOptions {
  readonly placement: Placement;
  readonly readFrom: 'master' | 'slaves';
  /** Found a cluster without asking the other masters (rule 12). */
  readonly newCluster: boolean;
  /** Started as `dsm master`; a backup never starts a cluster. */
  readonly mayFound: boolean;
}

export class MasterNode extends DsmNode {
  readonly #options: MasterNodeOptions;
  /** At rest while this master is active. */
  readonly #standby: Standby;
  #active: ActiveRole | null = null;

  constructor(options: MasterNodeOptions) {
    super(options);
    this.#options = options;
    const { newCluster, mayFound } = options;
    this.#standby = new Standby(this.context, {
      newCluster,
      mayFound,
      activeUrl: () => this.activeUrl(),
      onWon: () => this.#takeOver(),
      onForeignCluster: (clusterId, url) => this.#onForeignCluster(clusterId, url),
    });
    this.start();
  }

  get state(): string {
    if (this.isStopped) return 'stopped';
    if (this.#active !== null) return this.#active.master.isServing ? 'active' : 'starting';
    return this.#standby.state;
  }

  isActive(): boolean {
    return this.#active !== null;
  }

  protected get isCaughtUp(): boolean {
    return this.voter.members.length > 0;
  }

  override get epoch(): number {
    return this.#active?.master.epoch ?? this.voter.promised;
  }

  // ── states ────────────────────────────────────────────────────────────────────────────────────

  #takeOver(): void {
    this.context.counters.takeovers += 1;
    this.voter.master = null;
    this.#active = new ActiveRole(this.context, this.#options.placement, (reason) =>
      this.#stepDown(reason),
    );
    const { epoch, startLsn } = this.#active.master;
    this.context.logger.info('this master is active now', { epoch, startLsn });
  }

  #stepDown(reason: string): void {
    const active = this.#active;
    if (active === null) return;
    this.#active = null;
    this.context.counters.stepDowns += 1;
    this.context.logger.warn('this master steps down', { epoch: active.master.epoch, reason });
    this.voter.masterHeardMs = this.nowMs();
    this.#standby.wait();
    active.end();
    this.context.changed();
  }

  protected onHigherEpoch(epoch: number, why: string): void {
    this.#stepDown(`epoch ${epoch}: ${why}`);
    // Whoever was promised gets the time to win.
    this.voter.masterHeardMs = this.nowMs();
    this.#standby.giveWay();
  }

  #onForeignCluster(clusterId: string, url: string): void {
    this.fail(
      new Error(
        `The master at ${url} belongs to cluster ${clusterId}, this one to ` +
          `${this.voter.clusterId}. Correct --masters, or start this master with an empty data ` +
          'directory to join that cluster as a new node.',
      ),
    );
  }

  // ── time ──────────────────────────────────────────────────────────────────────────────────────

  protected stepRole(nowMs: number): void {
    if (this.#active === null) this.#standby.step(nowMs);
    this.#active?.step();
    if (this.#active === null) this.context.persistence.compact(this.limits.snapshotEveryBytes);
  }

  protected roleWakeMs(nowMs: number): number {
    return this.#active?.nextWakeMs(nowMs) ?? this.#standby.nextWakeMs(nowMs);
  }

  // ── client calls ──────────────────────────────────────────────────────────────────────────────

  readNow(key: string): EntryView | null | undefined {
    const active = this.#active;
    if (active === null || this.#options.readFrom === 'slaves') return undefined;
    const { clock, counters } = this.context;
    const nowMs = clock.monotonicMs();
    if (!active.master.mayRead(nowMs, clock.wallMs())) return undefined;
    const entry = this.voter.store.get(key);
    // Its lifetime has ended, and the record that says so is on its way: `read` waits for it.
    const isEnding = entry !== undefined && entry.expiresAtMs > 0;
    if (isEnding && entry.expiresAtMs <= active.master.logTimeMs(nowMs)) return undefined;
    counters.reads += 1;
    return entry ?? null;
  }

  override logTimeMs(): number {
    return this.#active?.master.logTimeMs(this.nowMs()) ?? super.logTimeMs();
  }

  protected override confirmRead(forceRound: boolean, done: Waited): void {
    if (this.#active !== null) this.#active.confirm(forceRound, done);
    else super.confirmRead(forceRound, done);
  }

  protected override answerRead(key: string, done: ReadDone): void {
    const active = this.#active;
    if (active === null || this.#options.readFrom === 'master') this.answerLocally(key, done);
    else
      forwardRead(this.context, active.master, key, (entry) => {
        if (entry === undefined) this.answerLocally(key, done);
        else done(null, entry);
      });
  }

  write(request: WriteRequest, done: WriteDone): void {
    const active = this.#active;
    if (active === null) {
      const master = this.activeUrl() ?? undefined;
      return done(new DsmError('misdirected', undefined, { master }), null);
    }
    this.context.counters.writes += 1;
    active.write(request, done);
  }

  awaitLock(name: string, session: number, waitMs: number, done: LockDone): void {
    if (this.#active === null) done(new DsmError('misdirected'), null);
    else this.#active.awaitLock(name, session, waitMs, done);
  }

  protected onApplied(record: Record, result: Result | null): void {
    this.#active?.onApplied(record, result);
  }

  // ── calls between nodes ───────────────────────────────────────────────────────────────────────

  protected onRoleCall(
    name: PeerCallName,
    message: unknown,
    _body: Uint8Array,
    reply: Reply,
  ): void {
    if (name === 'handoff') return this.#onHandoff(message as Handoff, reply);
    const active = this.#active;
    if (active === null) {
      if (name === 'register') this.#standby.onRegister(message as Registration);
      return reply(misdirected(this.activeUrl() ?? ''));
    }
    if (name === 'log') active.wires.onPoll(message as Poll, reply);
    else if (name === 'log-offset') reply({ status: 200, message: this.#offset(active) });
    else if (name === 'register') active.wires.onRegister(message as Registration, reply);
    else if (name === 'read-index') this.#onReadIndex(active, message as ReadIndexQuestion, reply);
    else reply(misdirected(this.context.self.url));
  }

  #offset(active: ActiveRole): OffsetAnswer {
    const { clusterId, log, committedLsn } = this.voter;
    const { nodeId, url } = this.context.self;
    const { epoch } = active.master;
    return {
      clusterId,
      epoch,
      masterId: nodeId,
      masterUrl: url,
      lastLsn: log.lastLsn,
      committedLsn,
    };
  }

  #onReadIndex(active: ActiveRole, question: ReadIndexQuestion, reply: Reply): void {
    if (question.clusterId !== this.voter.clusterId) return reply(misdirected(''));
    active.confirm(question.forceRound, (error) => {
      const committed = this.voter.positionAt(this.voter.committedLsn);
      if (error !== null || this.#active !== active) reply(misdirected(''));
      else reply({ status: 200, message: this.#readIndex(active, committed) });
      active.master.hasten(question.nodeId, committed.lsn);
      this.context.changed();
    });
  }

  #readIndex(active: ActiveRole, committed: Position): ReadIndex {
    return { clusterId: this.voter.clusterId, epoch: active.master.epoch, committed };
  }

  protected override refusePromise(request: PromiseRequest): PromiseRefusal | null {
    const active = this.#active;
    if (active === null || request.candidateId === this.nodeId) return null;
    const { promised, configs } = this.voter;
    const remainingMs = Math.min(
      active.master.lease.endMs(configs) - this.nowMs(),
      this.limits.leaseMs,
    );
    if (remainingMs <= 0) return null;
    return { nodeId: this.nodeId, promised, remainingMs, configs };
  }

  // ── administration ────────────────────────────────────────────────────────────────────────────

  handoff(nodeId: string, done: Waited): void {
    const active = this.#active;
    if (active === null) return done(new DsmError('misdirected'));
    runHandoff(this.context, active, nodeId, {
      onReady: () => this.#stepDown('handed off'),
      // Whoever asked wants to know where to go now.
      done: (error) => (error === null ? this.awaitActive(() => done(null)) : done(error)),
    });
  }

  /** The active master has stepped down in favour of this one: its lease is released to us. */
  #onHandoff(handoff: Handoff, reply: Reply): void {
    const { clusterId, candidateId, epoch, masterId } = handoff;
    const isForUs = clusterId === this.voter.clusterId && candidateId === this.nodeId;
    if (!isForUs || this.isActive() || epoch < this.voter.promised) {
      return reply({ status: 409, message: { reason: 'epoch' } });
    }
    this.#standby.stand({ epoch, masterId });
    reply({ status: 200, message: {} });
    this.context.changed();
  }

  removeMember(nodeId: string, done: Waited): void {
    const active = this.#active;
    if (active === null) return done(new DsmError('misdirected'));
    removeMember(this.context, active, nodeId, done);
  }

  forceConfig(done: Waited): void {
    if (this.isActive()) {
      return done(new DsmError('conflict', 'This master is active: a quorum answers, use remove'));
    }
    this.#standby.wait();
    forceConfig(this.context, done);
  }

  // ── status ────────────────────────────────────────────────────────────────────────────────────

  protected override queues(): Queues {
    const here = super.queues();
    const active = this.#active?.queues();
    if (active === undefined) return here;
    return { ...active, waitingReads: here.waitingReads + active.waitingReads };
  }

  override status(): NodeStatus {
    return describeNode(this.context, this.state, this.activeUrl(), this.#active?.master ?? null);
  }

  override checks(): Check[] {
    const active = this.#active;
    if (active === null) return super.checks();
    const heard = this.nowMs() - active.master.majorityHeardMs < this.limits.suspectMs;
    const detail = heard ? 'a majority answers' : 'no majority answers';
    return [...super.checks(), { name: 'quorum', ok: heard && active.master.isServing, detail }];
  }

  override stop(): void {
    if (this.isStopped) return;
    const active = this.#active;
    this.#active = null;
    super.stop();
    this.#standby.stop();
    active?.end();
  }
}
