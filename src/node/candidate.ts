/**
 * A candidate at work (DESIGN.md §5 rules 8, 9): carries the questions of `core/election.ts` to the
 * nodes, reads the logs that must be adopted, and says when the epoch is won. While it only probes,
 * the poller goes on looking for an active master beside it.
 */
import { type Ask, Election } from '../core/election.ts';
import type {
  Poll,
  PollAnswer,
  Position,
  PromiseGrant,
  PromiseRefusal,
  PromiseRequest,
  Refusal,
} from '../core/messages.ts';
import { decodeRecords, type Record } from '../core/record.ts';
import type { PeerAnswer } from '../ports/peers.ts';
import type { NodeContext } from './context.ts';
import { installSnapshot } from './snapshot-fetch.ts';

export interface CandidateHooks {
  readonly onWon: () => void;
  /** The attempt is over without success. */
  readonly onLost: (reason: string) => void;
}

export class Candidate {
  readonly election: Election;
  readonly #context: NodeContext;
  readonly #hooks: CandidateHooks;
  #deadlineMs = Infinity;
  #isOver = false;
  #adopting: string | null = null;

  constructor(
    context: NodeContext,
    urls: Iterable<string>,
    release: PromiseRequest['release'],
    hooks: CandidateHooks,
  ) {
    this.#context = context;
    this.#hooks = hooks;
    this.election = new Election(context.voter, urls, release);
    if (release !== null) this.#claim();
  }

  get isClaiming(): boolean {
    return this.election.phase === 'claiming';
  }

  step(nowMs: number): void {
    const { election } = this;
    if (this.#isOver) return;
    if (election.isOvertaken) return this.#lose('another candidate was promised more, or has won');
    if (nowMs >= this.#deadlineMs) return this.#lose('no quorum promised in time');
    if (!this.isClaiming && election.wouldWin(nowMs)) this.#claim();
    if (election.hasWon()) return this.#win();
    for (const ask of election.takeAsks(nowMs)) this.#ask(ask);
    this.#adopt(nowMs);
  }

  nextWakeMs(nowMs: number): number {
    const vowEndsMs = nowMs + this.election.ownVowRemainingMs(nowMs);
    const ownMs = !this.isClaiming && vowEndsMs > nowMs ? vowEndsMs : Infinity;
    return Math.min(this.election.nextWakeMs(), ownMs, this.#deadlineMs);
  }

  stop(): void {
    this.#isOver = true;
  }

  #claim(): void {
    const { clock, limits, logger, persistence, counters } = this.#context;
    this.election.claim();
    counters.elections += 1;
    const { epoch } = this.election;
    logger.info('standing for election', { epoch });
    this.#deadlineMs = clock.monotonicMs() + limits.failoverMs;
    persistence.flush(() => {
      this.election.isOwnPromiseSynced = true;
      this.#context.changed();
    });
  }

  #win(): void {
    this.#isOver = true;
    this.#context.voter.advanceCommitted(this.election.countedCommittedLsn);
    this.#hooks.onWon();
  }

  #lose(reason: string): void {
    this.#isOver = true;
    this.#hooks.onLost(reason);
  }

  #ask(ask: Ask): void {
    const { peers, limits, clock } = this.#context;
    const call = { name: ask.name, message: ask.request, timeoutMs: limits.suspectMs };
    peers.call(ask.url, call, (failure, answer) => {
      if (this.#isOver) return;
      const nowMs = clock.monotonicMs();
      if (failure !== null || answer === null) this.election.onUnanswered(ask, nowMs);
      else this.#onAnswer(ask, answer, nowMs);
      this.#context.changed();
    });
  }

  #onAnswer(ask: Ask, answer: PeerAnswer, nowMs: number): void {
    const isRefusal = answer.status === 409 || answer.status === 423;
    if (answer.status === 200) this.election.onGranted(ask, answer.message as PromiseGrant, nowMs);
    else if (isRefusal) this.election.onRefused(ask, answer.message as PromiseRefusal, nowMs);
    else this.election.onUnanswered(ask, nowMs);
  }

  // ── adopting the highest log ──────────────────────────────────────────────────────────────────

  #adopt(nowMs: number): void {
    if (this.#adopting !== null || !this.isClaiming || !this.election.isOwnPromiseSynced) return;
    const adoption = this.election.nextAdoption();
    if (adoption === null) return;
    this.#adopting = adoption.nodeId;
    this.#context.logger.info('adopting a higher log', {
      from: adoption.nodeId,
      lsn: adoption.target.lsn,
    });
    this.#readLog(adoption.url, this.#context.voter.log.last, nowMs);
  }

  /** Reads on from `synced`, or as a last resort from what is committed here. */
  #readLog(url: string, synced: Position, nowMs: number): void {
    const { voter, self, peers, limits } = this.#context;
    const { epoch } = this.election;
    const message: Poll = {
      clusterId: voter.clusterId,
      nodeId: self.nodeId,
      url: self.url,
      promised: voter.promised,
      synced,
      appliedLsn: voter.store.appliedLsn,
      waitMs: 0,
      echo: null,
      candidateEpoch: epoch,
    };
    const call = { name: 'log', message, timeoutMs: limits.suspectMs } as const;
    peers.call(url, call, (failure, answer) => {
      if (this.#isOver || this.election.isOvertaken) return;
      if (failure !== null || answer === null) return this.#giveUp(nowMs);
      this.#onLog(url, synced, answer);
    });
  }

  #onLog(url: string, asked: Position, answer: PeerAnswer): void {
    const { voter, clock } = this.#context;
    const nowMs = clock.monotonicMs();
    const safe = voter.positionAt(voter.committedLsn);
    if (answer.status === 200) {
      this.#takeLog(url, answer, nowMs);
    } else if (answer.status === 410) {
      this.#readSnapshot(url);
    } else if (
      answer.status === 409 &&
      (answer.message as Refusal).reason === 'gap' &&
      asked.lsn > safe.lsn
    ) {
      this.#readLog(url, safe, nowMs);
    } else {
      this.#giveUp(nowMs);
    }
  }

  #takeLog(url: string, answer: PeerAnswer, nowMs: number): void {
    const { voter, limits } = this.#context;
    const { prev } = answer.message as PollAnswer;
    const records = this.#decode(answer.body);
    if (records.length === 0 || !voter.log.holds(prev)) return this.#giveUp(nowMs);
    const lsn = voter.takeRecords(prev, records);
    this.#deadlineMs = nowMs + limits.failoverMs;
    // Records that were here already prove nothing of a tail behind them: read on to the end.
    if (lsn < (answer.message as PollAnswer).lastLsn) {
      this.#readLog(url, voter.positionAt(lsn), nowMs);
    } else {
      this.#adopting = null;
    }
    this.#context.persistence.flush();
    this.#context.changed();
  }

  #decode(body: Uint8Array | undefined): Record[] {
    try {
      return decodeRecords(body ?? new Uint8Array(0));
    } catch (error) {
      this.#context.logger.warn('an adopted log arrived damaged', { error: String(error) });
      return [];
    }
  }

  #readSnapshot(url: string): void {
    // Bounded by its own time for each chunk.
    this.#deadlineMs = Infinity;
    installSnapshot(this.#context, url, this.election.epoch, (isTaken) => {
      if (this.#isOver) return;
      this.#deadlineMs = this.#context.clock.monotonicMs() + this.#context.limits.failoverMs;
      if (!isTaken) return this.#giveUp(this.#context.clock.monotonicMs());
      this.#adopting = null;
      this.#context.changed();
    });
  }

  /** Its log cannot be read, so its promise does not count (H5). */
  #giveUp(nowMs: number): void {
    if (this.#adopting !== null) this.election.dropGrant(this.#adopting, nowMs);
    this.#adopting = null;
    this.#context.changed();
  }
}
