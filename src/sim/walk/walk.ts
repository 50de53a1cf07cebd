/**
 * A random walk through what can happen to a small cluster: deliver, lose or double a message, sync
 * a disk, let a clock run, cut the power, write and read. Short, and without mercy: all faults are
 * as likely as work. It finds orders of events; times and speeds are the simulator's matter.
 *
 * Steps are single events, or short episodes that such events hardly ever make up by themselves:
 * a master that writes what nobody hears, a candidate with half of the cluster.
 */
import { SeededRandom } from '../seeded-random.ts';
import { drawShape, type WalkKind } from './walk-shape.ts';
import { guarded, type WalkReport, WalkStage } from './walk-stage.ts';
import type { WalkSeat } from './walk-world.ts';

/** With clocks that run together most steps are long. */
const stepsMax = { orders: 70, leases: 24 } as const;

export function runWalk(seed: number, kind: WalkKind = 'orders'): WalkReport {
  return guarded(seed, () => new Walk(seed, kind));
}

class Walk extends WalkStage {
  readonly #stepsMax: number;

  constructor(seed: number, kind: WalkKind) {
    const random = new SeededRandom(seed, `walk ${kind}`);
    super(random, drawShape(random, kind), kind === 'leases');
    this.#stepsMax = stepsMax[kind];
  }

  run(): void {
    this.begin();
    for (this.steps = 1; this.steps <= this.#stepsMax; this.steps += 1) {
      if (this.steps % 20 === 1) this.events.takeSides();
      this.#step();
      this.check();
    }
  }

  #step(): void {
    const roll = this.random.next();
    if (roll < 0.2) this.events.deliver(false);
    else if (roll < 0.25) this.events.sync();
    else if (roll < 0.32) this.clients.write();
    else if (roll < 0.36) this.clients.read();
    else if (roll < 0.41) this.events.passTime();
    else if (roll < 0.44) this.events.lose();
    else if (roll < 0.47) this.events.deliver(true);
    else if (roll < 0.5) this.events.crash();
    else if (roll < 0.57) this.events.restart();
    else if (roll < 0.59) this.clients.administer();
    else if (roll < 0.69) this.#chat();
    else if (roll < 0.74) this.#leaveOut();
    else if (roll < 0.83) this.#writeAlone();
    else this.#campaign();
  }

  // ── episodes ──────────────────────────────────────────────────────────────────────────────────

  /** Some of the seats, at random. */
  #company(): WalkSeat[] {
    return this.world.seats.filter(() => this.random.chance(0.6));
  }

  #chat(): void {
    const paceMs = this.random.pick(this.isTimed ? [0, 10, 30] : [0, 0, 20, 160]);
    this.#talk(this.#company(), this.random.integer(1, 4), paceMs);
  }

  /** For a while only these hear each other, and hear each other well. */
  #talk(company: readonly WalkSeat[], rounds: number, paceMs: number, strayShare = 0.1): void {
    const hears = new Set(company);
    for (let round = 0; round < rounds; round += 1) {
      if (this.isTimed) this.events.advanceAll(paceMs);
      else for (const { clock } of company) clock?.leap(paceMs);
      for (const letter of this.world.letters) {
        if (hears.has(letter.from) && hears.has(letter.to)) this.world.deliver(letter);
      }
      for (const { disk } of company) {
        while (disk?.isIdle === false && this.random.chance(0.9)) disk.finishNext();
      }
      this.check();
      if (this.random.chance(0.2)) this.clients.write();
      if (this.random.chance(0.1)) this.clients.read();
      // A stray from outside, late or for the second time.
      if (this.random.chance(strayShare)) {
        this.events.deliverOneOf(this.world.letters, this.random.chance(0.4));
      }
    }
  }

  #deliverAll(from: readonly WalkSeat[]): void {
    const letters = this.world.letters.filter((letter) => from.includes(letter.from));
    for (const letter of letters) this.world.deliver(letter);
    this.check();
  }

  /** One is not heard for so long that the others go on without it. */
  #leaveOut(): void {
    const { seats } = this.world;
    const out = this.random.pick(seats);
    const rest = seats.filter((seat) => seat !== out);
    if (this.random.chance(0.3)) this.events.restart();
    this.#talk(rest, this.random.integer(6, 14), this.isTimed ? 30 : this.random.pick([30, 160]));
  }

  /** An active master writes and syncs what reaches nobody, or one of them. */
  #writeAlone(): void {
    const active = this.world.running.filter(({ node }) => node?.isActive() === true);
    if (active.length === 0) return;
    const { node, clock, disk } = this.random.pick(active);
    if (node !== null && this.random.chance(0.3)) this.clients.removeSomebody(node);
    for (let batch = this.random.integer(1, 3); batch > 0; batch -= 1) {
      if (node !== null) this.clients.write(node);
      while (disk?.isIdle === false) disk.finishNext();
      // The next batch waits no longer for the quorum of this one.
      if (!this.isTimed) clock?.leap(30);
    }
    if (this.random.chance(0.4)) this.events.deliver(false);
    if (this.random.chance(0.3)) this.events.crash();
  }

  /** A master loses patience, with some who hear it. */
  #campaign(): void {
    const masters = this.world.running.filter(({ role }) => role === 'master');
    if (masters.length === 0) return;
    const candidate = this.random.pick(masters);
    const withActive = this.random.chance(0.4);
    const others = this.#company().filter(({ node }) => withActive || node?.isActive() !== true);
    const company = [...new Set([candidate, ...others])];
    if (this.isTimed) this.#campaignInTime(candidate, company);
    else {
      // Longer than its patience, and than their vows; not so long that an active one gives up.
      for (const { clock } of others) clock?.leap(this.random.pick([950, 1700, 1700]));
      candidate.clock?.leap(1700);
      this.#talk(company, this.random.integer(4, 9), 0);
    }
  }

  /**
   * Either all but the active master go on without it, to be done as soon as their vows end; or the
   * candidate was cut off alone, and the others still have their vows when it asks them.
   */
  #campaignInTime(candidate: WalkSeat, company: readonly WalkSeat[]): void {
    if (this.random.chance(0.5)) {
      this.#talk(company, 14, 30, 0);
      // In one direction only: what the others said arrives, late, and nothing comes back.
      if (this.random.chance(0.5)) this.#deliverAll(company);
      this.#talk(company, 14, 30, 0);
      this.#talk(company, this.random.integer(12, 40), 5, 0.3);
      return;
    }
    const rest = this.world.seats.filter((seat) => seat !== candidate);
    this.#talk(rest, 32, 30, 0);
    const forgetful = this.random.pick(company);
    if (forgetful !== candidate && this.random.chance(0.5)) {
      this.world.crash(forgetful, forgetful.disk?.openCount ?? 0);
      this.events.start(forgetful);
    }
    this.#talk(company, this.random.integer(8, 30), this.random.pick([5, 30]));
  }
}
