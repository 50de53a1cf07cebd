/**
 * The invariants of DESIGN.md §5, looked at after every event of a run. A violation throws, with the
 * rule's name, so that the run stops where the damage was done and not where it is noticed.
 */
import type { Position } from '../core/messages.ts';
import { isMajority } from '../core/quorum.ts';
import type { Record } from '../core/record.ts';
import type { Voter } from '../core/voter.ts';
import type { PeerAnswer, PeerCall } from '../ports/peers.ts';
import type { Cluster, Seat } from './cluster.ts';
import { InvariantError } from './invariant-error.ts';
import type { Oracle } from './model/oracle.ts';
import { StateAgreement } from './state-agreement.ts';

export { InvariantError };

/** What one life of a node had reached when it was last looked at. */
interface Seen {
  readonly voter: Voter;
  committedLsn: number;
  appliedLsn: number;
  /** The end of its log. */
  last: Position;
  promised: number;
}

export class Invariants {
  readonly #seats: readonly Seat[];
  /** What every node must agree on: lsn → the committed record. */
  readonly #committed = new Map<number, Record>();
  /** epoch → lsn → checksum: never two records (I10). */
  readonly #records = new Map<number, Map<number, number>>();
  /** epoch → the one master that is active in it (I2). */
  readonly #activeIds = new Map<number, string>();
  /** epoch → nodeId → the last lsn of that epoch that this node has ever held. */
  readonly #held = new Map<number, Map<string, number>>();
  readonly #told = new Map<string, number>();
  readonly #states = new StateAgreement();
  /** By seat. */
  readonly #seen: (Seen | undefined)[] = [];
  /** lsns that a client was told are done. */
  readonly #done = new Set<number>();
  /** The highest of them: what is read from now on is as new as that, unless it may be stale. */
  highestDoneLsn = 0;
  highestCommittedLsn = 0;
  /** The log's time in the newest committed record. */
  committedLogTimeMs = 0;

  constructor(world: Cluster) {
    this.#seats = [...world.seats.values()];
    world.network.onAnswer = (_from, _to, call, answer) => this.#onAnswer(call, answer);
  }

  /** After every event. Looks only at what has changed. */
  check(): void {
    for (let index = 0; index < this.#seats.length; index += 1) {
      const { name, node } = this.#seats[index]!;
      if (node === null) {
        this.#seen[index] = undefined;
        continue;
      }
      const voter = node.inspect();
      let seen = this.#seen[index];
      if (seen?.voter !== voter) {
        seen = this.#meet(voter);
        this.#seen[index] = seen;
      }
      if (voter.promised !== seen.promised) this.#checkPromise(seen, voter);
      const { last } = voter.log;
      const isSame = last.lsn === seen.last.lsn && last.epoch === seen.last.epoch;
      if (!isSame) this.#checkLog(seen, voter);
      if (voter.committedLsn !== seen.committedLsn) this.#checkCommits(name, seen, voter);
      this.#checkState(name, seen, voter);
      if (node.role === 'master' && node.isActive()) this.#checkActive(node.epoch, node.nodeId);
    }
  }

  /** A node that has just begun to live; what it found on its disk counts. */
  #meet(voter: Voter): Seen {
    const { committedLsn } = voter;
    return { voter, committedLsn, appliedLsn: 0, last: { epoch: 0, lsn: 0 }, promised: -1 };
  }

  /** As it is: to look at `store` would bring a state up to date that the node left behind. */
  #checkState(name: string, seen: Seen, { storeAsApplied: store }: Voter): void {
    if (store.appliedLsn === seen.appliedLsn) return;
    seen.appliedLsn = store.appliedLsn;
    this.#states.check(name, store);
  }

  /** I2: an epoch has one active master, ever. */
  #checkActive(epoch: number, nodeId: string): void {
    const owner = this.#activeIds.get(epoch);
    if (owner === undefined) this.#activeIds.set(epoch, nodeId);
    else if (owner !== nodeId) {
      throw new InvariantError('I2', `${owner} and ${nodeId} are active in epoch ${epoch}`);
    }
  }

  #checkLog(seen: Seen, voter: Voter): void {
    const { last, base } = voter.log;
    const { nodeId } = voter.self;
    // Of another epoch, more than the end may be new.
    const isSameEpoch = last.epoch === seen.last.epoch;
    const from = isSameEpoch ? Math.min(seen.last.lsn, last.lsn) : seen.committedLsn;
    for (let lsn = from; lsn <= last.lsn; lsn += 1) {
      const record = voter.log.at(lsn);
      if (record !== undefined) this.#checkIdentity(nodeId, record);
    }
    seen.last = last;
    this.#noteHeld(nodeId, base.epoch, base.lsn);
  }

  #checkCommits(name: string, seen: Seen, voter: Voter): void {
    const { committedLsn } = voter;
    if (committedLsn < seen.committedLsn) {
      throw new InvariantError('I3', `${name} took back commits to ${committedLsn}`);
    }
    for (let lsn = seen.committedLsn + 1; lsn <= committedLsn; lsn += 1) {
      const record = voter.log.at(lsn);
      if (record !== undefined) this.#checkCommitted(name, record);
    }
    this.highestCommittedLsn = Math.max(this.highestCommittedLsn, committedLsn);
    seen.committedLsn = committedLsn;
  }

  /** I4: a promise that was told to anybody never goes down, across restarts of the same nodeId. */
  #checkPromise(seen: Seen, { self, promised }: Voter): void {
    seen.promised = promised;
    const told = this.#told.get(self.nodeId) ?? 0;
    if (promised < told) {
      throw new InvariantError('I4', `${self.nodeId} promised ${told}, and now ${promised}`);
    }
  }

  /** A promise, and the ACK of an append, tell the epoch that the node vowed to. */
  #onAnswer(call: PeerCall, answer: PeerAnswer): void {
    if (answer.status !== 200 || (call.name !== 'promise' && call.name !== 'append')) return;
    const { nodeId, epoch } = answer.message as { nodeId: string; epoch: number };
    this.#told.set(nodeId, Math.max(epoch, this.#told.get(nodeId) ?? 0));
  }

  /** I10: the same (epoch, lsn) is never two records. */
  #checkIdentity(nodeId: string, record: Record): void {
    const { epoch, lsn } = record;
    const sums = getOrMake(this.#records, epoch);
    const sum = record.crc;
    const known = sums.get(lsn);
    if (known === undefined) sums.set(lsn, sum);
    else if (known !== sum) throw new InvariantError('I10', `two records at ${epoch}:${lsn}`);
    this.#noteHeld(nodeId, epoch, lsn);
  }

  #noteHeld(nodeId: string, epoch: number, lsn: number): void {
    const held = getOrMake(this.#held, epoch);
    held.set(nodeId, Math.max(lsn, held.get(nodeId) ?? 0));
  }

  /** I3: a committed prefix never changes, on any node. */
  #checkCommitted(name: string, record: Record): void {
    const known = this.#committed.get(record.lsn);
    if (known === undefined) {
      this.#committed.set(record.lsn, record);
      this.committedLogTimeMs = Math.max(this.committedLogTimeMs, record.logTimeMs);
    } else if (known.epoch !== record.epoch || known.crc !== record.crc) {
      throw new InvariantError('I3', `${name} committed another record at ${record.lsn}`);
    }
  }

  /**
   * I1: a client is told "done": the record is committed, and on a majority of the newest
   * configuration with the active master's own synced log. `voter` is of the master that says so;
   * called in the event in which it does.
   */
  onDone(lsn: number, voter?: Voter): void {
    this.check();
    this.#expectCommitted('I1', lsn);
    this.#done.add(lsn);
    this.highestDoneLsn = Math.max(this.highestDoneLsn, lsn);
    const record = this.#committed.get(lsn);
    if (voter === undefined || record === undefined || record.epoch !== voter.promised) return;
    const held = this.#held.get(record.epoch);
    const isHeld = (nodeId: string) => (held?.get(nodeId) ?? 0) >= lsn;
    if (!isMajority([voter.members], isHeld)) {
      throw new InvariantError('I1', `${lsn} is done, and on no majority of ${names(voter)}`);
    }
    if (voter.durableLsn < lsn) {
      throw new InvariantError('I1', `${lsn} is done, and the master has not synced it`);
    }
  }

  /** I6: a client reads what was committed. Called in the event in which it is told. */
  onRead(revision: number): void {
    this.check();
    this.#expectCommitted('I6', revision);
  }

  #expectCommitted(rule: string, lsn: number): void {
    if (lsn <= this.highestCommittedLsn) return;
    throw new InvariantError(rule, `a client was told of ${lsn}, which is not committed`);
  }

  /** What clients were told, for the end. */
  get oracle(): Oracle {
    return this.#states.oracle;
  }

  committedAt(lsn: number): Record | undefined {
    return this.#committed.get(lsn);
  }

  /** At the end: what clients were told is in the log of whoever is active. */
  checkDone(voter: Voter): void {
    for (const lsn of this.#done) {
      if (lsn > voter.committedLsn) {
        throw new InvariantError('I1', `acknowledged ${lsn} is not committed at the end`);
      }
    }
    this.#states.checkReplay(this.#committed, voter.store);
    for (const { name, node } of this.#seats) {
      if (node !== null) this.#states.checkDigest(name, node.inspect().store);
    }
  }
}

function names({ members }: Voter): string {
  return members.map(({ nodeId }) => nodeId).join(' ');
}

function getOrMake<Key, Value>(maps: Map<number, Map<Key, Value>>, epoch: number): Map<Key, Value> {
  let map = maps.get(epoch);
  if (map === undefined) {
    map = new Map();
    maps.set(epoch, map);
  }
  return map;
}
