/** A node without a protocol: a map, and switches for every situation that the HTTP layer can meet. */
import { DsmError } from '../../core/errors.ts';
import { type Limits, makeLimits } from '../../core/limits.ts';
import type { ListPage, ListQuery } from '../../core/list-page.ts';
import { encodeBatch } from '../../core/record.ts';
import { Store } from '../../core/store.ts';
import type { Voter } from '../../core/voter.ts';
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
  WriteResult,
} from '../../node/api.ts';
import { Durations } from '../../node/durations.ts';
import type { DiskGauges, NodeGauges } from '../../node/gauges.ts';
import { type StateView, StateViews } from '../../node/state-views.ts';
import type { WatchScope } from '../../node/watcher.ts';
import type { PeerAnswer, PeerCallName } from '../../ports/peers.ts';
import { FakeWatch } from './fake-watch.ts';

export interface PeerCallSeen {
  readonly name: PeerCallName;
  readonly message: unknown;
  readonly body: Uint8Array;
}

export class FakeNode implements NodeApi {
  readonly nodeId = 'node-a';
  readonly role = 'master';
  limits: Limits = makeLimits();
  state = 'active';
  epoch = 3;
  logTime = 0;
  readonly store = new Store();
  /** What the next list answers. */
  page: ListPage = { revision: 0, entries: [], next: null };

  /** Where the active master is believed to be, while this node is not it. */
  masterUrl: string | null = null;
  hasLease = true;
  /** What the next calls end with, where that is not success. */
  readError: DsmError | null = null;
  writeError: DsmError | null = null;
  writeResult: WriteResult | null = null;
  adminError: DsmError | null = null;
  lockError: DsmError | null = null;
  peerAnswer: PeerAnswer = { status: 200, message: {} };
  disk: DiskGauges | null = null;
  checksFound: Check[] = [{ name: 'running', ok: true, detail: 'running' }];
  /** Calls back when `wake` is called; null calls back at once with `no_master`. */
  held: ((error: DsmError | null) => void)[] = [];

  readonly reads: ReadOptions[] = [];
  readonly lists: { readonly query: ListQuery; readonly options: ReadOptions }[] = [];
  readonly watches: FakeWatch[] = [];
  resetsWatches = false;
  hasTouch = true;
  readonly writes: WriteRequest[] = [];
  readonly forgotten: string[] = [];
  readonly admin: string[] = [];
  readonly peerCalls: PeerCallSeen[] = [];

  put(key: string, text: string, contentType = 'application/octet-stream'): number {
    const value = new TextEncoder().encode(text);
    const common = { ttlMs: 0, condition: 'none', request: null } as const;
    this.#apply({ kind: 'put', key, value, contentType, ...common });
    return this.appliedLsn;
  }

  get appliedLsn(): number {
    return this.store.appliedLsn;
  }

  /** What is stored; '' where nothing is. */
  textOf(key: string): string {
    return new TextDecoder().decode(this.store.get(key)?.value);
  }

  /** The master is somewhere else, or nowhere. */
  standBy(masterUrl: string | null): void {
    this.state = 'standby';
    this.masterUrl = masterUrl;
  }

  /** A master was found: what is held goes on. */
  wake(error: DsmError | null = null): void {
    const held = this.held;
    this.held = [];
    for (const done of held) done(error);
  }

  readNow(key: string): EntryView | null | undefined {
    if (this.state !== 'active' || !this.hasLease) return undefined;
    return this.store.get(key) ?? null;
  }

  read(key: string, options: ReadOptions, done: ReadDone): void {
    this.reads.push(options);
    if (this.readError === null) done(null, this.store.get(key) ?? null);
    else done(this.readError, null);
  }

  list(query: ListQuery, options: ReadOptions, done: ListDone): void {
    this.lists.push({ query, options });
    if (this.readError === null) done(null, this.page);
    else done(this.readError, null);
  }

  watch(scope: WatchScope, from: number | null, options: ReadOptions, done: WatchDone): void {
    if (this.readError !== null) return done(this.readError, null);
    const watch = new FakeWatch({ scope, from, options });
    this.watches.push(watch);
    watch.isReset = this.resetsWatches;
    watch.revision = this.appliedLsn;
    done(null, watch);
  }

  isInTouch(): boolean {
    return this.hasTouch;
  }

  keyRevision(): number {
    return this.hasTouch ? this.appliedLsn : 0;
  }

  write(request: WriteRequest, done: WriteDone): void {
    this.writes.push(request);
    if (this.writeError !== null) done(this.writeError, null);
    else done(null, this.writeResult ?? this.#apply(request));
  }

  look(options: ReadOptions, done: (error: DsmError | null, store: Store | null) => void): void {
    this.reads.push(options);
    done(this.readError, this.readError === null ? this.store : null);
  }

  /** Answered by what the store says at once. */
  awaitLock(
    name: string,
    session: number,
    _waitMs: number,
    done: (error: DsmError | null, token: number | null) => void,
  ): void {
    const lock = this.store.sessions.lock(name);
    done(this.lockError, lock?.queue[0] === session ? lock.token : null);
  }

  readonly views = new StateViews();

  viewState(
    options: ReadOptions,
    done: (error: DsmError | null, view: StateView | null) => void,
  ): void {
    this.reads.push(options);
    if (this.readError !== null) return done(this.readError, null);
    const { store } = this;
    const log = { epochAt: () => this.epoch, membersAt: () => [] };
    const voter = { clusterId: 'cluster-1', store, log } as unknown as Voter;
    try {
      done(null, this.views.open(voter));
    } catch (error) {
      done(error as DsmError, null);
    }
  }

  logTimeMs(): number {
    return this.logTime;
  }

  /** As a cluster would, without one. */
  #apply(request: WriteRequest): WriteResult | null {
    const [record] = encodeBatch([request], this.appliedLsn + 1, this.epoch, this.logTime).records;
    if (record === undefined) throw new Error('one command is one record');
    return this.store.apply(record);
  }

  activeUrl(): string | null {
    return this.isActive() ? 'http://127.0.0.1:12345' : this.masterUrl;
  }

  isActive(): boolean {
    return this.state === 'active';
  }

  awaitActive(done: (error: DsmError | null) => void): void {
    this.held.push(done);
  }

  forgetActive(url: string): void {
    this.forgotten.push(url);
    if (this.masterUrl === url) this.masterUrl = null;
  }

  onPeerCall(
    name: PeerCallName,
    message: unknown,
    body: Uint8Array,
    reply: (answer: PeerAnswer) => void,
  ): void {
    this.peerCalls.push({ name, message, body });
    reply(this.peerAnswer);
  }

  status(): NodeStatus {
    const { nodeId, role, state, epoch, appliedLsn } = this;
    const url = 'http://127.0.0.1:12345';
    const master = this.isActive() ? { nodeId, url } : null;
    return {
      ...{ nodeId, role, state, epoch, appliedLsn, url, master, clusterId: 'cluster-1' },
      ...{ promised: epoch, lastLsn: appliedLsn, durableLsn: appliedLsn, committedLsn: appliedLsn },
      ...{ snapshotLsn: 0, keys: this.store.keyCount, memoryBytes: 0, stateHash: 'hash' },
      ...{ writeQuorumAcks: 0, voters: 1, leaseRemainingMs: 900, members: [], counters: {} },
    };
  }

  checks(): Check[] {
    return this.checksFound;
  }

  gauges(): NodeGauges {
    const none = new Durations().view();
    return {
      ...{ queuedWrites: 1, queuedBytes: 2, openWrites: 3, waitingReads: 4, waitingLocks: 5 },
      ...{ heldCalls: 6, watches: 7, sessions: this.store.sessions.size },
      ...{ locks: this.store.sessions.lockCount, commits: none, disk: this.disk },
    };
  }

  handoff(nodeId: string, done: (error: DsmError | null) => void): void {
    this.admin.push(`handoff ${nodeId}`);
    done(this.adminError);
  }

  removeMember(nodeId: string, done: (error: DsmError | null) => void): void {
    this.admin.push(`remove ${nodeId}`);
    done(this.adminError);
  }

  forceConfig(done: (error: DsmError | null) => void): void {
    this.admin.push('force');
    done(this.adminError);
  }

  stop(): void {
    this.state = 'stopped';
    this.wake(new DsmError('shutting_down'));
  }
}
