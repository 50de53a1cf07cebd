/**
 * A master that is not active (DESIGN.md §5 rules 8, 9, 12): it polls the one that is, and stands for
 * election when that is silent. One with an empty disk waits to hear of a cluster, or founds one.
 */
import type { PromiseRequest, Registration } from '../core/messages.ts';
import { Birth, firstRecord, foundCluster } from './birth.ts';
import { Candidate } from './candidate.ts';
import type { NodeContext } from './context.ts';
import { Patience } from './patience.ts';
import { Poller } from './poller.ts';

export interface StandbyOptions {
  /** Found a cluster without asking the other masters (rule 12). */
  readonly newCluster: boolean;
  /** Started as `dsm master`; a backup never starts a cluster. */
  readonly mayFound: boolean;
  /** Where the active master is believed to be. */
  activeUrl(): string | null;
  onWon(): void;
  /** The master at `url` is of another cluster, which this one can never join with its data. */
  onForeignCluster(clusterId: string, url: string): void;
}

export class Standby {
  readonly #context: NodeContext;
  readonly #options: StandbyOptions;
  readonly #patience: Patience;
  #poller: Poller | null = null;
  #candidate: Candidate | null = null;
  #birth: Birth | null = null;
  /** Slaves that registered here while this master was not active: asked for promises too. */
  readonly #slaveUrls = new Set<string>();

  constructor(context: NodeContext, options: StandbyOptions) {
    this.#context = context;
    this.#options = options;
    this.#patience = new Patience(context);
    const { voter, self } = context;
    if (voter.clusterId === '') this.#birth = this.#expectBirth();
    if (voter.isBirthUnfinished) voter.finishBirth(firstRecord(self));
    this.wait();
  }

  get state(): string {
    if (this.#candidate !== null) return 'candidate';
    return this.#context.voter.clusterId === '' ? 'starting' : 'standby';
  }

  /** Polls, and is no candidate any more. */
  wait(): void {
    this.#candidate?.stop();
    this.#candidate = null;
    this.#patience.renew();
    this.#poller ??= new Poller(
      this.#context,
      () => this.#otherMasterUrls(),
      (clusterId, url) => this.#options.onForeignCluster(clusterId, url),
    );
  }

  /** Another one was promised a higher epoch: it gets the time to win. */
  giveWay(): void {
    if (this.#candidate !== null) this.wait();
  }

  #otherMasterUrls(): string[] {
    const { voter, masterUrls, self } = this.#context;
    const known = voter.members.filter(({ role }) => role === 'master').map(({ url }) => url);
    const urls = new Set([...masterUrls, ...known]);
    urls.delete(self.url);
    return [...urls];
  }

  /** Becomes a candidate. `release`: the lease of the master that hands over to this one. */
  stand(release: PromiseRequest['release']): void {
    this.#candidate?.stop();
    const urls = [...this.#otherMasterUrls(), ...this.#slaveUrls];
    this.#candidate = new Candidate(this.#context, urls, release, {
      onWon: () => this.#onWon(),
      onLost: (reason) => this.#onLost(reason),
    });
  }

  #onLost(reason: string): void {
    this.#context.logger.info('the election was not won', { reason });
    this.wait();
    this.#patience.onLost();
  }

  #onWon(): void {
    this.#poller?.stop();
    this.#poller = null;
    this.#candidate = null;
    this.#slaveUrls.clear();
    this.#options.onWon();
  }

  // ── time ──────────────────────────────────────────────────────────────────────────────────────

  step(nowMs: number): void {
    this.#birth?.step(nowMs);
    this.#poller?.step(nowMs);
    this.#watch(nowMs);
    this.#candidate?.step(nowMs);
  }

  /** Stands when the active master is silent; stops probing when one is heard. */
  #watch(nowMs: number): void {
    const isHeard = this.#options.activeUrl() !== null;
    if (this.#candidate === null && nowMs >= this.#standAtMs()) {
      this.stand(null);
    } else if (this.#candidate?.isClaiming === false && isHeard) {
      this.wait();
    }
  }

  /** When silence of the active master makes this standby a candidate; Infinity if nothing can. */
  #standAtMs(): number {
    // Whether it is a voter is not asked: the newest configuration may not have reached it yet, and
    // probing changes nothing anywhere.
    const isNewborn = this.#context.voter.clusterId === '';
    if (isNewborn || this.#poller?.isFetchingSnapshot === true) return Infinity;
    return this.#patience.endMs;
  }

  nextWakeMs(nowMs: number): number {
    return Math.min(
      this.#poller?.nextWakeMs() ?? Infinity,
      this.#candidate?.nextWakeMs(nowMs) ?? Infinity,
      this.#candidate === null ? this.#standAtMs() : Infinity,
      nowMs + this.#context.limits.heartbeatMs,
    );
  }

  stop(): void {
    this.#poller?.stop();
    this.#candidate?.stop();
  }

  // ── birth, and slaves that find nobody active ─────────────────────────────────────────────────

  #expectBirth(): Birth {
    const { self, masterUrls } = this.#context;
    const { mayFound, newCluster } = this.#options;
    const isFirst = masterUrls.length === 0 || masterUrls[0] === self.url;
    return new Birth(this.#context, {
      others: masterUrls.filter((url) => url !== self.url),
      mayFound: mayFound && (isFirst || newCluster),
      mustNotAsk: newCluster,
      onFounded: () => this.#found(),
    });
  }

  #found(): void {
    this.#birth = null;
    if (this.#context.voter.clusterId === '') foundCluster(this.#context);
  }

  /** Nobody is active here, but a candidate asks everybody it is told of. */
  onRegister({ url, clusterId }: Registration): void {
    if (clusterId !== '') this.#birth?.onForeignSlave(clusterId, url);
    // The newest ones are kept: slaves come back at other ports.
    this.#slaveUrls.delete(url);
    this.#slaveUrls.add(url);
    const [oldest] = this.#slaveUrls;
    if (this.#slaveUrls.size > this.#context.limits.learnersMax && oldest !== undefined) {
      this.#slaveUrls.delete(oldest);
    }
    this.#candidate?.election.learnUrl(url);
    this.#context.changed();
  }
}
