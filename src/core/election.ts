/**
 * One attempt of a master to win an epoch (DESIGN.md §5 rules 8 and 9): first it asks whether a
 * quorum would promise, changing nothing anywhere; then it claims an epoch, collects promises, and
 * adopts the highest log among them, again whenever a better one comes. A promise counts only while
 * the adopted log is at least as high as its giver's.
 *
 * Pure: `takeAsks` gives the questions to send, `onGranted`/`onRefused`/`onUnanswered` take what came back.
 */
import type { Position, PromiseGrant, PromiseRefusal, PromiseRequest } from './messages.ts';
import { comparePositions } from './messages.ts';
import { type Configs, isQuorum } from './quorum.ts';
import type { Member } from './record.ts';
import type { Voter } from './voter.ts';

export interface Ask {
  readonly url: string;
  readonly name: 'probe' | 'promise';
  readonly request: PromiseRequest;
}

/** A log that is higher than the own one and must be adopted before its giver's promise counts. */
export interface Adoption {
  readonly nodeId: string;
  readonly url: string;
  readonly target: Position;
}

interface Granted extends PromiseGrant {
  readonly url: string;
  readonly atMs: number;
}

/** Refused for another reason than time: asked again after this. */
const retryMs = 100;

export class Election {
  phase: 'probing' | 'claiming' = 'probing';
  /** The epoch claimed; while probing the one that would be. */
  epoch: number;
  readonly #voter: Voter;
  readonly #release: PromiseRequest['release'];
  readonly #urls: Map<string, number>;
  readonly #grants = new Map<string, Granted>();
  /** Highest epoch that anybody named. */
  highestSeen: number;
  /** The own promise is synced: only then does it count. */
  isOwnPromiseSynced = false;

  /** `urls`: every node that this master knows of. A handoff skips the probing. */
  constructor(voter: Voter, urls: Iterable<string>, release: PromiseRequest['release']) {
    this.#voter = voter;
    this.#release = release;
    this.#urls = new Map([...urls].map((url) => [url, 0]));
    this.#urls.delete(voter.self.url);
    this.highestSeen = voter.promised;
    this.epoch = voter.promised + 1;
    this.#learnNodes(voter.configs);
  }

  /** How long a vow of its own still keeps this master from standing (rule 7). */
  ownVowRemainingMs(nowMs: number): number {
    const candidateId = this.#voter.self.nodeId;
    return this.#voter.vowRemainingMs({ candidateId, release: this.#release }, nowMs);
  }

  /** The questions that are due: each node is asked until it has granted. */
  takeAsks(nowMs: number): Ask[] {
    const asks: Ask[] = [];
    if (this.phase === 'probing') this.#forgetOldYes(nowMs);
    const granted = new Set([...this.#grants.values()].map(({ url }) => url));
    for (const [url, notBeforeMs] of this.#urls) {
      if (granted.has(url) || notBeforeMs > nowMs) continue;
      this.#urls.set(url, Infinity);
      asks.push({
        url,
        name: this.phase === 'probing' ? 'probe' : 'promise',
        request: this.request,
      });
    }
    return asks;
  }

  /** A yes to a probe is of the moment: those of different hiccups must not add up (M11). */
  #forgetOldYes(nowMs: number): void {
    for (const [nodeId, { url, atMs }] of this.#grants) {
      if (nowMs - atMs < this.#voter.limits.failoverMs) continue;
      this.#grants.delete(nodeId);
      this.#urls.set(url, nowMs);
    }
  }

  get request(): PromiseRequest {
    const { clusterId, self } = this.#voter;
    return {
      clusterId,
      epoch: this.epoch,
      candidateId: self.nodeId,
      candidateUrl: self.url,
      release: this.#release,
    };
  }

  /** When `takeAsks` may have something again. */
  nextWakeMs(): number {
    return Math.min(Infinity, ...this.#urls.values());
  }

  onGranted(ask: Ask, grant: PromiseGrant, nowMs: number): void {
    if (!this.#isPresent(ask) || grant.epoch !== ask.request.epoch) return;
    this.#grants.set(grant.nodeId, { ...grant, url: ask.url, atMs: nowMs });
    this.#learnNodes(grant.configs);
  }

  /**
   * An answer to a question of an earlier phase says nothing now. A probe claims nothing, so it may
   * have named a lower epoch than would be claimed; a promise is of one epoch.
   */
  #isPresent({ name, request }: Ask): boolean {
    if (this.phase === 'probing') return name === 'probe';
    return name === 'promise' && request.epoch === this.epoch;
  }

  /** A node that registers while this master stands. */
  learnUrl(url: string): void {
    if (url !== this.#voter.self.url && !this.#urls.has(url)) this.#urls.set(url, 0);
  }

  onRefused(ask: Ask, refusal: PromiseRefusal, nowMs: number): void {
    this.highestSeen = Math.max(this.highestSeen, refusal.promised);
    this.#learnNodes(refusal.configs);
    if (!this.#isPresent(ask)) return;
    // Nobody would promise an epoch that is not above all promised ones.
    if (this.phase === 'probing') this.epoch = this.highestSeen + 1;
    this.#urls.set(ask.url, nowMs + Math.max(retryMs, refusal.remainingMs));
  }

  onUnanswered(ask: Ask, nowMs: number): void {
    if (!this.#isPresent(ask)) return;
    this.#urls.set(ask.url, nowMs + retryMs);
  }

  /** The voters of every log seen are asked too: the own configuration may be out of date. */
  #learnNodes(configs: Configs): void {
    for (const { url } of configs.flat()) this.learnUrl(url);
  }

  /**
   * While probing: would those who said yes make a quorum? Judged by the configurations in force in
   * the highest log among them, which is the log that would be adopted, and by the highest commit
   * that any of them knows (§4).
   */
  wouldWin(nowMs: number): boolean {
    if (this.ownVowRemainingMs(nowMs) > 0) return false;
    const { last, configLsn } = this.#voter.log;
    let best = { last, configLsn, configs: this.#voter.configs };
    let { committedLsn } = this.#voter;
    for (const grant of this.#grants.values()) {
      committedLsn = Math.max(committedLsn, grant.committedLsn);
      if (comparePositions(grant.last, best.last) > 0) best = grant;
    }
    const inForce = committedLsn >= best.configLsn ? best.configs.slice(-1) : best.configs;
    return this.#isWinning(inForce, (nodeId) => this.#grants.has(nodeId));
  }

  /** Claims an epoch above all seen; the own promise is in `voter.writes` and must be synced first. */
  claim(): void {
    this.phase = 'claiming';
    this.epoch = Math.max(this.highestSeen, this.#voter.promised) + 1;
    this.#voter.promise(this.epoch, this.#voter.self.nodeId);
    this.#grants.clear();
    for (const url of this.#urls.keys()) this.#urls.set(url, 0);
  }

  /**
   * The epoch claimed cannot be won any more: somebody's promise is above it, or another candidate
   * has won it, and this log holds records of it. What was taken from that master was acknowledged,
   * and must not be replaced by the log of a node that promised to this one.
   */
  get isOvertaken(): boolean {
    if (this.phase !== 'claiming') return false;
    const { promised, log } = this.#voter;
    return this.highestSeen > this.epoch || promised > this.epoch || log.last.epoch >= this.epoch;
  }

  /** The highest log that is above the own one, if any. */
  nextAdoption(): Adoption | null {
    let best: Adoption | null = null;
    for (const { nodeId, url, last } of this.#grants.values()) {
      if (this.#voter.log.isAtLeast(last)) continue;
      if (best === null || comparePositions(last, best.target) > 0)
        best = { nodeId, url, target: last };
    }
    return best;
  }

  /** Its log could not be read: the promise does not count, and is asked for again. */
  dropGrant(nodeId: string, nowMs: number): void {
    const grant = this.#grants.get(nodeId);
    if (grant !== undefined) this.#urls.set(grant.url, nowMs + retryMs);
    this.#grants.delete(nodeId);
  }

  /** Do the counted promises win the epoch? */
  hasWon(): boolean {
    const voter = this.#voter;
    if (this.phase !== 'claiming' || !this.isOwnPromiseSynced) return false;
    if (voter.promised !== this.epoch) return false;
    const inForce = voter.log.configsInForce(this.countedCommittedLsn);
    return this.#isWinning(inForce, (nodeId) => this.#isCounted(this.#grants.get(nodeId)));
  }

  #isCounted(grant: Granted | undefined): boolean {
    return grant !== undefined && this.#voter.log.isAtLeast(grant.last);
  }

  /**
   * The highest commit among the promises that count (§4). Once the epoch is won the adopted log
   * holds it, being the highest of a quorum, and the winner must know it too: else a configuration
   * that was needed no more for winning would be needed for committing.
   */
  get countedCommittedLsn(): number {
    let { committedLsn } = this.#voter;
    for (const grant of this.#grants.values()) {
      if (this.#isCounted(grant)) committedLsn = Math.max(committedLsn, grant.committedLsn);
    }
    return committedLsn;
  }

  #isWinning(configs: Configs, granted: (nodeId: string) => boolean): boolean {
    const selfId = this.#voter.self.nodeId;
    const isMaster = (member: Member) => member.nodeId === selfId && member.role === 'master';
    if (configs.at(-1)?.some(isMaster) !== true) return false;
    return isQuorum(configs, (nodeId) => nodeId === selfId || granted(nodeId));
  }
}
