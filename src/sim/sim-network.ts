/**
 * The network of the simulator: requests and answers travel apart, each with its own delay; either
 * may be lost, delivered twice, late, or cut off in one direction only. An answer that is lost means
 * that the work was done and the caller sees a failure.
 *
 * `exchange` carries anything: calls between nodes as they are, HTTP requests, calls of clients.
 */
import type { NodeApi } from '../node/api.ts';
import type { PeerAnswer, PeerCall, PeerDone, Peers } from '../ports/peers.ts';
import type { TransportFailure } from '../ports/transport.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { EventQueue, SimClock } from './sim-clock.ts';
import type { Trace } from './trace.ts';

/** A process that listens at a URL. */
export interface Endpoint {
  readonly url: string;
  readonly clock: SimClock;
  readonly node: NodeApi;
  /** The HTTP app of the node, where the world runs it. */
  readonly fetch?: Fetch;
}

export type Fetch = (request: Request) => Response | Promise<Response>;

export interface NetworkFaults {
  delayMs: readonly [number, number];
  /** Share of messages that are lost, requests and answers alike. */
  lossShare: number;
  /** Share of requests that arrive twice. */
  duplicateShare: number;
  /** A second copy comes up to so much later: perhaps after a takeover. */
  duplicateLateMs: number;
  /** Share of messages that take up to `slowMs` longer, and so overtake each other. */
  slowShare: number;
  slowMs: number;
  /** Share of answers that are lost after the work was done. */
  answerLossShare: number;
}

export const calmNetwork: Readonly<NetworkFaults> = Object.freeze({
  delayMs: [0.2, 1] as const,
  lossShare: 0,
  duplicateShare: 0,
  duplicateLateMs: 0,
  slowShare: 0,
  slowMs: 0,
  answerLossShare: 0,
});

/**
 * Whether a request may arrive twice. `re-sent`: as HTTP stacks do it, after a connection broke; the
 * answer to the first copy is lost with the connection. `any-time`: in any order, both are answered,
 * and the second copy may come after the caller has gone on.
 */
export type Repeats = 'never' | 're-sent' | 'any-time';

export interface Exchange<Answer> {
  readonly from: string;
  readonly to: string;
  /** Of the caller: its death ends the exchange, its pause holds the answer back. */
  readonly clock: SimClock;
  readonly timeoutMs: number;
  readonly repeats: Repeats;
  /** At the other end, once for each copy that arrives. `answer` is called at most once. */
  deliver(endpoint: Endpoint, answer: (answer: Answer) => void): void | Promise<void>;
  /** Called once. */
  finish(failure: TransportFailure | null, answer: Answer | null): void;
}

export class SimNetwork {
  readonly #queue: EventQueue;
  readonly #random: SeededRandom;
  readonly #trace: Trace;
  readonly #endpoints = new Map<string, Endpoint>();
  /** from → to, by URL, and how often: nothing passes in this direction. */
  readonly #cuts = new Map<string, Map<string, number>>();
  /** Requests that have arrived so far. */
  #delivered = 0;
  /** Answers of HTTP apps, by the order of their requests. */
  #leaving: { readonly order: number; readonly leave: () => void }[] = [];
  faults: Readonly<NetworkFaults> = calmNetwork;
  /** Every call between nodes as it arrives. */
  onCall: ((from: string, to: string, call: PeerCall) => void) | null = null;
  /** Every answer as it leaves: what was said is said, whether it arrives or not. */
  onAnswer: ((from: string, to: string, call: PeerCall, answer: PeerAnswer) => void) | null = null;
  /** What went wrong while nobody could be told: the run must end with it. */
  accident: Error | null = null;

  constructor(queue: EventQueue, random: SeededRandom, trace: Trace) {
    this.#queue = queue;
    this.#random = random;
    this.#trace = trace;
  }

  listen(endpoint: Endpoint): void {
    this.#endpoints.set(endpoint.url, endpoint);
  }

  close(url: string): void {
    this.#endpoints.delete(url);
  }

  /** Returns what undoes it; cuts of one direction add up. */
  cut(from: string, to: string): () => void {
    const cuts = this.#cuts.get(from) ?? new Map<string, number>();
    this.#cuts.set(from, cuts);
    cuts.set(to, (cuts.get(to) ?? 0) + 1);
    let isCut = true;
    return () => {
      if (isCut) cuts.set(to, Math.max(0, (cuts.get(to) ?? 0) - 1));
      isCut = false;
    };
  }

  heal(): void {
    this.#cuts.clear();
  }

  isCut(from: string, to: string): boolean {
    return (this.#cuts.get(from)?.get(to) ?? 0) > 0;
  }

  /** The network as the process at `url` sees it, where nodes call each other without HTTP. */
  peersOf(url: string, clock: SimClock): Peers {
    return { call: (to, call, done) => this.#call(url, clock, to, call, done) };
  }

  #call(from: string, clock: SimClock, to: string, call: PeerCall, done: PeerDone): void {
    this.exchange<PeerAnswer>({
      from,
      to,
      clock,
      timeoutMs: call.timeoutMs,
      repeats: 'any-time',
      deliver: ({ node }, answer) => {
        this.noteCall(from, to, call);
        const { name, message, body = noBytes } = call;
        node.onPeerCall(name, message, body, (given) => {
          this.noteAnswer(to, from, call, given);
          answer(given);
        });
      },
      finish: done,
    });
  }

  noteAccident(error: unknown): void {
    this.accident ??= error instanceof Error ? error : new Error(String(error));
  }

  noteCall(from: string, to: string, call: PeerCall): void {
    this.#trace.call(from, to, call);
    this.onCall?.(from, to, call);
  }

  noteAnswer(from: string, to: string, call: PeerCall, answer: PeerAnswer): void {
    this.#trace.answer(from, to, call, answer);
    this.onAnswer?.(from, to, call, answer);
  }

  /**
   * Sends the answers that HTTP apps have made since the last call. Apps that are woken by one event
   * answer in an order that depends on the runtime; they leave in the order of the requests.
   */
  sendAnswers(): void {
    if (this.#leaving.length === 0) return;
    const leaving = this.#leaving.sort((a, b) => a.order - b.order);
    this.#leaving = [];
    for (const { leave } of leaving) leave();
  }

  exchange<Answer>(exchange: Exchange<Answer>): void {
    const { from, to, clock } = exchange;
    let isDone = false;
    const finish = (failure: TransportFailure | null, answer: Answer | null) => {
      if (isDone) return;
      isDone = true;
      timer.cancel();
      clock.whenAwake(() => exchange.finish(failure, answer));
    };
    const timer = clock.setTimer(exchange.timeoutMs, () => finish('timeout', null));
    const send = (answered: typeof finish) =>
      this.#travel(from, to, () => this.#deliver(exchange, answered));
    const { duplicateShare, duplicateLateMs } = this.faults;
    const isTwice = duplicateShare > 0 && this.#random.chance(duplicateShare);
    if (!isTwice || exchange.repeats === 'never') return send(finish);
    const isResent = exchange.repeats === 're-sent';
    send(isResent ? () => {} : finish);
    this.#queue.after(this.#random.next() * duplicateLateMs, () => {
      if (!isDone || !isResent) send(finish);
    });
  }

  #deliver<Answer>(
    exchange: Exchange<Answer>,
    finish: (failure: TransportFailure | null, answer: Answer | null) => void,
  ): void {
    const { from, to } = exchange;
    const endpoint = this.#endpoints.get(to);
    if (endpoint === undefined) {
      this.#travel(to, from, () => finish('refused', null));
      return;
    }
    endpoint.clock.whenAwake(() => {
      this.#delivered += 1;
      const order = this.#delivered;
      const leave = (answer: Answer) => {
        const { answerLossShare } = this.faults;
        if (answerLossShare > 0 && this.#random.chance(answerLossShare)) return;
        this.#travel(to, from, () => finish(null, answer));
      };
      const delivered = exchange.deliver(endpoint, (answer) => {
        if (endpoint.fetch === undefined) leave(answer);
        else this.#leaving.push({ order, leave: () => leave(answer) });
      });
      delivered?.catch((error: unknown) => this.noteAccident(error));
    });
  }

  /** `arrive` after the delay of the network, unless the message is lost. */
  #travel(from: string, to: string, arrive: () => void): void {
    const { lossShare, slowShare, slowMs, delayMs } = this.faults;
    const [lowMs, highMs] = delayMs;
    let ms = lowMs + this.#random.next() * (highMs - lowMs);
    if (slowShare > 0 && this.#random.chance(slowShare)) ms += this.#random.next() * slowMs;
    const isLost = lossShare > 0 && this.#random.chance(lossShare);
    this.#queue.after(ms, () => {
      if (!isLost && !this.isCut(from, to)) arrive();
    });
  }
}

const noBytes = new Uint8Array(0);
