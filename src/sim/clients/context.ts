/** What all clients of one run have in common. */
import type { Cluster } from '../cluster.ts';
import type { InvariantError } from '../invariant-error.ts';
import type { Invariants } from '../invariants.ts';
import type { SeededRandom } from '../seeded-random.ts';

export interface ClientsContext {
  readonly world: Cluster;
  readonly random: SeededRandom;
  readonly invariants: Invariants;
  /** Over HTTP; else by the interface of the nodes. */
  readonly isHttp: boolean;
  /** Everything takes so many times as long. */
  readonly tempo: number;
  /** Longest pause between two calls of a client, ms at tempo 1. */
  readonly thinkMs: number;
  /** Nodes call back into clients, and must not be thrown at: what was seen is kept here. */
  readonly violations: InvariantError[];
}

/** One client with a task of its own, which it repeats until it is stopped. */
export interface Client {
  start(): void;
  /** No new calls; those under way end within their patience. */
  stop(): void;
  /** At the end, when all is healed and answered: throws what cannot be. */
  check(name: string): void;
}

/** A client that takes one turn after the other. */
export abstract class TurnClient implements Client {
  protected readonly context: ClientsContext;
  protected isStopped = false;

  constructor(context: ClientsContext) {
    this.context = context;
  }

  start(): void {
    this.next();
  }

  stop(): void {
    this.isStopped = true;
  }

  /** The turn is over; the next one begins after a pause. */
  protected next(): void {
    const { world, random, thinkMs, tempo } = this.context;
    world.queue.after(random.next() * thinkMs * tempo, () => {
      if (!this.isStopped) this.turn();
    });
  }

  protected abstract turn(): void;
  abstract check(name: string): void;
}
