/**
 * The messages between an active master and its peers: appends that it sends to slaves, polls of
 * backups that wait here for their answer, slaves that register. What is sent, and what an answer
 * counts for, is decided in `core/master.ts`.
 */
import type { ActiveMaster, Outgoing } from '../core/master.ts';
import type { AppendAck, Poll, PollAnswer, Refusal, Registration } from '../core/messages.ts';
import { misdirected, type NodeContext, type Reply } from './context.ts';

export class PeerWires {
  readonly #context: NodeContext;
  readonly #master: ActiveMaster;
  /** A peer has promised a higher epoch: this one is over. */
  readonly #onDeposed: (reason: string) => void;
  /** Who waits for the answer to a backup's poll: one, or two where the network doubled it. */
  readonly #parked = new Map<string, Reply[]>();
  #isOver = false;

  constructor(context: NodeContext, master: ActiveMaster, onDeposed: (reason: string) => void) {
    this.#context = context;
    this.#master = master;
    this.#onDeposed = onDeposed;
  }

  send(outgoing: Outgoing): void {
    if (outgoing.peer.role === 'master') this.#answerPoll(outgoing);
    else this.#sendAppend(outgoing);
  }

  #sendAppend({ peer, sent, append, frames }: Outgoing): void {
    const { peers, limits, clock, counters } = this.#context;
    counters.appendsSent += 1;
    const call = {
      name: 'append',
      message: append,
      body: frames.bytes,
      timeoutMs: limits.suspectMs,
    } as const;
    peers.call(peer.url, call, (failure, answer) => {
      if (this.#isOver) return;
      const nowMs = clock.monotonicMs();
      if (failure !== null || answer === null) {
        this.#master.onFailed(peer, sent, nowMs);
      } else if (answer.status === 200) {
        this.#master.onAck(peer, sent, answer.message as AppendAck, nowMs);
      } else if (answer.status === 409) {
        const epoch = this.#master.onRefused(peer, sent, answer.message as Refusal, nowMs);
        if (epoch > 0) return this.#onDeposed(`${peer.nodeId} has promised epoch ${epoch}`);
      } else {
        this.#master.onFailed(peer, sent, nowMs);
      }
      this.#context.changed();
    });
  }

  onPoll(poll: Poll, reply: Reply): void {
    const { clock, counters } = this.#context;
    counters.pollsAnswered += 1;
    const verdict = this.#master.onPoll(poll, clock.monotonicMs());
    if (verdict.kind === 'parked') {
      this.#park(poll.nodeId, reply);
    } else if (verdict.kind === 'refused') {
      reply({ status: verdict.status, message: verdict.refusal });
    } else {
      reply(misdirected(''));
      this.#onDeposed(`${poll.nodeId} has promised epoch ${verdict.epoch}`);
      return;
    }
    this.#context.changed();
  }

  #park(nodeId: string, reply: Reply): void {
    const waiting = this.#parked.get(nodeId) ?? [];
    // Of more than two only the newest can still have somebody waiting.
    if (waiting.length === 2) waiting.shift()?.(misdirected(''));
    waiting.push(reply);
    this.#parked.set(nodeId, waiting);
  }

  #answerPoll({ peer, sent, append, frames }: Outgoing): void {
    const waiting = this.#parked.get(peer.nodeId) ?? [];
    this.#parked.delete(peer.nodeId);
    const message: PollAnswer = {
      ...append,
      lastLsn: this.#context.voter.log.lastLsn,
      sentAtMs: sent.sentAtMs,
    };
    for (const reply of waiting) reply({ status: 200, message, body: frames.bytes });
  }

  /** A slave asks to be taken in; it will be sent appends, as a learner first. */
  onRegister(registration: Registration, reply: Reply): void {
    const { voter, limits, clock, logger, self } = this.#context;
    const { nodeId, url, clusterId } = registration;
    if (clusterId !== '' && clusterId !== voter.clusterId) {
      logger.warn('a slave of another cluster wants to join and is refused', { nodeId, url });
      reply({ status: 409, message: { reason: 'cluster', clusterId: voter.clusterId } });
      return;
    }
    const learners = [...this.#master.peers.values()].filter(({ isVoter }) => !isVoter).length;
    if (!this.#master.peers.has(nodeId) && learners >= limits.learnersMax) {
      reply({ status: 503, message: { reason: 'too many learners' } });
      return;
    }
    if (!this.#master.peers.has(nodeId)) logger.info('a slave registered', { nodeId, url });
    this.#master.meet({ nodeId, role: 'slave', url }, clock.monotonicMs());
    const message = { clusterId: voter.clusterId, masterId: self.nodeId, masterUrl: self.url };
    reply({ status: 200, message });
    this.#context.changed();
  }

  /** The epoch has ended: nothing that arrives counts any more. */
  end(): void {
    this.#isOver = true;
    for (const reply of [...this.#parked.values()].flat()) reply(misdirected(''));
    this.#parked.clear();
  }
}
