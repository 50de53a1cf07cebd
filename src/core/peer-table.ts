/**
 * The other nodes as an active master knows them: the voters of the configurations in force, and
 * learners that it has met. Which of them get a batch at once is decided here (DESIGN.md §5 rule 3).
 */
import type { Limits } from './limits.ts';
import { Peer } from './peer.ts';
import { chooseSlaves, type Placement } from './placement.ts';
import type { Member } from './record.ts';
import type { Voter } from './voter.ts';

export interface BatchChoice {
  readonly placement: Placement;
  /** The key of the batch's first command; '' where it has none. */
  readonly key: string;
  /** ACKs that the batch needs beside the own log. */
  readonly needed: number;
  readonly random: () => number;
}

export class PeerTable {
  readonly byId = new Map<string, Peer>();
  readonly #voter: Voter;
  readonly #limits: Limits;

  constructor(voter: Voter) {
    this.#voter = voter;
    this.#limits = voter.limits;
  }

  /** The peer with this identity, a new learner where it is not known. */
  meet(member: Member, nowMs: number): Peer {
    let peer = this.byId.get(member.nodeId);
    if (peer === undefined) {
      peer = this.#add(member, nowMs);
      for (const other of this.byId.values()) {
        // On hearsay only: one that still answers at this URL says so itself, by its ACKs.
        const isSilent = other.isSuspect(nowMs, this.#limits);
        if (other !== peer && other.url === member.url && isSilent) other.isGone = true;
      }
    }
    peer.url = member.url;
    peer.isGone = false;
    return peer;
  }

  #add(member: Member, nowMs: number): Peer {
    const peer = new Peer(member, this.#voter.log.lastLsn + 1, nowMs, this.#limits);
    this.byId.set(member.nodeId, peer);
    return peer;
  }

  /** May one more learner be met? */
  get hasRoom(): boolean {
    return this.byId.size < this.#voter.members.length + this.#limits.learnersMax;
  }

  /** The configurations in force have changed: who votes, and whom to send to. */
  followConfigs(nowMs: number): void {
    const { configs, self } = this.#voter;
    const voters = configs.flat();
    for (const member of voters) {
      if (member.nodeId !== self.nodeId && !this.byId.has(member.nodeId)) this.#add(member, nowMs);
    }
    for (const peer of this.byId.values()) {
      const wasVoter = peer.isVoter;
      peer.isVoter = voters.some(({ nodeId }) => nodeId === peer.nodeId);
      // One that was removed starts anew by itself, when it notices the silence.
      if (wasVoter && !peer.isVoter) this.byId.delete(peer.nodeId);
    }
  }

  dropLostLearners(nowMs: number): void {
    for (const peer of this.byId.values()) {
      const silentMs = nowMs - peer.heardMs;
      if (!peer.isVoter && silentMs >= this.#limits.removeMs) this.byId.delete(peer.nodeId);
    }
  }

  /** Those that get a batch at once: slaves first, backups where there are too few. */
  choose({ placement, key, needed, random }: BatchChoice, nowMs: number): Peer[] {
    const live: Peer[] = [];
    const backups: Peer[] = [];
    for (const peer of this.byId.values()) {
      if (!peer.isVoter || peer.isSuspect(nowMs, this.#limits)) continue;
      (peer.role === 'slave' ? live : backups).push(peer);
    }
    // One that still has an append on its way would only get this one after it: slow slaves are
    // passed over by themselves.
    const ready = live.filter(({ isReady }) => isReady);
    const slaves = ready.length >= needed ? ready : live;
    const chosen = chooseSlaves(slaves, needed, placement, key, random);
    if (chosen.length < needed) chosen.push(...backups);
    return chosen;
  }
}
