/**
 * A walk to the edge of one lease. The active master's clock is as slow as it may be, all others are
 * as fast; at the worst moment, right after everybody has vowed, the master is cut off. The others go
 * on without it as soon as they may, millisecond by millisecond, and write; in each of them it may be
 * asked for what it believes to know.
 */
import { makeLimits } from '../../core/limits.ts';
import { SeededRandom } from '../seeded-random.ts';
import type { WalkShape } from './walk-shape.ts';
import { guarded, type WalkReport, WalkStage } from './walk-stage.ts';
import type { WalkSeat } from './walk-world.ts';

export function runLeaseEdge(seed: number): WalkReport {
  return guarded(seed, () => new LeaseEdge(seed));
}

const slowRate = 0.96;
const fastRate = 1.04;
/** Longer than any lease. */
const cutMs = 1500;

function drawEdge(random: SeededRandom): WalkShape {
  return {
    masters: random.pick([2, 2, 3]),
    slaves: random.pick([1, 2]),
    readFrom: random.chance(0.2) ? 'slaves' : 'master',
    // A candidate that waits no longer than it must is the worst one for a lease.
    limits: makeLimits({ failoverMs: 901, failoverJitterMs: 0, failoverStaggerMs: 1 }),
  };
}

class LeaseEdge extends WalkStage {
  constructor(seed: number) {
    const random = new SeededRandom(seed, 'lease edge');
    super(random, drawEdge(random), true);
  }

  run(): void {
    this.begin();
    this.world.calm(1000);
    const { seats } = this.world;
    const active = seats.find(({ node }) => node?.isActive() === true);
    if (active === undefined) return;
    for (const seat of seats) seat.rate = seat === active ? slowRate : fastRate;
    for (let left = this.random.integer(100, 300); left > 0; left -= 1) this.#pass(seats);
    const others = seats.filter((seat) => seat !== active);
    for (this.steps = 1; this.steps <= cutMs; this.steps += 1) {
      this.#pass(others);
      const next = others.find(({ node }) => node?.isActive() === true)?.node ?? null;
      if (next !== null && this.steps % 5 === 0) this.clients.write(next);
    }
  }

  /** One millisecond, in which these hear each other at once. */
  #pass(company: readonly WalkSeat[]): void {
    this.events.advanceAll(1);
    const hears = new Set(company);
    for (let round = 0; round < 8; round += 1) {
      const heard = this.world.letters.filter(({ from, to }) => hears.has(from) && hears.has(to));
      for (const letter of heard) this.world.deliver(letter);
      for (const { disk } of company) while (disk?.isIdle === false) disk.finishNext();
      this.check();
      if (heard.length === 0) return;
    }
  }
}
