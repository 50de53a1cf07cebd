/**
 * What every node does, slave or master: it goes step by step, answers calls of other nodes as a
 * voter (`voter-calls.ts`) and reads from its own map (`reads.ts`), holds calls while no active
 * master is known. The roles are added by `slave-node.ts` and `master-node.ts`.
 */
import { DsmError } from '../core/errors.ts';
import type { Limits } from '../core/limits.ts';
import type { ListQuery } from '../core/list-page.ts';
import { Log } from '../core/log.ts';
import type { PromiseRequest } from '../core/messages.ts';
import type { Member, Record } from '../core/record.ts';
import { type Result, Store } from '../core/store.ts';
import { Voter } from '../core/voter.ts';
import type { Timer } from '../ports/clock.ts';
import type { PeerCallName } from '../ports/peers.ts';
import type { Recovered, Storage } from '../ports/storage.ts';
import type {
  Check,
  EntryView,
  ListDone,
  NodeApi,
  NodeStatus,
  ReadDone,
  ReadOptions,
  WatchDone,
  WriteDone,
  WriteRequest,
} from './api.ts';
import { checkedPeers } from './checked-peers.ts';
import { Contacts } from './contacts.ts';
import { createCounters, type NodeContext, type Ports, type Reply } from './context.ts';
import { Durations } from './durations.ts';
import type { NodeGauges, Queues } from './gauges.ts';
import type { LockDone } from './lock-waits.ts';
import { Persistence } from './persistence.ts';
import { ReadIndexReads } from './read-index.ts';
import { Reads } from './reads.ts';
import type { StateView } from './state-views.ts';
import { describeNode } from './status.ts';
import { VoterCalls } from './voter-calls.ts';
import { type Waited, Waiters } from './waiters.ts';
import type { WatchScope } from './watcher.ts';

export interface NodeOptions {
  readonly self: Member;
  readonly limits: Limits;
  readonly ports: Ports;
  readonly masterUrls: readonly string[];
  readonly storage: Storage | null;
  readonly recovered: Recovered | null;
  /** The state as it was recovered; a fresh one where there was none. */
  readonly log?: Log;
  readonly store?: Store;
  /** The node cannot go on: its process must end, non-zero. Called once. */
  readonly onFatal: (error: Error) => void;
}

export abstract class DsmNode implements NodeApi {
  readonly nodeId: string;
  readonly role: Member['role'];
  readonly limits: Limits;
  protected readonly context: NodeContext;
  protected readonly voter: Voter;
  protected isStopped = false;
  readonly #onFatal: (error: Error) => void;
  readonly #calls: VoterCalls;
  readonly #reads: Reads;
  readonly #indexReads: ReadIndexReads;
  /** Calls that wait for an active master. */
  readonly #held: Waiters;
  /** When the log's time was last seen to go on, and what it was. */
  #timeSeenAtMs = 0;
  #timeSeenMs = 0;
  #timer: Timer | null = null;
  #timerAtMs = Infinity;
  #isStepping = false;
  #isDirty = false;

  constructor(options: NodeOptions) {
    const { self, limits, ports, recovered, storage } = options;
    this.nodeId = self.nodeId;
    this.role = self.role;
    this.limits = limits;
    this.#onFatal = options.onFatal;
    const nowMs = ports.clock.monotonicMs();
    const meta = recovered?.meta;
    const leaseGrantedMs = meta?.leaseGrantedMs ?? 0;
    this.voter = new Voter({
      self,
      limits,
      hasDisk: storage !== null,
      clusterId: meta?.clusterId ?? '',
      promised: meta?.promised ?? 0,
      promisedTo: meta?.promisedTo ?? '',
      leaseGrantedMs,
      // Vows made before the restart may still run, on a clock that may be slower than ours.
      quietUntilMs: nowMs + leaseGrantedMs * (1 + limits.clockDriftShare),
      log: options.log ?? new Log(),
      store: options.store ?? new Store(),
      onApplied: (record, result) => {
        this.#reads.watches.onApplied(record);
        this.onApplied(record, result);
      },
    });
    this.voter.masterHeardMs = nowMs;
    const persistence = new Persistence({
      voter: this.voter,
      storage,
      logger: ports.logger,
      clock: ports.clock,
      onPoisoned: (error) =>
        this.fail(new Error(`The log could not be written: ${error.message}`, { cause: error })),
    });
    this.context = {
      ...ports,
      peers: checkedPeers(ports.peers),
      self,
      limits,
      voter: this.voter,
      persistence,
      masterUrls: options.masterUrls,
      counters: createCounters(),
      commits: new Durations(),
      contacts: new Contacts(ports.clock, ports.logger, limits),
      changed: () => this.#changed(),
    };
    this.#indexReads = new ReadIndexReads(this.context, () => this.activeUrl());
    this.#held = new Waiters(limits.heldCallsMax, 'no_master');
    this.#reads = new Reads(this.context, {
      isStopped: () => this.isStopped,
      isCaughtUp: () => this.isCaughtUp,
      confirm: (forceRound, done) => this.confirmRead(forceRound, done),
    });
    this.#calls = new VoterCalls(this.context, {
      state: () => this.state,
      isActive: () => this.isActive(),
      activeUrl: () => this.activeUrl(),
      refusePromise: (request) => this.refusePromise(request),
      onHigherEpoch: (epoch, why) => this.onHigherEpoch(epoch, why),
    });
  }

  // ── what a role adds ──────────────────────────────────────────────────────────────────────────

  abstract get state(): string;
  abstract isActive(): boolean;
  abstract readNow(key: string): EntryView | null | undefined;
  abstract write(request: WriteRequest, done: WriteDone): void;
  abstract awaitLock(name: string, session: number, waitMs: number, done: LockDone): void;
  abstract handoff(nodeId: string, done: Waited): void;
  abstract removeMember(nodeId: string, done: Waited): void;
  abstract forceConfig(done: Waited): void;
  /** Does what is due in the role; called after every change and at `roleWakeMs`. */
  protected abstract stepRole(nowMs: number): void;
  protected abstract roleWakeMs(nowMs: number): number;
  protected abstract onApplied(record: Record, result: Result | null): void;
  /** A call between nodes that only this role understands. */
  protected abstract onRoleCall(
    name: PeerCallName,
    message: unknown,
    body: Uint8Array,
    reply: Reply,
  ): void;
  /** Something with a higher epoch arrived: what is active must stop being so, now. */
  protected abstract onHigherEpoch(epoch: number, why: string): void;
  /** May this node answer reads at all? */
  protected abstract get isCaughtUp(): boolean;

  // ── time ──────────────────────────────────────────────────────────────────────────────────────

  get epoch(): number {
    return this.voter.promised;
  }

  /** Of the state as anybody sees it. */
  get appliedLsn(): number {
    return this.voter.committedLsn;
  }

  logTimeMs(): number {
    const estimateMs = this.#timeSeenMs + Math.floor(this.nowMs() - this.#timeSeenAtMs);
    // What is shown was perhaps brought up to date since the last step.
    return Math.max(estimateMs, this.voter.store.logTimeMs);
  }

  protected nowMs(): number {
    return this.context.clock.monotonicMs();
  }

  #changed(): void {
    this.#isDirty = true;
    if (this.#isStepping || this.isStopped) return;
    this.#isStepping = true;
    try {
      // Bounded: a step that always makes another one due would be an error, not work.
      for (let turn = 0; this.#isDirty && turn < 100; turn += 1) {
        this.#isDirty = false;
        this.#step();
      }
    } finally {
      this.#isStepping = false;
    }
    this.#arm();
  }

  #step(): void {
    const nowMs = this.nowMs();
    this.stepRole(nowMs);
    if (this.isStopped) return;
    this.#watchLogTime(nowMs);
    this.#indexReads.step(nowMs);
    this.#reads.step(nowMs);
    this.#calls.expire(nowMs);
    this.#held.settle(this.isActive() || this.activeUrl() !== null ? 1 : 0, nowMs);
    this.context.persistence.flush();
  }

  #watchLogTime(nowMs: number): void {
    const { logTimeMs } = this.voter.store;
    if (logTimeMs === this.#timeSeenMs) return;
    this.#timeSeenMs = logTimeMs;
    this.#timeSeenAtMs = nowMs;
  }

  #arm(): void {
    if (this.isStopped) return;
    const nowMs = this.nowMs();
    const wakeMs = Math.min(
      this.roleWakeMs(nowMs),
      this.#indexReads.nextWakeMs(nowMs),
      this.#reads.nextDeadlineMs(),
      this.#held.nextDeadlineMs(),
    );
    // A timer that fires too early only looks around: cheaper than a new one for every change.
    if (this.#timerAtMs <= wakeMs || wakeMs === Infinity) return;
    this.#timer?.cancel();
    this.#timerAtMs = wakeMs;
    this.#timer = this.context.clock.setTimer(Math.max(0, wakeMs - nowMs), () => {
      this.#timerAtMs = Infinity;
      this.#changed();
    });
  }

  /** Begins to work; called once, by the factory. */
  protected start(): void {
    this.#changed();
  }

  stop(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.#timer?.cancel();
    const error = new DsmError('shutting_down');
    this.#held.failAll(error);
    this.#indexReads.failAll(error);
    this.#reads.end(error);
  }

  /** The voter as it is, for the simulator's invariants. Nobody else looks inside. */
  inspect(): Voter {
    return this.voter;
  }

  /** Rule 13: a poisoned log ends the node. */
  protected fail(error: Error): void {
    this.context.logger.error(error.message, { nodeId: this.nodeId });
    this.stop();
    this.#onFatal(error);
  }

  // ── reads ─────────────────────────────────────────────────────────────────────────────────────

  read(key: string, options: ReadOptions, done: ReadDone): void {
    this.#reads.whenReadable(options, (error) => {
      if (error !== null) done(error, null);
      else if (options.consistency === 'stale') this.answerLocally(key, done);
      else this.answerRead(key, done);
    });
  }

  list(query: ListQuery, options: ReadOptions, done: ListDone): void {
    this.#reads.list(query, options, done);
  }

  watch(scope: WatchScope, from: number | null, options: ReadOptions, done: WatchDone): void {
    this.#reads.watch(scope, from, options, done);
  }

  look(options: ReadOptions, done: (error: DsmError | null, store: Store | null) => void): void {
    this.#reads.look(options, done);
  }

  viewState(
    options: ReadOptions,
    done: (error: DsmError | null, view: StateView | null) => void,
  ): void {
    this.#reads.viewState(options, done);
  }

  isInTouch(): boolean {
    if (this.isStopped) return false;
    return this.isActive() || this.nowMs() - this.voter.masterHeardMs < this.limits.removeMs;
  }

  keyRevision(): number {
    const { committedLsn, heardCommittedLsn } = this.voter;
    // What is committed stands before all that is to come, whoever will be the master.
    return this.isInTouch() ? Math.max(committedLsn, heardCommittedLsn) : 0;
  }

  /** `done` when the own map may answer a linearizable read. */
  protected confirmRead(forceRound: boolean, done: Waited): void {
    if (this.isCaughtUp) this.#indexReads.confirm(forceRound, done);
    else done(new DsmError('catching_up'));
  }

  protected answerRead(key: string, done: ReadDone): void {
    this.answerLocally(key, done);
  }

  protected answerLocally(key: string, done: ReadDone): void {
    this.context.counters.reads += 1;
    done(null, this.voter.store.get(key) ?? null);
  }

  // ── where the active master is ────────────────────────────────────────────────────────────────

  activeUrl(): string | null {
    if (this.isActive()) return this.context.self.url;
    const { master, masterHeardMs } = this.voter;
    if (master === null || master.nodeId === this.nodeId) return null;
    return this.nowMs() - masterHeardMs < this.limits.suspectMs ? master.url : null;
  }

  awaitActive(done: (error: DsmError | null) => void): void {
    // It would never hear of one: whoever asks should ask another node, now.
    if (this.isStopped) return done(new DsmError('shutting_down'));
    this.#held.add(1, this.nowMs() + this.limits.holdMs, done);
    this.context.changed();
  }

  forgetActive(url: string): void {
    if (this.voter.master?.url === url) this.voter.master = null;
  }

  // ── calls between nodes ───────────────────────────────────────────────────────────────────────

  onPeerCall(name: PeerCallName, message: unknown, body: Uint8Array, reply: Reply): void {
    if (this.isStopped) {
      reply({ status: 503, message: { reason: 'stopping' } });
      return;
    }
    const isAnswered = this.#calls.answer(name, message, reply);
    if (!isAnswered) this.onRoleCall(name, message, body, reply);
  }

  /** An active master refuses while its lease runs; null where it may be asked like any voter. */
  protected refusePromise(_request: PromiseRequest): object | null {
    return null;
  }

  // ── status ────────────────────────────────────────────────────────────────────────────────────

  status(): NodeStatus {
    return describeNode(this.context, this.state, this.activeUrl());
  }

  /** Somebody here waits for what is applied next. */
  protected get isAwaited(): boolean {
    return this.#reads.size + this.#indexReads.size + this.#reads.watches.size > 0;
  }

  /** What waits at this node now; an active master adds what only it has. */
  protected queues(): Queues {
    const waitingReads = this.#reads.size + this.#indexReads.size;
    return { queuedWrites: 0, queuedBytes: 0, openWrites: 0, waitingReads, waitingLocks: 0 };
  }

  gauges(): NodeGauges {
    const { sessions } = this.voter.store;
    const { persistence, commits } = this.context;
    return {
      ...this.queues(),
      heldCalls: this.#held.size,
      watches: this.#reads.watches.size,
      sessions: sessions.size,
      locks: sessions.lockCount,
      commits: commits.view(),
      disk: persistence.gauges(),
    };
  }

  checks(): Check[] {
    const url = this.activeUrl();
    return [
      { name: 'running', ok: !this.isStopped, detail: this.isStopped ? 'stopping' : 'running' },
      { name: 'master', ok: url !== null, detail: url ?? 'no active master is known' },
      { name: 'caught-up', ok: this.isCaughtUp, detail: `applied up to ${this.appliedLsn}` },
    ];
  }
}
