/**
 * A random walk through what can happen to a small cluster: deliver, lose or double a message, sync
 * a disk, let a clock run, cut the power, write and read. Short, and without mercy: all faults are
 * as likely as work. It finds orders of events; times and speeds are the simulator's matter.
 *
 * Steps are single events, or short episodes that such events hardly ever make up by themselves:
 * a master that writes what nobody hears, a candidate with half of the cluster.
 */
import { makeLimits } from '../../core/limits.ts';
import { InvariantError } from '../invariants.ts';
import { SeededRandom } from '../seeded-random.ts';
import { WalkClients } from './walk-clients.ts';
import { WalkRules } from './walk-rules.ts';
import { type Letter, type WalkSeat, WalkWorld } from './walk-world.ts';

export interface WalkReport {
  readonly seed: number;
  /** null where everything held. */
  readonly failure: string | null;
  readonly steps: number;
}

const stepsMax = 70;

export function runWalk(seed: number): WalkReport {
  const walk = new Walk(seed);
  try {
    walk.run();
    return { seed, failure: null, steps: walk.steps };
  } catch (error) {
    const failure =
      error instanceof InvariantError ? error.message : String((error as Error).stack);
    return { seed, failure, steps: walk.steps };
  }
}

class Walk {
  steps = 0;
  readonly #random: SeededRandom;
  readonly #world: WalkWorld;
  readonly #rules = new WalkRules();
  readonly #clients: WalkClients;
  /** Clocks run together, within the drift allowance: leases mean something. */
  readonly #isTimed: boolean;
  /** Only those of one side hear each other. */
  readonly #sides = new Map<WalkSeat, number>();
  /** Its disk may be lost now and then; one only, or the cluster would be gone with all its right. */
  readonly #wipeable: WalkSeat | undefined;

  constructor(seed: number) {
    const random = new SeededRandom(seed, 'walk');
    this.#random = random;
    this.#isTimed = random.chance(0.4);
    const isTiny = random.chance(0.2);
    this.#world = new WalkWorld({
      masters: random.pick([1, 2, 2, 3]),
      slaves: random.pick([0, 1, 1, 2, 3]),
      readFrom: random.chance(0.2) ? 'slaves' : 'master',
      limits: makeLimits({
        removeMs: random.pick([600, 10_000]),
        batchBytesMax: random.pick([1, 1_000_000]),
        ...(isTiny ? { snapshotEveryBytes: 400, logTailBytesMax: 300 } : {}),
        // A candidate that waits no longer than it must is the worst one for a lease.
        ...(this.#isTimed ? { failoverMs: 901, failoverJitterMs: 0, failoverStaggerMs: 1 } : {}),
      }),
      random,
      onAnswer: (call, answer) => this.#rules.onAnswer(call, answer),
    });
    this.#clients = new WalkClients(this.#world, this.#rules, random, this.#isTimed);
    const masters = this.#world.seats.filter(({ role }) => role === 'master');
    this.#wipeable = masters.length > 1 ? random.pick(masters) : undefined;
  }

  run(): void {
    const { seats } = this.#world;
    for (const seat of seats) this.#start(seat);
    const isReady = () =>
      seats.some(({ node }) => node?.isActive() === true && node.inspect().members.length > 1);
    this.#world.calm(4000, isReady);
    if (this.#random.chance(0.7)) this.#world.calm(1000);
    this.#check();
    for (this.steps = 1; this.steps <= stepsMax; this.steps += 1) {
      if (this.steps % 20 === 1) this.#takeSides();
      this.#step();
      this.#check();
    }
  }

  #check(): void {
    this.#rules.check(this.#world.seats, this.#isTimed);
  }

  #start(seat: WalkSeat): void {
    if (this.#isTimed) seat.rate = 0.96 + this.#random.next() * 0.08;
    this.#world.start(seat);
  }

  #takeSides(): void {
    const isWhole = this.#random.chance(0.4);
    for (const seat of this.#world.seats) {
      this.#sides.set(seat, isWhole ? 0 : this.#random.integer(0, 1));
    }
  }

  #step(): void {
    const roll = this.#random.next();
    if (roll < 0.23) this.#deliver(false);
    else if (roll < 0.28) this.#sync();
    else if (roll < 0.36) this.#clients.write();
    else if (roll < 0.41) this.#clients.read();
    else if (roll < 0.47) this.#passTime();
    else if (roll < 0.5) this.#lose();
    else if (roll < 0.53) this.#deliver(true);
    else if (roll < 0.56) this.#crash();
    else if (roll < 0.63) this.#restart();
    else if (roll < 0.65) this.#clients.administer();
    else if (roll < 0.78) this.#chat();
    else if (roll < 0.83) this.#leaveOut();
    else if (roll < 0.9) this.#writeAlone();
    else this.#campaign();
  }

  // ── single events ─────────────────────────────────────────────────────────────────────────────

  #deliver(keep: boolean): void {
    const sideOf = (seat: WalkSeat) => this.#sides.get(seat) ?? 0;
    const isHeard = ({ from, to }: Letter) => sideOf(from) === sideOf(to);
    const letters = this.#world.letters.filter(isHeard);
    if (letters.length === 0) return this.#passTime();
    this.#world.deliver(this.#random.pick(letters), keep);
    this.#check();
  }

  #lose(): void {
    const { letters } = this.#world;
    if (letters.length === 0) return;
    const lost = this.#random.pick(letters);
    this.#world.letters = letters.filter((letter) => letter !== lost);
  }

  #sync(): void {
    const busy = this.#world.seats.filter(({ disk }) => disk?.isIdle === false);
    if (busy.length > 0) this.#random.pick(busy).disk?.finishNext();
  }

  #passTime(): void {
    if (this.#isTimed) return this.#advanceAll(this.#random.pick([2, 10, 40]));
    const { running } = this.#world;
    if (running.length === 0) return;
    this.#random.pick(running).clock?.leap(this.#random.pick([1, 30, 60, 160, 700, 1200]));
  }

  #advanceAll(ms: number): void {
    for (const { clock, rate } of this.#world.seats) clock?.advance(ms * rate);
  }

  #crash(): void {
    const { running } = this.#world;
    if (running.length === 0) return;
    const isPowerCut = this.#random.chance(0.1);
    for (const seat of isPowerCut ? running : [this.#random.pick(running)]) {
      this.#world.crash(seat, this.#random.integer(0, seat.disk?.openCount ?? 0));
    }
  }

  #restart(): void {
    const fallen = this.#world.seats.filter(({ node }) => node === null);
    if (fallen.length === 0) return;
    const seat = this.#random.pick(fallen);
    if (seat === this.#wipeable && this.#random.chance(0.2)) seat.disk?.wipe();
    this.#start(seat);
  }

  // ── episodes ──────────────────────────────────────────────────────────────────────────────────

  /** Some of the seats, at random. */
  #company(): WalkSeat[] {
    return this.#world.seats.filter(() => this.#random.chance(0.6));
  }

  #chat(): void {
    const paceMs = this.#random.pick(this.#isTimed ? [0, 10, 30] : [0, 0, 20, 160]);
    this.#talk(this.#company(), this.#random.integer(1, 4), paceMs);
  }

  /** For a while only these hear each other, and hear each other well. */
  #talk(company: readonly WalkSeat[], rounds: number, paceMs: number): void {
    const hears = new Set(company);
    for (let round = 0; round < rounds; round += 1) {
      if (this.#isTimed) this.#advanceAll(paceMs);
      else for (const { clock } of company) clock?.leap(paceMs);
      for (const letter of this.#world.letters) {
        if (hears.has(letter.from) && hears.has(letter.to)) this.#world.deliver(letter);
      }
      for (const { disk } of company) {
        while (disk?.isIdle === false && this.#random.chance(0.9)) disk.finishNext();
      }
      this.#check();
      if (this.#random.chance(0.2)) this.#clients.write();
      if (this.#random.chance(0.1)) this.#clients.read();
      if (this.#random.chance(0.2)) this.#deliver(this.#random.chance(0.2));
    }
  }

  /** One is not heard for so long that the others go on without it. */
  #leaveOut(): void {
    const { seats } = this.#world;
    const out = this.#random.pick(seats);
    const rest = seats.filter((seat) => seat !== out);
    if (this.#random.chance(0.3)) this.#restart();
    this.#talk(
      rest,
      this.#random.integer(6, 14),
      this.#isTimed ? 30 : this.#random.pick([30, 160]),
    );
  }

  /** An active master writes and syncs what reaches nobody, or one of them. */
  #writeAlone(): void {
    const active = this.#world.running.filter(({ node }) => node?.isActive() === true);
    if (active.length === 0) return;
    const { node, clock, disk } = this.#random.pick(active);
    for (let batch = this.#random.integer(1, 3); batch > 0; batch -= 1) {
      if (node !== null) this.#clients.write(node);
      while (disk?.isIdle === false) disk.finishNext();
      // The next batch waits no longer for the quorum of this one.
      if (!this.#isTimed) clock?.leap(30);
    }
    if (this.#random.chance(0.4)) this.#deliver(false);
    if (this.#random.chance(0.3)) this.#crash();
  }

  /** A master loses patience, with some who hear it. */
  #campaign(): void {
    const masters = this.#world.running.filter(({ role }) => role === 'master');
    if (masters.length === 0) return;
    const candidate = this.#random.pick(masters);
    const withActive = this.#random.chance(0.3);
    const others = this.#company().filter(({ node }) => withActive || node?.isActive() !== true);
    const company = [...new Set([candidate, ...others])];
    if (this.#isTimed) this.#campaignInTime(candidate, company);
    else {
      // Longer than their vows, and than its own patience.
      for (const { clock } of company) clock?.leap(1700);
      this.#talk(company, this.#random.integer(4, 9), 0);
    }
  }

  /** It alone is cut off first: the others still have their vows when it asks them. */
  #campaignInTime(candidate: WalkSeat, company: readonly WalkSeat[]): void {
    const rest = this.#world.seats.filter((seat) => seat !== candidate);
    if (this.#random.chance(0.6)) this.#talk(rest, 32, 30);
    if (this.#random.chance(0.2)) this.#crash();
    if (this.#random.chance(0.4)) this.#restart();
    this.#talk(company, this.#random.integer(5, 30), 30);
  }
}
