/**
 * The network between simulated nodes: requests and answers travel apart, each with its own delay;
 * either may be lost, delivered twice, or cut off in one direction only. An answer that is lost
 * means that the work was done and the caller sees a failure.
 */
import type { NodeApi } from '../node/api.ts';
import type { PeerAnswer, PeerCall, PeerDone, Peers } from '../ports/peers.ts';
import type { TransportFailure } from '../ports/transport.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { EventQueue, SimClock } from './sim-clock.ts';

/** A process that listens at a URL. */
export interface Endpoint {
  readonly url: string;
  readonly clock: SimClock;
  readonly node: NodeApi;
}

export interface NetworkFaults {
  delayMs: readonly [number, number];
  lossShare: number;
  duplicateShare: number;
  /** Share of messages that take up to `slowMs` longer, and so overtake each other. */
  slowShare: number;
  slowMs: number;
}

export const calmNetwork: NetworkFaults = {
  delayMs: [0.2, 1],
  lossShare: 0,
  duplicateShare: 0,
  slowShare: 0,
  slowMs: 0,
};

export class SimNetwork {
  readonly #queue: EventQueue;
  readonly #random: SeededRandom;
  readonly #endpoints = new Map<string, Endpoint>();
  /** `from>to` by URL: nothing passes in this direction. */
  readonly #cut = new Set<string>();
  faults: NetworkFaults = calmNetwork;
  /** Every call as it arrives, for traces. */
  onCall: ((from: string, to: string, call: PeerCall) => void) | null = null;
  /** Every answer as it leaves: what was said is said, whether it arrives or not. */
  onAnswer: ((from: string, to: string, call: PeerCall, answer: PeerAnswer) => void) | null = null;

  constructor(queue: EventQueue, random: SeededRandom) {
    this.#queue = queue;
    this.#random = random;
  }

  listen(endpoint: Endpoint): void {
    this.#endpoints.set(endpoint.url, endpoint);
  }

  close(url: string): void {
    this.#endpoints.delete(url);
  }

  cut(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`);
  }

  heal(): void {
    this.#cut.clear();
  }

  isCut(from: string, to: string): boolean {
    return this.#cut.has(`${from}>${to}`);
  }

  /** The network as the process at `url` sees it. */
  peersOf(url: string, clock: SimClock): Peers {
    return {
      call: (to, call, done) => this.#call(url, clock, to, call, done),
    };
  }

  #call(from: string, clock: SimClock, to: string, call: PeerCall, done: PeerDone): void {
    let isDone = false;
    const finish = (failure: TransportFailure | null, answer: PeerAnswer | null) => {
      if (isDone) return;
      isDone = true;
      timer.cancel();
      clock.whenAwake(() => done(failure, answer));
    };
    const timer = clock.setTimer(call.timeoutMs, () => finish('timeout', null));
    const copies = this.#random.chance(this.faults.duplicateShare) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      this.#travel(from, to, () => this.#deliver(from, to, call, finish));
    }
  }

  #deliver(
    from: string,
    to: string,
    call: PeerCall,
    finish: (failure: TransportFailure | null, answer: PeerAnswer | null) => void,
  ): void {
    const endpoint = this.#endpoints.get(to);
    if (endpoint === undefined) {
      this.#travel(to, from, () => finish('refused', null));
      return;
    }
    endpoint.clock.whenAwake(() => {
      this.onCall?.(from, to, call);
      endpoint.node.onPeerCall(
        call.name,
        call.message,
        call.body ?? new Uint8Array(0),
        (answer) => {
          this.onAnswer?.(to, from, call, answer);
          this.#travel(to, from, () => finish(null, answer));
        },
      );
    });
  }

  /** `arrive` after the delay of the network, unless the message is lost. */
  #travel(from: string, to: string, arrive: () => void): void {
    const { lossShare, slowShare, slowMs, delayMs } = this.faults;
    const [lowMs, highMs] = delayMs;
    let ms = lowMs + this.#random.next() * (highMs - lowMs);
    if (this.#random.chance(slowShare)) ms += this.#random.next() * slowMs;
    const isLost = this.#random.chance(lossShare);
    this.#queue.after(ms, () => {
      if (!isLost && !this.isCut(from, to)) arrive();
    });
  }
}
