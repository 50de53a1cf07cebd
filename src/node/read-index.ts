/**
 * Linearizable reads at a node that is not active (DESIGN.md §5 rule 6): one question to the active
 * master for all reads that wait, asked after the last of them arrived; then each is answered from
 * the own memory, once this node has applied what the answer names.
 */
import { DsmError } from '../core/errors.ts';
import type { ReadIndex, ReadIndexQuestion } from '../core/messages.ts';
import type { NodeContext } from './context.ts';
import { type Waited, Waiters } from './waiters.ts';

interface Asking {
  readonly forceRound: boolean;
  readonly deadlineMs: number;
  readonly done: Waited;
}

export class ReadIndexReads {
  readonly #context: NodeContext;
  readonly #activeUrl: () => string | null;
  /** Arrived since the question under way was sent: they need the next one. */
  #arrived: Asking[] = [];
  /** Wait for the answer to the question under way. */
  #asked: Asking[] = [];
  #notBeforeMs = 0;
  /** The index is known; waiting until it is applied here. */
  readonly #applying: Waiters;

  constructor(context: NodeContext, activeUrl: () => string | null) {
    this.#context = context;
    this.#activeUrl = activeUrl;
    this.#applying = new Waiters(context.limits.waitingReadsMax, 'catching_up');
  }

  /** Reads that wait here. */
  get size(): number {
    return this.#arrived.length + this.#asked.length + this.#applying.size;
  }

  /** `done` when the own memory is as new as the active master's was after this call. */
  confirm(forceRound: boolean, done: Waited): void {
    const { limits, clock, counters } = this.#context;
    if (this.#arrived.length + this.#asked.length >= limits.waitingReadsMax) {
      return done(new DsmError('overloaded', 'Too many reads wait here; try again in a moment'));
    }
    counters.readsByIndex += 1;
    this.#arrived.push({ forceRound, deadlineMs: clock.monotonicMs() + limits.holdMs, done });
    this.#context.changed();
  }

  step(nowMs: number): void {
    this.#applying.settle(this.#context.voter.store.appliedLsn, nowMs);
    this.#expire(nowMs);
    const url = this.#activeUrl();
    const isDue = this.#arrived.length > 0 && nowMs >= this.#notBeforeMs;
    if (isDue && this.#asked.length === 0 && url !== null) this.#ask(url);
  }

  /** A master that becomes known is no matter of time: it brings a step of its own. */
  nextWakeMs(nowMs: number): number {
    const firstMs = this.#arrived[0]?.deadlineMs ?? Infinity;
    const isRetry = this.#arrived.length > 0 && this.#notBeforeMs > nowMs;
    const retryMs = isRetry ? this.#notBeforeMs : Infinity;
    return Math.min(firstMs, this.#applying.nextDeadlineMs(), retryMs);
  }

  #expire(nowMs: number): void {
    while ((this.#arrived[0]?.deadlineMs ?? Infinity) <= nowMs) {
      this.#arrived.shift()?.done(new DsmError('no_master'));
    }
  }

  #ask(url: string): void {
    const { peers, voter, limits, clock } = this.#context;
    this.#asked = this.#arrived;
    this.#arrived = [];
    const { clusterId, self } = voter;
    const { nodeId } = self;
    const forceRound = this.#asked.some((asking) => asking.forceRound);
    const message: ReadIndexQuestion = { clusterId, nodeId, forceRound };
    const call = { name: 'read-index', message, timeoutMs: limits.suspectMs } as const;
    peers.call(url, call, (failure, answer) => {
      const asking = this.#asked;
      this.#asked = [];
      const index = answer?.message as ReadIndex;
      if (failure === null && answer?.status === 200 && index.clusterId === clusterId) {
        this.#onIndex(index, asking);
      } else {
        // Reads change nothing: they may be asked again until they are too old.
        this.#arrived = [...asking, ...this.#arrived];
        this.#notBeforeMs = clock.monotonicMs() + limits.hedgeMs;
      }
      this.#context.changed();
    });
  }

  #onIndex({ committed }: ReadIndex, asking: readonly Asking[]): void {
    const { voter, clock } = this.#context;
    voter.learnCommitted(committed);
    for (const { deadlineMs, done } of asking) this.#applying.add(committed.lsn, deadlineMs, done);
    this.#applying.settle(voter.store.appliedLsn, clock.monotonicMs());
  }

  failAll(error: DsmError): void {
    const waiting = [...this.#asked, ...this.#arrived];
    this.#asked = [];
    this.#arrived = [];
    for (const { done } of waiting) done(error);
    this.#applying.failAll(error);
  }
}
