/**
 * The invariants of DESIGN.md §5, looked at after every event of a run. A violation throws, with the
 * rule's name, so that the run stops where the damage was done and not where it is noticed.
 */
import type { Record } from '../core/record.ts';
import type { Voter } from '../core/voter.ts';
import type { PeerAnswer, PeerCall } from '../ports/peers.ts';
import type { World } from './world.ts';

export class InvariantError extends Error {
  override readonly name = 'InvariantError';
  readonly rule: string;
  constructor(rule: string, message: string) {
    super(`${rule}: ${message}`);
    this.rule = rule;
  }
}

/** What one life of a node had reached when it was last looked at. */
interface Seen {
  voter: Voter;
  committedLsn: number;
  lastLsn: number;
  lastEpoch: number;
}

export class Invariants {
  readonly #world: World;
  /** What every node must agree on: lsn → identity of the committed record. */
  readonly #committed = new Map<number, string>();
  /** (epoch, lsn) → checksum: never two records (I10). */
  readonly #records = new Map<string, number>();
  readonly #told = new Map<string, number>();
  readonly #hashes = new Map<number, number>();
  readonly #seen = new Map<string, Seen>();
  /** lsns that a client was told are done. */
  readonly #done = new Set<number>();
  highestCommittedLsn = 0;

  constructor(world: World) {
    this.#world = world;
    world.network.onAnswer = (_from, _to, call, answer) => this.#onAnswer(call, answer);
  }

  /** After every event. Looks only at what has changed. */
  check(): void {
    for (const { name, node } of this.#world.seats.values()) {
      if (node === null) this.#seen.delete(name);
      else this.#checkVoter(name, node.inspect());
    }
  }

  #checkVoter(name: string, voter: Voter): void {
    let seen = this.#seen.get(name);
    if (seen?.voter !== voter) {
      seen = { voter, committedLsn: voter.committedLsn, lastLsn: 0, lastEpoch: 0 };
      this.#seen.set(name, seen);
    }
    this.#checkPromise(voter);
    const { last } = voter.log;
    if (last.lsn !== seen.lastLsn || last.epoch !== seen.lastEpoch) {
      for (let lsn = Math.min(seen.lastLsn, last.lsn); lsn <= last.lsn; lsn += 1) {
        const record = voter.log.at(lsn);
        if (record !== undefined) this.#checkIdentity(record);
      }
      seen.lastLsn = last.lsn;
      seen.lastEpoch = last.epoch;
    }
    if (voter.committedLsn < seen.committedLsn) {
      throw new InvariantError('I3', `${name} took back commits to ${voter.committedLsn}`);
    }
    for (let lsn = seen.committedLsn + 1; lsn <= voter.committedLsn; lsn += 1) {
      const record = voter.log.at(lsn);
      if (record !== undefined) this.#checkCommitted(name, record);
    }
    if (voter.committedLsn > seen.committedLsn) {
      this.highestCommittedLsn = Math.max(this.highestCommittedLsn, voter.committedLsn);
      seen.committedLsn = voter.committedLsn;
      this.#checkState(name, voter);
    }
  }

  /** I4: a promise that was told to anybody never goes down, across restarts of the same nodeId. */
  #checkPromise({ self, promised }: Voter): void {
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
  #checkIdentity(record: Record): void {
    const place = `${record.epoch}:${record.lsn}`;
    const sum = checksum(record);
    const known = this.#records.get(place);
    if (known === undefined) this.#records.set(place, sum);
    else if (known !== sum) throw new InvariantError('I10', `two records at epoch:lsn ${place}`);
  }

  /** I3: a committed prefix never changes, on any node. */
  #checkCommitted(name: string, record: Record): void {
    const identity = `${record.epoch}:${checksum(record)}`;
    const known = this.#committed.get(record.lsn);
    if (known === undefined) this.#committed.set(record.lsn, identity);
    else if (known !== identity) {
      throw new InvariantError('I3', `${name} committed another record at ${record.lsn}`);
    }
  }

  /** I9: nodes of equal appliedLsn have equal state. */
  #checkState(name: string, { store }: Voter): void {
    const known = this.#hashes.get(store.appliedLsn);
    if (known === undefined) this.#hashes.set(store.appliedLsn, store.hash);
    else if (known !== store.hash) {
      throw new InvariantError('I9', `${name} has another state at ${store.appliedLsn}`);
    }
  }

  /** I1: a client was told "done": the record is on a majority of the newest configuration. */
  onDone(lsn: number): void {
    // The answer is given in the same event in which the record was committed.
    this.check();
    if (lsn > this.highestCommittedLsn) {
      throw new InvariantError('I1', `a client was told that ${lsn} is done; it is not committed`);
    }
    this.#done.add(lsn);
  }

  /** At the end: what clients were told is in the log of whoever is active. */
  checkDone(voter: Voter): void {
    for (const lsn of this.#done) {
      if (lsn > voter.committedLsn) {
        throw new InvariantError('I1', `acknowledged ${lsn} is not committed at the end`);
      }
    }
  }
}

function checksum({ frame }: Record): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(4, true);
}
