/** The single events of a walk: each is one step of the network, a disk, a clock or a process. */
import type { SeededRandom } from '../seeded-random.ts';
import type { Letter, WalkSeat, WalkWorld } from './walk-world.ts';

export class WalkEvents {
  readonly #world: WalkWorld;
  readonly #random: SeededRandom;
  readonly #isTimed: boolean;
  /** After each delivery: what happens next may hide what it did. */
  readonly #check: () => void;
  /** Only those of one side hear each other. */
  readonly #sides = new Map<WalkSeat, number>();
  /** Its disk may be lost now and then; one only, or the cluster would be gone with all its right. */
  readonly #wipeable: WalkSeat | undefined;

  constructor(world: WalkWorld, random: SeededRandom, isTimed: boolean, check: () => void) {
    this.#world = world;
    this.#random = random;
    this.#isTimed = isTimed;
    this.#check = check;
    const masters = world.seats.filter(({ role }) => role === 'master');
    this.#wipeable = masters.length > 1 ? random.pick(masters) : undefined;
  }

  start(seat: WalkSeat): void {
    if (this.#isTimed) seat.rate = this.#random.pick([0.96, 1, 1.04]);
    this.#world.start(seat);
  }

  takeSides(): void {
    const isWhole = this.#random.chance(0.4);
    for (const seat of this.#world.seats) {
      this.#sides.set(seat, isWhole ? 0 : this.#random.integer(0, 1));
    }
  }

  /** `keep` leaves a copy on its way. */
  deliver(keep: boolean): void {
    const sideOf = (seat: WalkSeat) => this.#sides.get(seat) ?? 0;
    const letters = this.#world.letters.filter(({ from, to }) => sideOf(from) === sideOf(to));
    if (letters.length === 0) this.passTime();
    else this.deliverOneOf(letters, keep);
  }

  /** One of these, whichever side they are for. */
  deliverOneOf(letters: readonly Letter[], keep: boolean): void {
    if (letters.length === 0) return;
    this.#world.deliver(this.#random.pick(letters), keep);
    this.#check();
  }

  lose(): void {
    const { letters } = this.#world;
    if (letters.length === 0) return;
    const lost = this.#random.pick(letters);
    this.#world.letters = letters.filter((letter) => letter !== lost);
  }

  sync(): void {
    const busy = this.#world.seats.filter(({ disk }) => disk?.isIdle === false);
    if (busy.length > 0) this.#random.pick(busy).disk?.finishNext();
  }

  passTime(): void {
    if (this.#isTimed) return this.advanceAll(this.#random.pick([2, 10, 40]));
    const { running } = this.#world;
    if (running.length === 0) return;
    this.#random.pick(running).clock?.leap(this.#random.pick([1, 30, 60, 160, 700, 1200]));
  }

  advanceAll(ms: number): void {
    for (const { clock, rate } of this.#world.seats) clock?.advance(ms * rate);
  }

  crash(): void {
    const { running } = this.#world;
    if (running.length === 0) return;
    const isPowerCut = this.#random.chance(0.1);
    for (const seat of isPowerCut ? running : [this.#random.pick(running)]) {
      this.#world.crash(seat, this.#random.integer(0, seat.disk?.openCount ?? 0));
    }
  }

  restart(): void {
    const fallen = this.#world.seats.filter(({ node }) => node === null);
    if (fallen.length === 0) return;
    const seat = this.#random.pick(fallen);
    if (seat === this.#wipeable && this.#random.chance(0.2)) seat.disk?.wipe();
    this.start(seat);
  }
}
