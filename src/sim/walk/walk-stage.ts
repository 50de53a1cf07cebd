/** What every walk has: a cluster that is moved by hand, its clients, its faults and its rules. */
import { InvariantError } from '../invariant-error.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { WalkClients } from './walk-clients.ts';
import { WalkEvents } from './walk-events.ts';
import { WalkRules } from './walk-rules.ts';
import type { WalkShape } from './walk-shape.ts';
import { WalkWorld } from './walk-world.ts';

export interface WalkReport {
  readonly seed: number;
  /** null where everything held. */
  readonly failure: string | null;
  readonly steps: number;
}

export abstract class WalkStage {
  steps = 0;
  protected readonly random: SeededRandom;
  protected readonly world: WalkWorld;
  protected readonly rules = new WalkRules();
  protected readonly clients: WalkClients;
  protected readonly events: WalkEvents;
  /** The clocks run together, and leases mean something. */
  protected readonly isTimed: boolean;

  constructor(random: SeededRandom, shape: WalkShape, isTimed: boolean) {
    this.random = random;
    this.isTimed = isTimed;
    this.world = new WalkWorld({
      ...shape,
      random,
      onAnswer: (call, answer) => this.rules.onAnswer(call, answer),
    });
    this.clients = new WalkClients(this.world, this.rules, random, isTimed);
    this.events = new WalkEvents(this.world, random, isTimed, () => this.check());
  }

  abstract run(): void;

  /** All seats run, and somebody is active. */
  protected begin(): void {
    const { seats } = this.world;
    for (const seat of seats) this.events.start(seat);
    const isReady = () =>
      seats.some(({ node }) => node?.isActive() === true && node.inspect().members.length > 1);
    this.world.calm(4000, isReady);
    if (this.random.chance(0.7)) this.world.calm(1000);
    this.check();
  }

  protected check(): void {
    this.rules.check(this.world.seats, this.isTimed);
  }
}

/** Makes a walk and goes it; what breaks a rule, or breaks at all, is reported. */
export function guarded(seed: number, make: () => WalkStage): WalkReport {
  const { stackTraceLimit } = Error;
  // Refusals are errors, and by far the most of them are nobody's accident.
  Error.stackTraceLimit = 0;
  const walk = make();
  try {
    walk.run();
    return { seed, failure: null, steps: walk.steps };
  } catch (error) {
    const failure =
      error instanceof InvariantError ? error.message : String((error as Error).stack);
    return { seed, failure, steps: walk.steps };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
