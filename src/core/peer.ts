/**
 * What the active master knows of one other node, and when that node is due to hear from it again.
 *
 * A slave is sent appends; a backup has polls answered. Both carry the same message, so both are
 * peers: a slave is ready when no append is in flight, a backup when one of its polls is parked here.
 * Invariants: matchLsn < nextLsn; matchLsn and ackedSeq never fall.
 */
import type { Limits } from './limits.ts';
import type { Member } from './record.ts';

/** One message on its way, remembered until it is answered. */
export interface Sent {
  /** Numbers all sends of this master, ascending: "sent after" is exact, without a clock. */
  readonly seq: number;
  readonly sentAtMs: number;
  /** The last record of this message, or the one before it if it was empty. */
  readonly lsn: number;
  /** The message held all that the log had. */
  readonly complete: boolean;
}

const batchBytesMin = 64 * 1024;

export class Peer {
  readonly nodeId: string;
  readonly role: Member['role'];
  url: string;
  /** Named in a configuration in force; else a learner. */
  isVoter = false;
  /** The last lsn that it acknowledged in this epoch, and is known to hold. */
  matchLsn = 0;
  nextLsn: number;
  appliedLsn = 0;
  /** Time from a message to its ACK, ms, smoothed as in RFC 6298; from 0 on, so a new peer is tried. */
  ackMs = 0;
  /** `seq` of the newest message that it acknowledged. */
  ackedSeq = 0;
  /** When the newest message that it answered was sent, own clock: silence is counted from here. */
  heardMs: number;
  /** Another nodeId answers at its URL: it is gone for good (rule 11). */
  isGone = false;
  /** Its newest acknowledgement was for all that the log had when the message was sent. */
  isCaughtUp = false;
  /** Slave: the append on its way. Backup: the last answer, whose echo will be its vow. */
  sent: Sent | null = null;
  isReady: boolean;
  /** Bytes of records in one message: halved when one is not answered in time, for slow links. */
  batchBytes: number;
  /** Records up to here are wanted there at once; later ones may wait for `lazyMs`. */
  eagerLsn = 0;
  /** When the first record that it was not sent yet was appended. */
  #pendingSinceMs = Infinity;
  /** When silence must be broken by an empty message. */
  #heartbeatAtMs = 0;
  readonly #batchBytesMax: number;
  /** After a failed send, not before this. */
  #notBeforeMs = 0;

  constructor(member: Member, nextLsn: number, nowMs: number, limits: Limits) {
    this.nodeId = member.nodeId;
    this.role = member.role;
    this.url = member.url;
    this.nextLsn = nextLsn;
    this.heardMs = nowMs;
    this.isReady = member.role === 'slave';
    this.#batchBytesMax = limits.batchBytesMax;
    this.batchBytes = limits.batchBytesMax;
  }

  /** Silent for so long that it is passed over. */
  isSuspect(nowMs: number, limits: Limits): boolean {
    return this.isGone || nowMs - this.heardMs >= limits.suspectMs;
  }

  /** A record was appended to the log. */
  onAppended(nowMs: number): void {
    if (this.#pendingSinceMs === Infinity) this.#pendingSinceMs = nowMs;
  }

  /** A backup's poll waits here for at most `waitMs`. */
  onParked(nowMs: number, waitMs: number, hasPending: boolean): void {
    this.isReady = true;
    this.#heartbeatAtMs = nowMs + waitMs;
    this.#pendingSinceMs = hasPending ? Math.min(this.#pendingSinceMs, nowMs) : Infinity;
  }

  /** The next moment at which a message is due, given that it is ready; Infinity if not. */
  dueAtMs(lastLsn: number, roundSeq: number, lazyMs: number): number {
    if (!this.isReady) return Infinity;
    const isPending = lastLsn >= this.nextLsn;
    const isEager = isPending && this.eagerLsn >= this.nextLsn;
    const isRound = roundSeq > (this.sent?.seq ?? 0);
    if (isEager || isRound) return this.#notBeforeMs;
    const lazyAtMs = isPending ? this.#pendingSinceMs + lazyMs : Infinity;
    return Math.max(Math.min(lazyAtMs, this.#heartbeatAtMs), this.#notBeforeMs);
  }

  onSent(sent: Sent, heartbeatMs: number): void {
    this.sent = sent;
    this.isReady = false;
    this.nextLsn = Math.max(this.nextLsn, sent.lsn + 1);
    this.#pendingSinceMs = sent.complete ? Infinity : sent.sentAtMs;
    this.#heartbeatAtMs = sent.sentAtMs + heartbeatMs;
  }

  /** It holds everything up to `ackedLsn`, and has answered the message `sent`. */
  onAcked(sent: Sent, ackedLsn: number, appliedLsn: number): void {
    this.matchLsn = Math.max(this.matchLsn, ackedLsn);
    this.nextLsn = Math.max(this.nextLsn, this.matchLsn + 1);
    this.appliedLsn = Math.max(this.appliedLsn, appliedLsn);
    this.ackedSeq = Math.max(this.ackedSeq, sent.seq);
    this.isCaughtUp = sent.complete && ackedLsn >= sent.lsn;
    this.isGone = false;
    this.batchBytes = Math.min(this.#batchBytesMax, this.batchBytes * 2);
    this.onAnswered(sent);
  }

  noteAckTime(ms: number): void {
    this.ackMs += (ms - this.ackMs) / 8;
  }

  /** It has answered, whatever it said. */
  onAnswered(sent: Sent): void {
    this.heardMs = Math.max(this.heardMs, sent.sentAtMs);
    this.#release(sent, 0);
  }

  /** A refusal for a gap: only moves the place from which records are sent, never what is acked. */
  onGap(sent: Sent, resumeLsn: number, nowMs: number): void {
    this.nextLsn = Math.max(this.matchLsn + 1, resumeLsn);
    this.#pendingSinceMs = -Infinity;
    this.isCaughtUp = false;
    this.onAnswered(sent);
    this.#heartbeatAtMs = nowMs;
  }

  /** It cannot take records now (it fetches a snapshot): only the heartbeat goes on. */
  onBlocked(sent: Sent, nowMs: number, retryMs: number): void {
    this.isCaughtUp = false;
    this.nextLsn = this.matchLsn + 1;
    this.heardMs = Math.max(this.heardMs, sent.sentAtMs);
    this.#release(sent, nowMs + retryMs);
  }

  /** No answer: try again, but not at once. */
  onFailed(sent: Sent, nowMs: number, retryMs: number): void {
    this.nextLsn = this.matchLsn + 1;
    this.#pendingSinceMs = -Infinity;
    this.onUnconfirmed();
    this.#release(sent, nowMs + retryMs);
  }

  /** The last message may have been too much for the link. */
  onUnconfirmed(): void {
    this.batchBytes = Math.max(Math.min(batchBytesMin, this.#batchBytesMax), this.batchBytes / 2);
  }

  #release(sent: Sent, notBeforeMs: number): void {
    if (this.role !== 'slave' || this.sent?.seq !== sent.seq) return;
    this.isReady = true;
    this.#notBeforeMs = notBeforeMs;
  }
}
