/**
 * The calls between nodes that each node answers, slave or master: who it is, probes and promises
 * (DESIGN.md §5 rule 9), its log for the candidate that it promised, its state for whoever may have it.
 */
import type { HelloAnswer, Poll, PollAnswer, PromiseRequest, Refusal } from '../core/messages.ts';
import type { PeerAnswer, PeerCallName } from '../ports/peers.ts';
import { misdirected, type NodeContext, type Reply } from './context.ts';
import { type SnapshotRequest, SnapshotServer } from './snapshot-server.ts';

/** What the role of the node adds. */
export interface VoterCallsHost {
  state(): string;
  isActive(): boolean;
  activeUrl(): string | null;
  /** An active master refuses while its lease runs; null where it may be asked like any voter. */
  refusePromise(request: PromiseRequest): object | null;
  /** Something with a higher epoch arrived: what is active must stop being so, now. */
  onHigherEpoch(epoch: number, why: string): void;
}

export class VoterCalls {
  readonly #context: NodeContext;
  readonly #host: VoterCallsHost;
  readonly #snapshots = new SnapshotServer();

  constructor(context: NodeContext, host: VoterCallsHost) {
    this.#context = context;
    this.#host = host;
  }

  get #nowMs(): number {
    return this.#context.clock.monotonicMs();
  }

  /** Lets go of what nobody asks for any more. */
  expire(nowMs: number): void {
    this.#snapshots.expire(nowMs);
  }

  /** False, and nothing done, where the call is for the role of the node. */
  answer(name: PeerCallName, message: unknown, reply: Reply): boolean {
    switch (name) {
      case 'hello':
        reply({ status: 200, message: this.#hello() });
        return true;
      case 'probe':
        this.#onProbe(message as PromiseRequest, reply);
        return true;
      case 'promise':
        this.#onPromise(message as PromiseRequest, reply);
        return true;
      case 'snapshot':
        this.#onSnapshot(message as SnapshotRequest, reply);
        return true;
      case 'log':
        if ((message as Poll).candidateEpoch === 0) return false;
        this.#onAdopt(message as Poll, reply);
        return true;
      default:
        return false;
    }
  }

  #hello(): HelloAnswer {
    const { voter, self } = this.#context;
    const { clusterId, promised: epoch } = voter;
    const { nodeId, role } = self;
    const [state, masterUrl] = [this.#host.state(), this.#host.activeUrl() ?? ''];
    return { nodeId, clusterId, role, state, epoch, masterUrl };
  }

  #onProbe(request: PromiseRequest, reply: Reply): void {
    const answer = this.#host.isActive() ? this.#host.refusePromise(request) : null;
    const granted = answer ?? this.#context.voter.onProbe(request, this.#nowMs);
    reply({ status: promiseStatus(granted), message: granted });
  }

  #onPromise(request: PromiseRequest, reply: Reply): void {
    const { voter, persistence } = this.#context;
    const refused = this.#host.isActive() ? this.#host.refusePromise(request) : null;
    const before = voter.promised;
    const answer = refused ?? voter.onPromise(request, this.#nowMs);
    // Granting a promise is stepping down, in the same synchronous step (rule 7).
    if (voter.promised > before) {
      this.#host.onHigherEpoch(voter.promised, `promised to ${request.candidateId}`);
    }
    persistence.flush(() => reply({ status: promiseStatus(answer), message: answer }));
    this.#context.changed();
  }

  /** A candidate that this node has promised reads its log (rule 9, M7). */
  #onAdopt(poll: Poll, reply: Reply): void {
    const { voter, limits } = this.#context;
    const { log } = voter;
    const isPromised = voter.promised === poll.candidateEpoch && voter.promisedTo === poll.nodeId;
    if (!isPromised) return reply(this.#refusal(409, 'epoch'));
    if (poll.synced.lsn < log.base.lsn) return reply(this.#refusal(410, 'snapshot'));
    if (!log.holds(poll.synced)) return reply(this.#refusal(409, 'gap'));
    const { bytes } = log.framesFrom(poll.synced.lsn + 1, limits.batchBytesMax);
    const message: PollAnswer = {
      clusterId: voter.clusterId,
      epoch: voter.promised,
      masterId: '',
      masterUrl: '',
      prev: poll.synced,
      committedLsn: voter.committedLsn,
      startLsn: log.base.lsn + 1,
      leaseMs: 0,
      lastLsn: log.lastLsn,
      sentAtMs: 0,
    };
    reply({ status: 200, message, body: bytes });
  }

  #refusal(status: number, reason: Refusal['reason']): PeerAnswer {
    const { voter, self } = this.#context;
    const { promised, committedLsn, log } = voter;
    const { nodeId } = self;
    const message: Refusal = { nodeId, reason, promised, committedLsn, lastLsn: log.lastLsn };
    return { status, message };
  }

  #onSnapshot(request: SnapshotRequest, reply: Reply): void {
    const { voter } = this.#context;
    const { candidateEpoch, nodeId } = request;
    const mayRead =
      candidateEpoch > 0
        ? voter.promised === candidateEpoch && voter.promisedTo === nodeId
        : this.#host.isActive();
    if (!mayRead) return reply(misdirected(this.#host.activeUrl() ?? ''));
    reply(this.#snapshots.answer(voter, request, this.#nowMs));
  }
}

function promiseStatus(answer: object): number {
  if (!('remainingMs' in answer)) return 200;
  return Number(answer.remainingMs) > 0 ? 423 : 409;
}
