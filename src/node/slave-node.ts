/**
 * A slave: a voter in memory. It is born anew at each start, registers with the active master, takes
 * appends, and registers again whenever it hears nothing (DESIGN.md §5 rule 11).
 */
import { DsmError } from '../core/errors.ts';
import { FrameError } from '../core/frame.ts';
import type {
  Append,
  PeerRead,
  PeerReadAnswer,
  Registration,
  RegistrationAnswer,
} from '../core/messages.ts';
import { decodeRecords, type Record } from '../core/record.ts';
import type { Timer } from '../ports/clock.ts';
import type { PeerCallName } from '../ports/peers.ts';
import type { EntryView, WriteDone, WriteRequest } from './api.ts';
import { misdirected, type Reply } from './context.ts';
import type { LockDone } from './lock-waits.ts';
import { DsmNode, type NodeOptions } from './node.ts';
import { installSnapshot } from './snapshot-fetch.ts';
import type { Waited } from './waiters.ts';

export class SlaveNode extends DsmNode {
  readonly #masterUrls: readonly string[];
  #registerAtMs = 0;
  #attempts = 0;
  #isRegistering = false;
  /** The last append was of a version that this one cannot read. */
  #isForeign = false;
  #isFetching = false;
  #ackTimer: Timer | null = null;
  #lastState = 'learner';

  constructor(options: Omit<NodeOptions, 'storage' | 'recovered'>) {
    super({ ...options, storage: null, recovered: null });
    this.#masterUrls = options.masterUrls;
    this.start();
  }

  get state(): string {
    if (this.isStopped) return 'stopped';
    return this.voter.isVoter() ? 'voter' : 'learner';
  }

  isActive(): boolean {
    return false;
  }

  /** A voter has caught up once, and cannot fall behind unnoticed: its reads wait for the index. */
  protected get isCaughtUp(): boolean {
    return this.voter.isVoter();
  }

  readNow(): EntryView | null | undefined {
    return undefined;
  }

  write(_request: WriteRequest, done: WriteDone): void {
    done(new DsmError('misdirected', undefined, { master: this.activeUrl() ?? undefined }), null);
  }

  awaitLock(_name: string, _session: number, _waitMs: number, done: LockDone): void {
    done(new DsmError('misdirected'), null);
  }

  handoff(_nodeId: string, done: Waited): void {
    done(new DsmError('misdirected'));
  }

  removeMember(_nodeId: string, done: Waited): void {
    done(new DsmError('misdirected'));
  }

  forceConfig(done: Waited): void {
    done(new DsmError('conflict', 'Only a master can be made the only voter; ask a master'));
  }

  protected onApplied(): void {}

  protected onHigherEpoch(): void {}

  // ── appends ───────────────────────────────────────────────────────────────────────────────────

  protected onRoleCall(name: PeerCallName, message: unknown, body: Uint8Array, reply: Reply): void {
    if (name === 'append') this.#onAppend(message as Append, body, reply);
    else if (name === 'read') this.#onRead(message as PeerRead, reply);
    else reply(misdirected(this.activeUrl() ?? ''));
  }

  #onAppend(append: Append, body: Uint8Array, reply: Reply): void {
    let records: Record[];
    try {
      records = decodeRecords(body);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      return this.#onUnreadable(append, error, reply);
    }
    this.#isForeign = false;
    this.context.counters.appendsTaken += 1;
    const answer = this.voter.onAppend(append, records, this.nowMs());
    const isRefused = 'reason' in answer;
    if (isRefused && answer.reason === 'snapshot') this.#fetchSnapshot(append.masterUrl);
    reply({ status: isRefused ? 409 : 200, message: answer });
    const { clock, limits } = this.context;
    if (this.isAwaited) this.context.changed();
    else this.#ackTimer ??= clock.setTimer(limits.applyMs, () => this.#afterAck());
  }

  /**
   * The master waits for the ACK, and nobody for what is applied. To wake up for each append once
   * more would take the cores from the master and the clients, where they share them.
   */
  #afterAck(): void {
    this.#ackTimer = null;
    if (this.isStopped) return;
    this.voter.applyCommitted();
    this.context.changed();
  }

  /** This slave follows no more. Where that is because of its version a person must hear of it. */
  #onUnreadable({ masterUrl }: Append, error: FrameError, reply: Reply): void {
    const reason = error.reason === 'version' ? 'version' : 'damaged';
    if (reason === 'version' && !this.#isForeign) {
      this.#isForeign = true;
      this.context.logger.error(
        'the master writes what this version of dsm does not know; install the one that it runs',
        { master: masterUrl, detail: error.message },
      );
    }
    reply({ status: 400, message: { reason, detail: error.message } });
  }

  #fetchSnapshot(url: string): void {
    if (this.#isFetching) return;
    this.#isFetching = true;
    installSnapshot(this.context, url, 0, () => {
      this.#isFetching = false;
      this.context.changed();
    });
  }

  // ── a READ that the active master forwards here (rule 6) ──────────────────────────────────────

  #onRead({ clusterId, nodeId, key, revision, committed }: PeerRead, reply: Reply): void {
    if (clusterId !== this.voter.clusterId || nodeId !== this.nodeId) return reply(misdirected(''));
    this.voter.learnCommitted(committed);
    const entry = this.voter.store.get(key);
    if (this.appliedLsn < revision || entry?.revision !== revision) {
      return reply({ status: 404, message: { appliedLsn: this.appliedLsn } });
    }
    this.context.counters.reads += 1;
    const { contentType, value } = entry;
    const message: PeerReadAnswer = { nodeId, revision, contentType };
    reply({ status: 200, message, body: value });
  }

  // ── registering ───────────────────────────────────────────────────────────────────────────────

  /** What this slave counts for has changed: a line for people. */
  #watchState(): void {
    const { state } = this;
    if (state === this.#lastState) return;
    this.#lastState = state;
    const { logger, voter } = this.context;
    const said =
      state === 'voter'
        ? 'this slave has caught up and votes now'
        : 'this slave does not vote any more; it catches up again';
    logger.info(said, { epoch: voter.promised, appliedLsn: this.appliedLsn });
  }

  protected stepRole(nowMs: number): void {
    this.#watchState();
    const isHeard = nowMs - this.voter.masterHeardMs < this.limits.failoverMs;
    if (isHeard && this.voter.master !== null) {
      this.#attempts = 0;
      this.#registerAtMs = 0;
    } else if (!this.#isRegistering && nowMs >= this.#registerAtMs) {
      this.#register();
    }
  }

  protected roleWakeMs(nowMs: number): number {
    if (this.#isRegistering) return Infinity;
    const silentAtMs = this.voter.masterHeardMs + this.limits.failoverMs;
    return this.voter.master !== null && silentAtMs > nowMs ? silentAtMs : this.#registerAtMs;
  }

  #register(): void {
    const urls = [...new Set([...this.#masterUrls, ...this.#knownMasterUrls()])];
    this.#isRegistering = true;
    let open = urls.length;
    const { clusterId } = this.voter;
    const message: Registration = { clusterId, nodeId: this.nodeId, url: this.context.self.url };
    const timeoutMs = this.limits.suspectMs;
    for (const url of urls) {
      const call = { name: 'register', message, timeoutMs } as const;
      this.context.peers.call(url, call, (failure, answer) => {
        open -= 1;
        this.context.contacts.note(url, failure, answer?.status ?? null);
        if (failure === null && answer?.status === 409) {
          this.context.logger.error(
            'the master belongs to another cluster; stop this slave to let it join that one',
            { master: url, clusterId, ...answer.message },
          );
        }
        if (failure === null && answer?.status === 200) this.#onRegistered(answer.message);
        if (open === 0) this.#backOff();
      });
    }
  }

  #knownMasterUrls(): string[] {
    return this.voter.members.filter(({ role }) => role === 'master').map(({ url }) => url);
  }

  #onRegistered(answer: object): void {
    const { masterUrl } = answer as RegistrationAnswer;
    this.context.logger.info('registered', { master: masterUrl });
  }

  /** Exponential, full jitter: a fleet that lost its master does not come back in one wave. */
  #backOff(): void {
    const { heartbeatMs, failoverMs } = this.limits;
    const ceilingMs = Math.min(heartbeatMs * 2 ** Math.min(this.#attempts, 10), failoverMs);
    this.#attempts += 1;
    this.#isRegistering = false;
    this.#registerAtMs = this.nowMs() + heartbeatMs / 2 + this.context.random.next() * ceilingMs;
    this.context.changed();
  }
}
