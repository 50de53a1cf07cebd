/**
 * A random walk through what can happen to a small cluster: deliver, lose or double a message, sync
 * a disk, let a clock run, cut the power, write and read. Short, and without mercy: all faults are
 * as likely as work. It finds orders of events; times and speeds are the simulator's matter.
 */
import { makeLimits } from '../../core/limits.ts';
import type { DsmNode } from '../../node/node.ts';
import { InvariantError } from '../invariants.ts';
import { SeededRandom } from '../seeded-random.ts';
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
  /** Clocks run together, within the drift allowance: leases mean something. */
  readonly #isTimed: boolean;
  /** Only those of one side hear each other. */
  #sides = new Map<WalkSeat, number>();
  #values = 0;
  /** Its disk may be lost now and then; one only, or the cluster would be gone with all its right. */
  readonly #wipeable: WalkSeat | undefined;

  constructor(seed: number) {
    const random = new SeededRandom(seed, 'walk');
    this.#random = random;
    this.#isTimed = random.chance(0.4);
    const isTiny = random.chance(0.2);
    this.#world = new WalkWorld({
      masters: random.pick([1, 2, 2, 3]),
      slaves: random.pick([0, 1, 2, 2, 3]),
      readFrom: random.chance(0.2) ? 'slaves' : 'master',
      limits: makeLimits({
        removeMs: random.pick([600, 10_000]),
        batchBytesMax: random.pick([1, 1_000_000]),
        ...(isTiny ? { snapshotEveryBytes: 400, logTailBytesMax: 300 } : {}),
        ...(this.#isTimed ? { failoverMs: 901, failoverJitterMs: 0, failoverStaggerMs: 1 } : {}),
      }),
      random,
      onAnswer: (call, answer) => this.#rules.onAnswer(call, answer),
    });
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
      if (this.steps % 40 === 1) this.#takeSides();
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
    if (roll < 0.3) this.#deliver(false);
    else if (roll < 0.36) this.#sync();
    else if (roll < 0.48) this.#write();
    else if (roll < 0.52) this.#read();
    else if (roll < 0.6) this.#passTime();
    else if (roll < 0.63) this.#lose();
    else if (roll < 0.66) this.#deliver(true);
    else if (roll < 0.69) this.#crash();
    else if (roll < 0.76) this.#restart();
    else if (roll < 0.78) this.#administer();
    else if (roll < 0.92) this.#chat();
    else this.#campaign();
  }

  #chat(): void {
    const paceMs = this.#random.pick(this.#isTimed ? [0, 10, 30] : [0, 0, 20, 160]);
    this.#talk(this.#company(), this.#random.integer(1, 4), paceMs);
  }

  /** Some of the seats, at random. */
  #company(): WalkSeat[] {
    return this.#world.seats.filter(() => this.#random.chance(0.6));
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
      if (this.#random.chance(0.2)) this.#write();
      if (this.#random.chance(0.1)) this.#read();
      if (this.#random.chance(0.2)) this.#deliver(this.#random.chance(0.2));
    }
  }

  /** A master loses patience, with some who hear it. */
  #campaign(): void {
    const masters = this.#world.running.filter(({ role }) => role === 'master');
    if (masters.length === 0) return;
    const candidate = this.#random.pick(masters);
    const withActive = this.#random.chance(0.3);
    const others = this.#company().filter(({ node }) => withActive || node?.isActive() !== true);
    const company = [...new Set([candidate, ...others])];
    if (this.#isTimed) {
      // It alone is cut off first: the others still have their vows when it asks them.
      const rest = this.#world.seats.filter((seat) => seat !== candidate);
      if (this.#random.chance(0.6)) this.#talk(rest, 32, 30);
      if (this.#random.chance(0.2)) this.#crash();
      if (this.#random.chance(0.4)) this.#restart();
      this.#talk(company, this.#random.integer(5, 30), 30);
      return;
    }
    // Longer than their vows, and than its own patience.
    for (const { clock } of company) clock?.leap(1700);
    this.#talk(company, this.#random.integer(4, 9), 0);
  }

  #advanceAll(ms: number): void {
    for (const { clock, rate } of this.#world.seats) clock?.advance(ms * rate);
  }

  #deliverable(): Letter[] {
    const sideOf = (seat: WalkSeat) => this.#sides.get(seat) ?? 0;
    return this.#world.letters.filter(({ from, to }) => sideOf(from) === sideOf(to));
  }

  #deliver(keep: boolean): void {
    const letters = this.#deliverable();
    if (letters.length === 0) return this.#passTime();
    this.#world.deliver(this.#random.pick(letters), keep);
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

  #crash(): void {
    const { running } = this.#world;
    if (running.length === 0) return;
    const all = this.#random.chance(0.1);
    for (const seat of all ? running : [this.#random.pick(running)]) {
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

  #activeNodes(): DsmNode[] {
    return this.#world.running.flatMap(({ node }) => (node?.isActive() === true ? [node] : []));
  }

  #write(): void {
    const nodes = this.#activeNodes();
    if (nodes.length === 0) return;
    const node = this.#random.pick(nodes);
    for (let i = this.#random.integer(1, 3); i > 0; i -= 1) this.#writeTo(node);
  }

  #writeTo(node: DsmNode): void {
    this.#values += 1;
    const write = {
      kind: 'put',
      key: 'k',
      value: new TextEncoder().encode(`v${this.#values}`),
      contentType: 'text/plain',
      ttlMs: 0,
      condition: 'none',
      request: null,
    } as const;
    node.write(write, (error, result) => {
      if (error === null && result !== null) {
        this.#rules.onDone(this.#world.seats, node, result.revision);
      }
    });
  }

  /** Without leases only a round tells who is master. */
  #read(): void {
    const { running } = this.#world;
    if (running.length === 0) return;
    const { node } = this.#random.pick(running);
    const consistency = this.#isTimed && this.#random.chance(0.7) ? 'linearizable' : 'quorum';
    const doneLsn = this.#rules.highestDoneLsn;
    node?.read('k', { consistency, minRevision: 0 }, (error, entry) => {
      if (error !== null) return;
      this.#check();
      const revision = entry?.revision ?? 0;
      if (revision < doneLsn) {
        throw new InvariantError('I7', `read revision ${revision}, and ${doneLsn} was done`);
      }
      if (revision > this.#rules.highestCommittedLsn) {
        throw new InvariantError('I6', `read revision ${revision}, which is not committed`);
      }
    });
  }

  #administer(): void {
    const nodes = this.#activeNodes();
    if (nodes.length === 0) return;
    const node = this.#random.pick(nodes);
    const others = node.inspect().members.filter(({ nodeId }) => nodeId !== node.nodeId);
    if (others.length === 0 || this.#random.chance(0.5)) return node.handoff('', () => {});
    node.removeMember(this.#random.pick(others).nodeId, () => {});
  }
}
