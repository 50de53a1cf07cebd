/**
 * The invariants of DESIGN.md §5, looked at after every step of a walk. They say what must be true
 * at once, and not only what shows in the end: a write that is told to be done is on a majority of
 * the newest configuration, a new active master holds all that is committed, and a master that may
 * answer a READ knows all that is done.
 */
import { majorityOf } from '../../core/quorum.ts';
import type { Record } from '../../core/record.ts';
import type { Voter } from '../../core/voter.ts';
import type { DsmNode } from '../../node/node.ts';
import type { PeerAnswer, PeerCall } from '../../ports/peers.ts';
import { InvariantError } from '../invariants.ts';

/** What the rules look at. */
export type WatchedNode = Pick<
  DsmNode,
  'nodeId' | 'epoch' | 'appliedLsn' | 'isActive' | 'readNow' | 'inspect'
>;

interface Named {
  readonly name: string;
  readonly node: WatchedNode | null;
}

/** What was seen of one life of a node. */
interface Seen {
  voter: Voter;
  lastLsn: number;
  lastEpoch: number;
  durableLsn: number;
  committedLsn: number;
  activeEpoch: number;
}

export class WalkRules {
  /** (epoch, lsn) → checksum. */
  readonly #records = new Map<string, number>();
  /** lsn → epoch of the committed record. */
  readonly #committed = new Map<number, number>();
  /** lsn → lowest epoch of a master that was seen to commit it. */
  readonly #committedIn = new Map<number, number>();
  /** (epoch, lsn) → nodeIds that ever held the record durably. */
  readonly #holders = new Map<string, Set<string>>();
  /** nodeId → its log begins after this: what was before is applied there. */
  readonly #trimmed = new Map<string, number>();
  readonly #told = new Map<string, number>();
  readonly #hashes = new Map<number, number>();
  readonly #ownerOfEpoch = new Map<number, string>();
  readonly #seen = new Map<string, Seen>();
  highestCommittedLsn = 0;
  highestDoneLsn = 0;

  /** `leasesHold`: the clocks keep to their allowance. */
  check(seats: readonly Named[], leasesHold: boolean): void {
    for (const { name, node } of seats) {
      if (node === null) this.#seen.delete(name);
      else this.#checkNode(name, node);
    }
    if (leasesHold) for (const { name, node } of seats) this.#checkLease(name, node);
  }

  #checkNode(name: string, node: WatchedNode): void {
    const voter = node.inspect();
    let seen = this.#seen.get(name);
    if (seen?.voter !== voter) {
      const { committedLsn } = voter;
      seen = { voter, lastLsn: 0, lastEpoch: 0, durableLsn: 0, committedLsn, activeEpoch: 0 };
      this.#seen.set(name, seen);
    }
    const told = this.#told.get(node.nodeId) ?? 0;
    if (voter.promised < told) {
      throw new InvariantError('I4', `${name} promised ${told}, and now ${voter.promised}`);
    }
    this.#checkRecords(seen);
    this.#checkCommitted(name, node, seen);
    if (node.isActive() && node.epoch !== seen.activeEpoch) this.#checkActive(name, node, seen);
  }

  #checkRecords(seen: Seen): void {
    const { voter } = seen;
    const { last, base } = voter.log;
    this.#trimmed.set(voter.self.nodeId, base.lsn);
    const isSame = last.lsn === seen.lastLsn && last.epoch === seen.lastEpoch;
    if (isSame && voter.durableLsn === seen.durableLsn) return;
    // The log is short, and may have been replaced from anywhere.
    for (let lsn = base.lsn + 1; lsn <= last.lsn; lsn += 1) {
      const record = voter.log.at(lsn);
      if (record !== undefined) this.#checkRecord(record, voter);
    }
    seen.lastLsn = last.lsn;
    seen.lastEpoch = last.epoch;
    seen.durableLsn = voter.durableLsn;
  }

  #checkRecord(record: Record, { self, durableLsn }: Voter): void {
    const place = placeOf(record);
    const sum = checksum(record);
    const known = this.#records.get(place);
    if (known === undefined) this.#records.set(place, sum);
    else if (known !== sum) throw new InvariantError('I10', `two records at epoch:lsn ${place}`);
    if (record.lsn > durableLsn) return;
    const holders = this.#holders.get(place);
    if (holders === undefined) this.#holders.set(place, new Set([self.nodeId]));
    else holders.add(self.nodeId);
  }

  #checkCommitted(name: string, node: WatchedNode, seen: Seen): void {
    const { voter } = seen;
    if (voter.committedLsn < seen.committedLsn) {
      throw new InvariantError('I3', `${name} took back commits to ${voter.committedLsn}`);
    }
    for (let lsn = seen.committedLsn + 1; lsn <= voter.committedLsn; lsn += 1) {
      if (node.isActive()) this.#noteCommit(lsn, node.epoch);
      const epoch = voter.log.epochAt(lsn);
      if (epoch === undefined) continue;
      const known = this.#committed.get(lsn) ?? epoch;
      if (known !== epoch) throw new InvariantError('I3', `${name} committed another ${lsn}`);
      this.#committed.set(lsn, epoch);
    }
    seen.committedLsn = voter.committedLsn;
    this.highestCommittedLsn = Math.max(this.highestCommittedLsn, voter.committedLsn);
    const { appliedLsn, hash } = voter.storeAsApplied;
    const known = this.#hashes.get(appliedLsn) ?? hash;
    if (known !== hash) throw new InvariantError('I9', `${name} has another state`);
    this.#hashes.set(appliedLsn, hash);
  }

  #noteCommit(lsn: number, epoch: number): void {
    this.#committedIn.set(lsn, Math.min(epoch, this.#committedIn.get(lsn) ?? epoch));
  }

  /** I2: an epoch has one master; and what is committed is in its log. */
  #checkActive(name: string, node: WatchedNode, seen: Seen): void {
    const { epoch, nodeId } = node;
    seen.activeEpoch = epoch;
    const owner = this.#ownerOfEpoch.get(epoch) ?? nodeId;
    this.#ownerOfEpoch.set(epoch, nodeId);
    if (owner !== nodeId) throw new InvariantError('I2', `two masters in epoch ${epoch}`);
    const { log } = node.inspect();
    for (const [lsn, committedEpoch] of this.#committed) {
      // An older master that does not know yet that it is none lacks what was committed after it,
      // be it a record of before. Where nobody was seen to commit it, it was when it was written.
      const committedIn = this.#committedIn.get(lsn) ?? committedEpoch;
      if (lsn <= log.base.lsn || committedIn >= epoch) continue;
      if (log.epochAt(lsn) !== committedEpoch) {
        throw new InvariantError('I3', `${name} won epoch ${epoch} without the committed ${lsn}`);
      }
    }
  }

  /** I7: who may answer a READ now knows what was done. */
  #checkLease(name: string, node: WatchedNode | null): void {
    if (node === null || !node.isActive() || node.appliedLsn >= this.highestDoneLsn) return;
    if (node.readNow('k') === undefined) return;
    throw new InvariantError('I7', `${name} may answer reads and lacks ${this.highestDoneLsn}`);
  }

  /** A promise, and the ACK of an append, tell the epoch that the node vowed to. */
  onAnswer({ name }: PeerCall, { status, message }: PeerAnswer): void {
    if (status !== 200 || (name !== 'promise' && name !== 'append')) return;
    const { nodeId, epoch } = message as { nodeId: string; epoch: number };
    this.#told.set(nodeId, Math.max(epoch, this.#told.get(nodeId) ?? 0));
  }

  /** I1: a client is told at `node` that `lsn` is done. */
  onDone(seats: readonly Named[], node: WatchedNode, lsn: number): void {
    this.check(seats, false);
    const voter = node.inspect();
    if (lsn > voter.committedLsn) {
      throw new InvariantError('I1', `${lsn} is done and not committed`);
    }
    this.highestDoneLsn = Math.max(this.highestDoneLsn, lsn);
    const epoch = this.#committed.get(lsn);
    // Committed and trimmed in one step: nobody can tell any more.
    if (epoch === undefined) return;
    const holders = this.#holders.get(`${epoch}:${lsn}`);
    const isHolder = (nodeId: string) =>
      holders?.has(nodeId) === true || (this.#trimmed.get(nodeId) ?? 0) >= lsn;
    const held = voter.members.filter(({ nodeId }) => isHolder(nodeId)).length;
    const isHeld = held >= majorityOf(voter.members.length) && voter.durableLsn >= lsn;
    if (!isHeld) {
      const many = `${held} of ${voter.members.length}`;
      throw new InvariantError('I1', `${lsn} is done, and synced at ${many} voters`);
    }
  }
}

function placeOf({ epoch, lsn }: Record): string {
  return `${epoch}:${lsn}`;
}

/** The CRC of the frame. */
function checksum({ frame }: Record): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(4, true);
}
