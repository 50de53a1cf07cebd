/**
 * The follower's half of the protocol, shared by slaves and masters: promise, append, vow, commit
 * and apply (DESIGN.md §5 rules 1, 2, 4, 7, 9). Every method is one synchronous step, so that what
 * is true at its top is true at its bottom.
 *
 * Durability is not decided here: what must reach a disk is put into `writes`, in order, and whoever
 * runs the voter answers only when the writes before the answer are synced. A slave has no disk;
 * its writes count as done at once.
 */
import { assert } from './errors.ts';
import type { Change } from './history.ts';
import type { Limits } from './limits.ts';
import { Log } from './log.ts';
import type {
  Append,
  AppendAck,
  Position,
  PromiseGrant,
  PromiseRefusal,
  PromiseRequest,
  Refusal,
} from './messages.ts';
import type { Configs } from './quorum.ts';
import type { Member, Record } from './record.ts';
import type { SnapshotHeader } from './snapshot.ts';
import type { Result, Store } from './store.ts';

/** What must reach the disk, in this order. `meta` means: the voter's meta as it is when written. */
export type Write =
  | { readonly kind: 'append'; readonly records: readonly Record[] }
  | { readonly kind: 'cut'; readonly lsn: number }
  | { readonly kind: 'meta' }
  | { readonly kind: 'snapshot' };

/** Grants nothing to others until `untilMs` on the own monotonic clock (rule 7). */
export interface Vow {
  readonly masterId: string;
  readonly epoch: number;
  readonly untilMs: number;
}

/** The active master as last heard of. */
export interface KnownMaster {
  readonly nodeId: string;
  readonly url: string;
  readonly epoch: number;
}

/** Entries looked at by `ownValues` for each record applied. */
const sweepShare = 2;

export interface VoterOptions {
  readonly self: Member;
  readonly limits: Limits;
  readonly hasDisk: boolean;
  readonly clusterId: string;
  readonly promised: number;
  readonly promisedTo: string;
  readonly leaseGrantedMs: number;
  /** No promise before this: vows made before a restart may still run. */
  readonly quietUntilMs: number;
  readonly log: Log;
  readonly store: Store;
  /** Called for each record as it is applied, in order. */
  readonly onApplied: (record: Record, result: Result | null) => void;
}

export class Voter {
  readonly self: Member;
  readonly limits: Limits;
  readonly hasDisk: boolean;
  clusterId: string;
  /** Lower epochs are refused. Never goes down (I4). */
  promised: number;
  /** Who may repeat the request for `promised`; '' where it was not asked for. */
  promisedTo: string;
  /** Longest vow ever given to another node, ms. */
  leaseGrantedMs: number;
  log: Log;
  /** Up to its appliedLsn, which may be behind `committedLsn`; who reads takes `store`. */
  storeAsApplied: Store;
  /** Never goes down. */
  committedLsn: number;
  /** The highest committedLsn that an active master has told; the own one may be behind it, or before. */
  heardCommittedLsn = 0;
  /** Synced up to here; lastLsn where there is no disk. */
  durableLsn: number;
  vow: Vow | null = null;
  master: KnownMaster | null = null;
  /** The same, and stays when that one is not believed in any more; '' before the first. */
  lastMasterId = '';
  /** Own time of the last append or poll answer taken or refused for a gap, of an epoch not lower. */
  masterHeardMs = -Infinity;
  /** Drained by the one who runs the voter. */
  writes: Write[] = [];
  #isApplying = false;
  #quietUntilMs: number;
  readonly #onApplied: VoterOptions['onApplied'];

  constructor(options: VoterOptions) {
    this.self = options.self;
    this.limits = options.limits;
    this.hasDisk = options.hasDisk;
    this.clusterId = options.clusterId;
    this.log = options.log;
    this.storeAsApplied = options.store;
    this.promised = Math.max(options.promised, this.log.last.epoch);
    this.promisedTo = this.promised === options.promised ? options.promisedTo : '';
    this.leaseGrantedMs = options.leaseGrantedMs;
    this.committedLsn = options.store.appliedLsn;
    this.durableLsn = this.log.lastLsn;
    this.#quietUntilMs = options.quietUntilMs;
    this.#onApplied = options.onApplied;
  }

  get configs(): Configs {
    return this.log.configsInForce(this.committedLsn);
  }

  /** The voters of the newest configuration. */
  get members(): readonly Member[] {
    return this.log.members;
  }

  isVoter(): boolean {
    return this.configs.some((voters) => voters.some((v) => v.nodeId === this.self.nodeId));
  }

  // ── append (rules 1, 2) ───────────────────────────────────────────────────────────────────────

  /**
   * Takes the records of an active master. The ACK may be sent when `writes` are done, and before
   * what it commits is applied: `applyCommitted` does that.
   */
  onAppend(append: Append, records: readonly Record[], nowMs: number): AppendAck | Refusal {
    if (this.clusterId !== '' && append.clusterId !== this.clusterId)
      return this.#refuse('cluster');
    if (append.epoch < this.promised) return this.#refuse('epoch');
    this.#enterCluster(append.clusterId);
    this.#promiseByAppend(append);
    this.master = { nodeId: append.masterId, url: append.masterUrl, epoch: append.epoch };
    this.lastMasterId = append.masterId;
    this.masterHeardMs = nowMs;
    this.heardCommittedLsn = Math.max(this.heardCommittedLsn, append.committedLsn);
    if (this.committedLsn + 1 < append.startLsn && !this.#holds(append.prev)) {
      return this.#refuse('snapshot');
    }
    if (!this.#holds(append.prev)) return this.#refuse('gap');
    const ackedLsn = this.takeRecords(append.prev, records);
    this.#vowTo(append, nowMs);
    this.#commit(Math.min(append.committedLsn, ackedLsn));
    const { nodeId } = this.self;
    return { nodeId, epoch: append.epoch, ackedLsn, appliedLsn: this.committedLsn };
  }

  #enterCluster(clusterId: string): void {
    if (this.clusterId === clusterId) return;
    this.clusterId = clusterId;
    this.#writeMeta();
  }

  /** Taking an append of an epoch is a promise of it. */
  #promiseByAppend(append: Append): void {
    if (append.epoch > this.promised) this.promise(append.epoch, append.masterId);
  }

  /** The log holds this record, or did: what is committed is the same in all logs of later epochs. */
  #holds(position: Position): boolean {
    return this.log.holds(position) || position.lsn < this.log.base.lsn;
  }

  /**
   * Takes records that follow `prev`, which the log holds. One that is here already is passed over;
   * only another record at its lsn cuts. Returns the lsn of the last of *these* records.
   */
  takeRecords(prev: Position, records: readonly Record[]): number {
    const taken: Record[] = [];
    let lsn = prev.lsn;
    for (const record of records) {
      lsn += 1;
      assert(record.lsn === lsn, () => `record ${record.lsn} where ${lsn} was due`);
      if (lsn <= this.log.base.lsn) continue;
      const present = this.log.epochAt(lsn);
      if (present === record.epoch) continue;
      if (present !== undefined) this.#cut(lsn);
      this.log.append(record);
      taken.push(record);
    }
    if (taken.length > 0) this.writes.push({ kind: 'append', records: taken });
    if (!this.hasDisk) this.durableLsn = this.log.lastLsn;
    return lsn;
  }

  #cut(lsn: number): void {
    assert(lsn > this.committedLsn, () => `I3: record ${lsn} is committed and would be cut`);
    this.log.cut(lsn);
    this.durableLsn = Math.min(this.durableLsn, lsn - 1);
    this.writes.push({ kind: 'cut', lsn });
  }

  /** An `append` write is synced; what has been cut since does not count. */
  onSynced(records: readonly Record[]): void {
    const last = records.at(-1);
    if (last !== undefined && this.log.holds({ epoch: last.epoch, lsn: last.lsn })) {
      this.durableLsn = Math.max(this.durableLsn, last.lsn);
    }
  }

  /** The last synced record: what a poll acknowledges. */
  get synced(): Position {
    return this.positionAt(this.durableLsn);
  }

  /** The record at `lsn`; the place before all records where the log does not hold it. */
  positionAt(lsn: number): Position {
    const epoch = this.log.epochAt(lsn);
    return epoch === undefined ? { epoch: 0, lsn: 0 } : { epoch, lsn };
  }

  #vowTo(append: Append, nowMs: number): void {
    if (append.leaseMs <= 0) return;
    const untilMs = Math.max(nowMs + append.leaseMs, this.vow?.untilMs ?? 0);
    this.vow = { masterId: append.masterId, epoch: append.epoch, untilMs };
    if (append.leaseMs > this.leaseGrantedMs) {
      this.leaseGrantedMs = append.leaseMs;
      this.#writeMeta();
    }
  }

  #refuse(reason: Refusal['reason']): Refusal {
    const { promised, committedLsn } = this;
    return { nodeId: this.self.nodeId, reason, promised, committedLsn, lastLsn: this.log.lastLsn };
  }

  // ── commit and apply (rule 4) ─────────────────────────────────────────────────────────────────

  /** The state at `committedLsn`: nobody sees an older one. */
  get store(): Store {
    if (this.storeAsApplied.appliedLsn < this.committedLsn) this.applyCommitted();
    return this.storeAsApplied;
  }

  /** Commits up to `lsn`, as far as the log reaches, and applies. */
  advanceCommitted(lsn: number): void {
    this.#commit(lsn);
    this.applyCommitted();
  }

  #commit(lsn: number): void {
    this.committedLsn = Math.max(this.committedLsn, Math.min(lsn, this.log.lastLsn));
  }

  /** Applies what is committed. Within `onApplied` the state stays at the record that it is told of. */
  applyCommitted(): void {
    const { storeAsApplied: store, log, committedLsn } = this;
    const count = committedLsn - store.appliedLsn;
    if (count <= 0 || this.#isApplying) return;
    this.#isApplying = true;
    try {
      while (store.appliedLsn < committedLsn) {
        const lsn = store.appliedLsn + 1;
        const record = log.at(lsn);
        assert(record !== undefined, () => `record ${lsn} is committed but not here`);
        this.#onApplied(record, store.apply(record));
      }
    } finally {
      this.#isApplying = false;
    }
    log.settle(committedLsn);
    this.#trim();
    store.ownValues(log.base.lsn, count * sweepShare);
  }

  /** Of the changes up to here nothing is known any more. */
  get changesFloorLsn(): number {
    return Math.max(this.log.base.lsn, this.store.history.floorLsn);
  }

  /** What the applied record `lsn` changed; undefined where that is forgotten. */
  changesAt(lsn: number): readonly Change[] | undefined {
    const record = lsn > this.changesFloorLsn ? this.log.at(lsn) : undefined;
    return record === undefined ? undefined : this.store.history.changesOf(record);
  }

  /** Another node says that `position` is committed; who holds exactly it may follow (rule 2). */
  learnCommitted(position: Position): void {
    if (position.lsn > this.committedLsn && this.log.holds(position)) {
      this.advanceCommitted(position.lsn);
    }
  }

  /** Keeps a bounded tail of applied records for catch-up by log. */
  #trim(): void {
    const { log, store, limits } = this;
    if (log.bytes > limits.logTailBytesMax) {
      const durable = this.hasDisk ? this.durableLsn : this.committedLsn;
      // Halve it, so that a follower just behind the edge is not cut off.
      const wanted = log.lsnAfter(log.bytes - limits.logTailBytesMax / 2);
      log.trim(Math.min(wanted, store.appliedLsn, durable));
      store.history.trim(log.base.lsn);
    }
  }

  // ── promise (rule 9) ──────────────────────────────────────────────────────────────────────────

  /** Would a promise be given? Changes nothing, claims no epoch. */
  onProbe(request: PromiseRequest, nowMs: number): PromiseGrant | PromiseRefusal {
    return this.#objection(request, nowMs) ?? this.#grant(request.epoch);
  }

  /** Gives the promise or refuses it. The answer may be sent when `writes` are done. */
  onPromise(request: PromiseRequest, nowMs: number): PromiseGrant | PromiseRefusal {
    const objection = this.#objection(request, nowMs);
    if (objection !== null) return objection;
    this.#enterCluster(request.clusterId);
    // A repeated request may be a late one, of a candidate that has won since: a vow given to it as
    // the active master stays.
    if (request.epoch > this.promised) {
      this.promise(request.epoch, request.candidateId);
      this.vow = null;
      this.master = null;
    }
    return this.#grant(request.epoch);
  }

  #objection(request: PromiseRequest, nowMs: number): PromiseRefusal | null {
    const repeats = request.epoch === this.promised && request.candidateId === this.promisedTo;
    const foreign = this.clusterId !== '' && request.clusterId !== this.clusterId;
    const lower = request.epoch <= this.promised && !repeats;
    const remainingMs = this.vowRemainingMs(request, nowMs);
    if (!foreign && !lower && remainingMs <= 0) return null;
    const { promised, configs } = this;
    return { nodeId: this.self.nodeId, promised, remainingMs: Math.max(0, remainingMs), configs };
  }

  /** How long a vow, of now or of before a restart, still forbids a promise to this candidate. */
  vowRemainingMs(request: Pick<PromiseRequest, 'candidateId' | 'release'>, nowMs: number): number {
    const { vow } = this;
    const { candidateId, release } = request;
    const released =
      vow !== null && release?.epoch === vow.epoch && release.masterId === vow.masterId;
    const binds = vow !== null && vow.masterId !== candidateId && !released;
    return Math.max(binds ? vow.untilMs - nowMs : 0, this.#quietUntilMs - nowMs, 0);
  }

  #grant(epoch: number): PromiseGrant {
    const { committedLsn, configs } = this;
    const { last, configLsn } = this.log;
    return { nodeId: this.self.nodeId, epoch, last, committedLsn, configs, configLsn };
  }

  /** Refuses lower epochs from now on. */
  promise(epoch: number, to: string): void {
    assert(epoch > this.promised, () => `I4: promise of ${epoch} after ${this.promised}`);
    this.promised = epoch;
    this.promisedTo = to;
    this.#writeMeta();
  }

  // ── birth and snapshots ───────────────────────────────────────────────────────────────────────

  /** Founds a cluster whose only voter is this master (rule 12). */
  giveBirth(clusterId: string, record: Record): void {
    assert(this.clusterId === '' && this.log.lastLsn === 0, 'birth on a log that is not empty');
    this.#enterCluster(clusterId);
    this.promise(record.epoch, this.self.nodeId);
    this.takeRecords({ epoch: 0, lsn: 0 }, [record]);
  }

  /**
   * A crash came between the two writes of a birth: the cluster has its name and its founder's
   * promise, but no record. No other way leads here: who claims an epoch in a cluster that it joined
   * holds the records that made it a voter.
   */
  get isBirthUnfinished(): boolean {
    const isFounder = this.promised > 0 && this.promisedTo === this.self.nodeId;
    return this.clusterId !== '' && isFounder && this.log.lastLsn === 0;
  }

  /** Takes the first record again, which is the same each time. */
  finishBirth(record: Record): void {
    assert(this.isBirthUnfinished, 'a birth to be finished');
    this.takeRecords({ epoch: 0, lsn: 0 }, [record]);
  }

  /**
   * Takes a snapshot of the active master of `epoch`, under the epoch check of an append, or of a
   * node whose log this candidate of `epoch` adopts. It is passed over where the log holds its last
   * record already, so a late one never moves the node back. Returns whether the epoch was right.
   */
  onSnapshot(epoch: number, header: SnapshotHeader, store: Store): boolean {
    const { clusterId, position, members } = header;
    if (this.clusterId !== '' && clusterId !== this.clusterId) return false;
    if (epoch < this.promised) return false;
    this.#enterCluster(clusterId);
    if (epoch > this.promised) this.promise(epoch, '');
    if (position.lsn <= this.committedLsn) return true;
    if (this.log.holds(position)) {
      this.advanceCommitted(position.lsn);
      return true;
    }
    this.log = new Log(position, members);
    this.storeAsApplied = store;
    this.committedLsn = position.lsn;
    this.durableLsn = this.hasDisk ? 0 : position.lsn;
    this.writes.push({ kind: 'snapshot' });
    return true;
  }

  /** The snapshot of `lsn` that replaced the log is on disk. */
  onSnapshotSynced(lsn: number): void {
    this.durableLsn = Math.max(this.durableLsn, Math.min(lsn, this.log.lastLsn));
  }

  #writeMeta(): void {
    if (this.hasDisk) this.writes.push({ kind: 'meta' });
  }
}
