/** Takes nodes down and starts them again, as whoever looks after a cluster does. */
import { CorruptLogError } from '../ports/storage.ts';
import type { Cluster } from './cluster.ts';

/** A node that ended itself is noticed, and started again, after so long. */
const noticeMs = 500;

export class Operator {
  readonly #world: Cluster;
  /** Seats that are meant to be down, and until when. */
  readonly #down = new Map<string, number>();

  constructor(world: Cluster) {
    this.#world = world;
  }

  /** What runs there dies, and is started again after `downMs`. */
  takeDown(name: string, downMs: number, isKill: boolean): void {
    if (isKill) this.#world.kill(name);
    else this.#world.crash(name);
    this.#keepDown(name, downMs);
  }

  #keepDown(name: string, downMs: number): void {
    const untilMs = this.#world.queue.nowMs + downMs;
    this.#down.set(name, untilMs);
    this.#world.queue.at(untilMs, () => {
      if (this.#down.get(name) === untilMs) this.startAgain(name);
    });
  }

  /** A damaged log is moved away: what starts then is a new node. */
  startAgain(name: string): void {
    this.#down.delete(name);
    if (this.#world.seat(name).node !== null) return;
    try {
      this.#world.start(name);
    } catch (error) {
      if (!(error instanceof CorruptLogError)) throw error;
      this.#world.wipe(name);
      this.#world.start(name);
    }
  }

  /** Called now and then: looks for nodes that ended themselves. */
  restartFallen(): void {
    for (const { name, node } of this.#world.seats.values()) {
      if (node === null && !this.#down.has(name)) this.#keepDown(name, noticeMs);
    }
  }
}
