/** What goes wrong in a run: faults on a random schedule, each undone after a while. */
import type { SeededRandom } from './seeded-random.ts';
import { calmNetwork } from './sim-network.ts';
import type { Seat, World } from './world.ts';

export type FaultName =
  | 'crash'
  | 'crash-all'
  | 'pause'
  | 'partition'
  | 'one-way'
  | 'flaky-network'
  | 'slow-network'
  | 'slow-disk'
  | 'failing-disk'
  | 'wall-leap'
  | 'handoff';

export interface FaultShare {
  readonly fault: FaultName;
  readonly weight: number;
}

export const defaultFaults: readonly FaultShare[] = [
  { fault: 'crash', weight: 6 },
  { fault: 'crash-all', weight: 1 },
  { fault: 'pause', weight: 4 },
  { fault: 'partition', weight: 4 },
  { fault: 'one-way', weight: 3 },
  { fault: 'flaky-network', weight: 3 },
  { fault: 'slow-network', weight: 2 },
  { fault: 'slow-disk', weight: 2 },
  { fault: 'failing-disk', weight: 1 },
  { fault: 'wall-leap', weight: 1 },
  { fault: 'handoff', weight: 2 },
];

export class Nemesis {
  /** Faults done, by name. */
  readonly counts = new Map<FaultName, number>();
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #faults: readonly FaultShare[];
  readonly #everyMs: number;
  #isStopped = false;

  constructor(world: World, random: SeededRandom, faults = defaultFaults, everyMs = 2500) {
    this.#world = world;
    this.#random = random;
    this.#faults = faults;
    this.#everyMs = everyMs;
  }

  start(): void {
    this.#schedule();
  }

  #schedule(): void {
    this.#world.queue.after(this.#random.next() * this.#everyMs, () => {
      if (this.#isStopped) return;
      this.#strike(this.#choose());
      this.#schedule();
    });
  }

  #choose(): FaultName {
    const total = this.#faults.reduce((sum, { weight }) => sum + weight, 0);
    let roll = this.#random.next() * total;
    for (const { fault, weight } of this.#faults) {
      roll -= weight;
      if (roll < 0) return fault;
    }
    return 'crash';
  }

  #strike(fault: FaultName): void {
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
    const { queue, network } = this.#world;
    const durationMs = this.#random.next() ** 2 * 8000;
    const later = (undo: () => void) => queue.after(durationMs, undo);
    switch (fault) {
      case 'crash':
        return this.#crash(this.#seat(), durationMs);
      case 'crash-all':
        for (const seat of this.#world.seats.values())
          this.#crash(seat, this.#random.next() * 2000);
        return;
      case 'pause':
        return this.#world.pause(this.#seat().name, durationMs);
      case 'partition':
        this.#world.partition(this.#side());
        later(() => network.heal());
        return;
      case 'one-way':
        network.cut(this.#seat().url, this.#seat().url);
        later(() => network.heal());
        return;
      case 'flaky-network':
        network.faults = {
          ...calmNetwork,
          lossShare: 0.1,
          duplicateShare: 0.2,
          slowShare: 0.2,
          slowMs: 400,
        };
        later(() => this.#calm());
        return;
      case 'slow-network':
        network.faults = { ...calmNetwork, delayMs: [1, 60 + this.#random.next() * 200] };
        later(() => this.#calm());
        return;
      case 'slow-disk':
        return this.#disk(
          { syncMs: [1, 50 + this.#random.next() ** 3 * 3000], failShare: 0 },
          durationMs,
        );
      case 'failing-disk':
        return this.#disk({ syncMs: [0.1, 0.5], failShare: 0.05 }, durationMs);
      case 'wall-leap':
        return this.#seat().clock?.leapWall((this.#random.next() - 0.5) * 10_000);
      case 'handoff':
        return this.#handoff();
    }
  }

  #crash(seat: Seat, downMs: number): void {
    if (seat.node === null) return;
    this.#world.crash(seat.name);
    this.#restartLater(seat, downMs);
  }

  #restartLater(seat: Seat, downMs: number): void {
    this.#world.queue.after(downMs, () => {
      if (seat.node === null) this.#world.start(seat.name);
    });
  }

  #disk(
    faults: { syncMs: readonly [number, number]; failShare: number },
    durationMs: number,
  ): void {
    const { platter } = this.#random.pick(
      [...this.#world.seats.values()].filter((seat) => seat.platter !== null),
    );
    if (platter === null) return;
    platter.faults = faults;
    this.#world.queue.after(durationMs, () => {
      platter.faults = { syncMs: [0.1, 0.5], failShare: 0 };
    });
  }

  #handoff(): void {
    const [name] = this.#world.activeNames();
    if (name !== undefined) this.#world.node(name).handoff('', () => {});
  }

  #calm(): void {
    this.#world.network.faults = calmNetwork;
  }

  #seat(): Seat {
    return this.#random.pick([...this.#world.seats.values()]);
  }

  #side(): string[] {
    const names = [...this.#world.seats.keys()].filter(() => this.#random.chance(0.5));
    return names.length === 0 ? [this.#seat().name] : names;
  }

  /** No more faults; what is broken is mended, and what is down started again. */
  heal(): void {
    this.#isStopped = true;
    this.#calm();
    this.#world.network.heal();
    for (const seat of this.#world.seats.values()) {
      if (seat.platter !== null) seat.platter.faults = { syncMs: [0.1, 0.5], failShare: 0 };
      if (seat.node === null) this.#world.start(seat.name);
    }
  }

  /** A node that ended itself (a poisoned log) is started again by its operator. */
  restartFallen(): void {
    for (const seat of this.#world.seats.values()) {
      if (seat.node === null && !this.#isStopped) this.#restartLater(seat, 500);
    }
  }
}
