/**
 * A walk through one election after the other, each of which ends in its middle: of three voters two
 * hear each other, a few messages and syncs long, and then the candidate is gone. What is left are
 * logs with ends of many epochs, which is where it shows whether what was committed stays.
 */
import { makeLimits } from '../../core/limits.ts';
import { SeededRandom } from '../seeded-random.ts';
import type { WalkShape } from './walk-shape.ts';
import { guarded, type WalkReport, WalkStage } from './walk-stage.ts';
import type { WalkSeat } from './walk-world.ts';

export function runTails(seed: number): WalkReport {
  return guarded(seed, () => new Tails(seed));
}

const elections = 14;
const messagesMax = 40;
const lastWordsMax = 8;

function drawVoters(random: SeededRandom): WalkShape {
  const masters = random.pick([2, 3]);
  return {
    masters,
    slaves: 3 - masters,
    readFrom: 'master',
    // One record in a message, so that an end may be heard of in part.
    limits: makeLimits({ removeMs: 10_000, batchBytesMax: 1 }),
  };
}

class Tails extends WalkStage {
  constructor(seed: number) {
    const random = new SeededRandom(seed, 'tails');
    super(random, drawVoters(random), false);
  }

  run(): void {
    this.begin();
    this.world.calm(1000);
    const masters = this.world.seats.filter(({ role }) => role === 'master');
    for (this.steps = 1; this.steps <= elections; this.steps += 1) {
      this.#elect(this.random.pick(masters));
    }
  }

  #elect(candidate: WalkSeat): void {
    const { random, world } = this;
    const others = world.seats.filter((seat) => seat !== candidate);
    const company = [candidate, random.pick(others)];
    for (const seat of company) if (seat.node === null) this.events.start(seat);
    for (const { clock } of company) clock?.leap(1700);
    // Once it is active there is little that it can say before it is gone.
    let left = random.integer(0, lastWordsMax);
    for (let message = 0; message < messagesMax && left >= 0; message += 1) {
      this.#hear(company);
      this.check();
      const { node } = candidate;
      if (node?.isActive() !== true) continue;
      left -= 1;
      if (random.chance(0.3)) this.clients.write(node);
    }
    // What it has not said by now, it never says.
    if (random.chance(0.7))
      world.crash(candidate, random.integer(0, candidate.disk?.openCount ?? 0));
    world.letters = random.chance(0.8) ? [] : world.letters;
  }

  /** One message among these, most often the oldest; or what their disks have to do. */
  #hear(company: readonly WalkSeat[]): void {
    const { random, world } = this;
    for (const { disk } of company) {
      while (disk?.isIdle === false && random.chance(0.9)) disk.finishNext();
    }
    const letters = world.letters.filter(
      ({ from, to }) => company.includes(from) && company.includes(to),
    );
    const letter = random.chance(0.9) ? letters[0] : letters.at(-1);
    if (letter !== undefined) world.deliver(letter);
    else for (const { clock } of company) clock?.leap(random.pick([1, 30]));
  }
}
