/**
 * A master: standby, candidate or active (DESIGN.md §5 rules 7–12). This file holds the changes
 * between these states and nothing else; what each state does is in `poller.ts`, `candidate.ts` and
 * `active-role.ts`.
 */
import { assert, DsmError } from '../core/errors.ts';
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
import { encodeBatch, type Record } from '../core/record.ts';
import type { Result } from '../core/store.ts';
import type { PeerCallName } from '../ports/peers.ts';
import { ActiveRole } from './active-role.ts';
import type { Check, EntryView, NodeStatus, ReadDone, WriteDone, WriteRequest } from './api.ts';
import { Birth } from './birth.ts';
import { Candidate } from './candidate.ts';
import { misdirected, type Reply } from './context.ts';
import { forwardRead } from './forward-read.ts';
import type { Queues } from './gauges.ts';
import { runHandoff } from './handoff.ts';
import type { LockDone } from './lock-waits.ts';
import { DsmNode, type NodeOptions } from './node.ts';
import { type OffsetAnswer, Poller } from './poller.ts';
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

/** The epoch of a cluster's first record; its founder wins the next one. */
const birthEpoch = 1;

export class MasterNode extends DsmNode {
  readonly #options: MasterNodeOptions;
  #poller: Poller | null = null;
  #candidate: Candidate | null = null;
  #active: ActiveRole | null = null;
  #birth: Birth | null = null;
  #jitterMs = 0;
  /** After a lost election: no other one before this. */
  #notBeforeMs = 0;
  /** Slaves that registered here while this master was not active: asked for promises too. */
  readonly #slaveUrls = new Set<string>();

  constructor(options: MasterNodeOptions) {
    super(options);
    this.#options = options;
    if (this.voter.clusterId === '') this.#birth = this.#expectBirth();
    if (this.voter.isBirthUnfinished) this.voter.finishBirth(this.#firstRecord());
    this.#standBy();
    this.start();
  }

  get state(): string {
    if (this.isStopped) return 'stopped';
    if (this.#active !== null) return this.#active.master.isServing ? 'active' : 'starting';
    if (this.#candidate !== null) return 'candidate';
    return this.voter.clusterId === '' ? 'starting' : 'standby';
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

  #standBy(): void {
    this.#candidate?.stop();
    this.#candidate = null;
    this.#jitterMs = this.context.random.next() * this.limits.failoverJitterMs;
    this.#poller ??= new Poller(
      this.context,
      () => this.#otherMasterUrls(),
      (clusterId, url) => this.#onForeignCluster(clusterId, url),
    );
  }

  /** Silence of the active master that this standby bears: by its place in the list, with jitter. */
  #patienceMs(): number {
    const { failoverMs, failoverStaggerMs } = this.limits;
    return failoverMs + this.#jitterMs + this.#place() * failoverStaggerMs;
  }

  /** The last active master does not count: it is the one that failed. */
  #place(): number {
    const lastId = this.voter.master?.nodeId;
    const masters = this.voter.members.filter((m) => m.role === 'master' && m.nodeId !== lastId);
    return Math.max(
      0,
      masters.findIndex(({ nodeId }) => nodeId === this.nodeId),
    );
  }

  #otherMasterUrls(): string[] {
    const known = this.voter.members.filter(({ role }) => role === 'master').map(({ url }) => url);
    const urls = new Set([...this.context.masterUrls, ...known]);
    urls.delete(this.context.self.url);
    return [...urls];
  }

  #stand(release: PromiseRequest['release']): void {
    this.#candidate?.stop();
    const urls = [...this.#otherMasterUrls(), ...this.#slaveUrls];
    this.#candidate = new Candidate(this.context, urls, release, {
      onWon: () => this.#takeOver(),
      onLost: (reason) => this.#onLost(reason),
    });
  }

  #onLost(reason: string): void {
    this.context.logger.info('the election was not won', { reason });
    this.#standBy();
    this.#notBeforeMs =
      this.nowMs() + this.context.random.next() * this.limits.failoverJitterMs * 2;
  }

  #takeOver(): void {
    this.#poller?.stop();
    this.#poller = null;
    this.#candidate = null;
    this.#slaveUrls.clear();
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
    this.#standBy();
    active.end();
    this.context.changed();
  }

  protected onHigherEpoch(epoch: number, why: string): void {
    this.#stepDown(`epoch ${epoch}: ${why}`);
    // Whoever was promised gets the time to win.
    this.voter.masterHeardMs = this.nowMs();
    if (this.#candidate !== null) this.#standBy();
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
    this.#birth?.step(nowMs);
    this.#poller?.step(nowMs);
    if (this.#active === null) this.#watch(nowMs);
    this.#candidate?.step(nowMs);
    this.#active?.step();
    if (this.#active === null) this.context.persistence.compact(this.limits.snapshotEveryBytes);
  }

  /** Stands when the active master is silent; stops probing when one is heard. */
  #watch(nowMs: number): void {
    const isHeard = this.activeUrl() !== null;
    if (this.#candidate === null && nowMs >= this.#standAtMs()) {
      this.#stand(null);
    } else if (this.#candidate?.isClaiming === false && isHeard) {
      this.#standBy();
    }
  }

  /** When silence of the active master makes this standby a candidate; Infinity if nothing can. */
  #standAtMs(): number {
    // Whether it is a voter is not asked: the newest configuration may not have reached it yet, and
    // probing changes nothing anywhere.
    const isNewborn = this.voter.clusterId === '';
    if (isNewborn || this.#poller?.isFetchingSnapshot === true) return Infinity;
    // Nobody else could be active: no reason to wait.
    const isAlone = this.#isOnlyMaster() && this.voter.master === null;
    const silentMs = isAlone ? -Infinity : this.voter.masterHeardMs + this.#patienceMs();
    return Math.max(silentMs, this.#notBeforeMs);
  }

  #isOnlyMaster(): boolean {
    const masters = this.voter.configs.flat().filter(({ role }) => role === 'master');
    return masters.length > 0 && masters.every(({ nodeId }) => nodeId === this.nodeId);
  }

  protected roleWakeMs(nowMs: number): number {
    const { heartbeatMs } = this.limits;
    if (this.#active !== null) return this.#active.nextWakeMs(nowMs);
    return Math.min(
      this.#poller?.nextWakeMs() ?? Infinity,
      this.#candidate?.nextWakeMs(nowMs) ?? Infinity,
      this.#candidate === null ? this.#standAtMs() : Infinity,
      nowMs + heartbeatMs,
    );
  }

  // ── birth (rule 12) ───────────────────────────────────────────────────────────────────────────

  #expectBirth(): Birth {
    const { self, masterUrls } = this.context;
    const isFirst = masterUrls.length === 0 || masterUrls[0] === self.url;
    return new Birth(this.context, {
      others: masterUrls.filter((url) => url !== self.url),
      mayFound: this.#options.mayFound && (isFirst || this.#options.newCluster),
      mustNotAsk: this.#options.newCluster,
      onFounded: () => this.#found(),
    });
  }

  #found(): void {
    this.#birth = null;
    if (this.voter.clusterId !== '') return;
    const clusterId = this.context.random.id();
    this.voter.giveBirth(clusterId, this.#firstRecord());
    this.context.logger.info('founded a new cluster', { clusterId });
  }

  #firstRecord(): Record {
    const members = [this.context.self];
    const command = { kind: 'config', before: members, after: members } as const;
    const [record] = encodeBatch([command], 1, birthEpoch, 0).records;
    assert(record !== undefined, 'one command is one record');
    return record;
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
      if (name === 'register') this.#onIdleRegister(message as Registration);
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

  /** Nobody is active here, but a candidate asks everybody it is told of. */
  #onIdleRegister({ url, clusterId }: Registration): void {
    if (clusterId !== '') this.#birth?.onForeignSlave(clusterId, url);
    // The newest ones are kept: slaves come back at other ports.
    this.#slaveUrls.delete(url);
    this.#slaveUrls.add(url);
    const [oldest] = this.#slaveUrls;
    if (this.#slaveUrls.size > this.limits.learnersMax && oldest !== undefined) {
      this.#slaveUrls.delete(oldest);
    }
    this.#candidate?.election.learnUrl(url);
    this.context.changed();
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
    this.#stand({ epoch, masterId });
    reply({ status: 200, message: {} });
    this.context.changed();
  }

  removeMember(nodeId: string, done: Waited): void {
    const active = this.#active;
    if (active === null) return done(new DsmError('misdirected'));
    const { members } = this.voter;
    const after = members.filter((member) => member.nodeId !== nodeId);
    if (nodeId === this.nodeId) {
      return done(new DsmError('conflict', 'The active master cannot be removed; hand off first'));
    }
    if (after.length === members.length) {
      return done(new DsmError('not_found', `No member has the nodeId ${nodeId}`));
    }
    if (!active.master.canReconfigure) {
      return done(new DsmError('conflict', 'Another change of members is under way; try again'));
    }
    this.context.logger.warn('an administrator removes a member', { nodeId });
    active.proposeMembers(after, done);
  }

  forceConfig(done: Waited): void {
    if (this.isActive()) {
      return done(new DsmError('conflict', 'This master is active: a quorum answers, use remove'));
    }
    const { voter } = this;
    const epoch = voter.promised + 1;
    const members = [this.context.self];
    const command = { kind: 'config', before: members, after: members } as const;
    const prev = voter.log.last;
    const { records } = encodeBatch([command], prev.lsn + 1, epoch, voter.store.logTimeMs);
    this.#standBy();
    // Another cluster from here on: a node that holds what this log lacks must not mix with it.
    voter.clusterId = this.context.random.id();
    voter.promise(epoch, this.nodeId);
    voter.master = null;
    voter.takeRecords(prev, records);
    this.context.logger.warn('this master was made the only voter', { lastLsn: prev.lsn });
    this.context.persistence.flush(() => done(null));
    this.context.changed();
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
    this.#poller?.stop();
    this.#candidate?.stop();
    active?.end();
  }
}
