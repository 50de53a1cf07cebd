/**
 * A standby at work (DESIGN.md §5 rule 8): finds the active master, polls its log, takes what comes
 * like an append, and acknowledges it by the next poll, which is sent when everything is synced.
 */
import type { Poll, PollAnswer, Position, Refusal } from '../core/messages.ts';
import { decodeRecords, type Record } from '../core/record.ts';
import type { PeerAnswer } from '../ports/peers.ts';
import type { NodeContext } from './context.ts';
import { installSnapshot } from './snapshot-fetch.ts';

/** `GET /log/offset` of an active master. */
export interface OffsetAnswer {
  readonly clusterId: string;
  readonly epoch: number;
  readonly masterId: string;
  readonly masterUrl: string;
  readonly lastLsn: number;
  readonly committedLsn: number;
}

export class Poller {
  readonly #context: NodeContext;
  /** All base URLs at which a master may be. */
  readonly #candidateUrls: () => string[];
  readonly #onForeignCluster: (clusterId: string, url: string) => void;
  /** Where the active master was found; '' while it is being looked for. */
  #url = '';
  #isBusy = false;
  #lookAtMs = 0;
  #isStopped = false;
  #echo: Poll['echo'] = null;
  /** Confirmed by the active master so far; null where that is the whole log, or is to be tried. */
  #resumeAt: Position | null = null;

  constructor(
    context: NodeContext,
    candidateUrls: () => string[],
    onForeignCluster: (clusterId: string, url: string) => void,
  ) {
    this.#context = context;
    this.#candidateUrls = candidateUrls;
    this.#onForeignCluster = onForeignCluster;
  }

  /** An active master was found and its state is on the way: no reason to stand for election. */
  isFetchingSnapshot = false;

  step(nowMs: number): void {
    if (this.#url !== '' && !this.#isBusy) this.#poll();
    if (this.#url === '' && nowMs >= this.#lookAtMs) this.#look(nowMs);
  }

  nextWakeMs(): number {
    return this.#url === '' ? this.#lookAtMs : Infinity;
  }

  stop(): void {
    this.#isStopped = true;
  }

  // ── looking for the active master ─────────────────────────────────────────────────────────────

  #look(nowMs: number): void {
    const { peers, limits, contacts } = this.#context;
    // Oftener than the heartbeat: until the active master is found, calls are held here.
    this.#lookAtMs = nowMs + limits.heartbeatMs / 3;
    for (const url of this.#candidateUrls()) {
      const call = { name: 'log-offset', message: {}, timeoutMs: limits.suspectMs } as const;
      peers.call(url, call, (failure, answer) => {
        contacts.note(url, failure, answer?.status ?? null);
        if (failure === null && answer?.status === 200) {
          this.#onFound(url, answer.message as OffsetAnswer);
        }
      });
    }
  }

  #onFound(url: string, found: OffsetAnswer): void {
    const { voter } = this.#context;
    if (this.#isStopped || this.#url !== '') return;
    if (voter.clusterId !== '' && found.clusterId !== voter.clusterId) {
      this.#onForeignCluster(found.clusterId, url);
      return;
    }
    // One of an older epoch is polled too: it learns of the higher promise and steps down.
    this.#context.logger.info('following the active master', { master: url, epoch: found.epoch });
    this.#url = url;
    this.#resumeAt = null;
    this.#context.changed();
  }

  #lose(): void {
    const { clock, limits } = this.#context;
    this.#url = '';
    this.#lookAtMs = clock.monotonicMs() + limits.hedgeMs;
    this.#context.changed();
  }

  // ── polling ───────────────────────────────────────────────────────────────────────────────────

  #poll(): void {
    const { voter, self, peers, limits } = this.#context;
    const url = this.#url;
    const message: Poll = {
      clusterId: voter.clusterId,
      nodeId: self.nodeId,
      url: self.url,
      promised: voter.promised,
      synced: this.#resumeAt ?? voter.synced,
      appliedLsn: voter.store.appliedLsn,
      waitMs: limits.heartbeatMs,
      echo: this.#echo,
      candidateEpoch: 0,
    };
    this.#isBusy = true;
    const timeoutMs = limits.heartbeatMs + limits.suspectMs;
    peers.call(url, { name: 'log', message, timeoutMs }, (failure, answer) => {
      if (this.#isStopped) return;
      if (failure !== null || answer === null) this.#free(true);
      else this.#onAnswer(url, answer);
    });
  }

  #free(isLost: boolean): void {
    this.#isBusy = false;
    if (isLost) this.#lose();
    else this.#context.changed();
  }

  #onAnswer(url: string, answer: PeerAnswer): void {
    if (answer.status === 200) {
      this.#take(answer);
    } else if (answer.status === 410) {
      this.#fetchSnapshot(url);
    } else if (answer.status === 409 && (answer.message as Refusal).reason === 'gap') {
      this.#hear((answer.message as Refusal).promised);
      this.#stepBack();
      this.#free(false);
    } else {
      this.#free(true);
    }
  }

  /** A gap only moves the place from which is polled; what is held stays until it is replaced. */
  #stepBack(): void {
    const { voter } = this.#context;
    this.#resumeAt = voter.positionAt(Math.min(voter.committedLsn, voter.durableLsn));
  }

  #take(answer: PeerAnswer): void {
    const { voter, clock, persistence, logger } = this.#context;
    const message = answer.message as PollAnswer;
    let records: Record[];
    try {
      records = decodeRecords(answer.body ?? new Uint8Array(0));
    } catch (error) {
      logger.warn('a poll answer arrived damaged', { from: this.#url, error: String(error) });
      return this.#free(true);
    }
    const taken = voter.onAppend(message, records, clock.monotonicMs());
    if ('reason' in taken) {
      this.#stepBack();
      return this.#free(taken.reason !== 'gap');
    }
    // What lies behind the records of this answer is not confirmed by it, and may differ.
    const isBehind = taken.ackedLsn < voter.log.lastLsn;
    this.#resumeAt = isBehind ? voter.positionAt(taken.ackedLsn) : null;
    persistence.flush(() => {
      if (this.#isStopped) return;
      this.#echo = { epoch: message.epoch, sentAtMs: message.sentAtMs };
      this.#free(false);
    });
  }

  /** The active master is alive, though it had nothing to take. */
  #hear(epoch: number): void {
    const { voter, clock } = this.#context;
    if (epoch >= voter.promised) voter.masterHeardMs = clock.monotonicMs();
  }

  #fetchSnapshot(url: string): void {
    this.isFetchingSnapshot = true;
    installSnapshot(this.#context, url, 0, (isTaken) => {
      this.isFetchingSnapshot = false;
      if (this.#isStopped) return;
      this.#resumeAt = null;
      this.#free(!isTaken);
    });
  }
}
