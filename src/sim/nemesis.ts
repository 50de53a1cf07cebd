/** Strikes with the faults of a plan, undoes each after its time, and mends everything at the end. */
import { isMajority } from '../core/quorum.ts';
import type { Voter } from '../core/voter.ts';
import type { Cluster, Seat } from './cluster.ts';
import { describeFault, type Fault, type FaultKind } from './faults.ts';
import { FilePlatter } from './file-platter.ts';
import { Operator } from './operator.ts';
import { SeededRandom } from './seeded-random.ts';
import { calmNetwork, type NetworkFaults } from './sim-network.ts';
import { type StorageFaults, soundStorage } from './sim-storage.ts';

/** Where the clients of the workload call from. */
export const clientUrl = 'http://client';

export class Nemesis {
  /** Faults done, by kind; a fault that found nothing to strike is not counted. */
  readonly counts = new Map<FaultKind | 'missed-bit', number>();
  readonly operator: Operator;
  readonly #world: Cluster;
  readonly #faults: readonly Fault[];
  #isStopped = false;
  /** nodeIds of masters whose disk was lost: they never come back. */
  readonly #lostIds = new Set<string>();

  constructor(world: Cluster, faults: readonly Fault[]) {
    this.operator = new Operator(world);
    this.#world = world;
    this.#faults = faults;
  }

  start(): void {
    for (const fault of this.#faults) {
      this.#world.queue.at(fault.atMs, () => {
        if (this.#isStopped) return;
        this.#world.trace.note(`fault ${describeFault(fault)}`);
        if (this.#strike(fault)) this.#count(fault.kind);
      });
    }
  }

  #count(kind: FaultKind | 'missed-bit'): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  /** False where there was nothing to strike. */
  #strike(fault: Fault): boolean {
    const { kind, durationMs, strength } = fault;
    const seats = fault.seats.map((name) => this.#world.seat(name));
    const [first] = seats;
    if (first === undefined) return false;
    switch (kind) {
      case 'kill':
      case 'power-cut':
        return this.#takeDown(first, durationMs, kind === 'kill');
      case 'power-cut-all':
        for (const [place, seat] of seats.entries()) {
          this.#takeDown(seat, (durationMs * (place + 1)) / (4 * seats.length), false);
        }
        return true;
      case 'leave': {
        const slave = seats.find(({ role }) => role === 'slave');
        return slave !== undefined && this.#takeDown(slave, 2 * durationMs, true);
      }
      case 'pause':
        first.clock?.pause(durationMs);
        return first.clock !== null;
      case 'suspend':
        first.clock?.suspend(durationMs);
        return first.clock !== null;
      case 'wall-leap':
        first.clock?.leapWall((strength - 0.5) * 10_000);
        return first.clock !== null;
      case 'handoff':
        return this.#atActive((name) => this.#world.node(name).handoff('', () => {}));
      case 'remove-member':
        return this.#removeMember(seats);
      case 'flipped-bit':
        return this.#flipBit(seats, fault);
      case 'lost-disk':
        return this.#loseDisk(seats, durationMs);
      default:
        return this.#strikeLinks(fault, seats) || this.#strikeDisk(fault, seats);
    }
  }

  #strikeLinks({ kind, durationMs, strength }: Fault, seats: readonly Seat[]): boolean {
    const { network } = this.#world;
    const names = seats.map(({ name }) => name);
    const side = Math.max(1, Math.floor(strength * names.length));
    const undoLater = (undo: () => void) => this.#later(durationMs, undo);
    const [a, b] = seats;
    if (a === undefined) return false;
    switch (kind) {
      case 'partition':
        return undoLater(this.#world.partition(names.slice(0, side)));
      case 'bridge':
        return undoLater(this.#world.separate(names.slice(1, 1 + side), names.slice(1 + side)));
      case 'one-way':
        return b !== undefined && undoLater(network.cut(a.url, b.url));
      case 'client-cut':
        return undoLater(
          strength < 0.5 ? network.cut(clientUrl, a.url) : network.cut(a.url, clientUrl),
        );
      case 'flaky-network':
        return this.#weather(durationMs, { lossShare: 0.1, slowShare: 0.2, slowMs: 400 });
      case 'slow-network':
        return this.#weather(durationMs, { delayMs: [1, 60 + strength * 200] });
      case 'lost-answers':
        return this.#weather(durationMs, { answerLossShare: 0.1 + strength * 0.4 });
      case 'resend':
        return this.#weather(durationMs, { duplicateShare: 0.5, duplicateLateMs: strength * 6000 });
      default:
        return false;
    }
  }

  #strikeDisk({ kind, durationMs, strength }: Fault, seats: readonly Seat[]): boolean {
    const platter = seats.find((seat) => seat.platter !== null)?.platter ?? null;
    if (platter === null) return false;
    const faults = diskFaults(
      kind,
      strength,
      platter instanceof FilePlatter ? platter.usedBytes : 0,
    );
    if (faults === null) return false;
    platter.faults = faults;
    return this.#later(durationMs, () => {
      platter.faults = soundStorage;
    });
  }

  /** The whole network at once; of two kinds of weather the later one counts. */
  #weather(durationMs: number, faults: Partial<NetworkFaults>): boolean {
    const { network } = this.#world;
    network.faults = { ...calmNetwork, ...faults };
    return this.#later(durationMs, () => {
      network.faults = calmNetwork;
    });
  }

  #later(delayMs: number, undo: () => void): true {
    this.#world.queue.after(delayMs, undo);
    return true;
  }

  #atActive(act: (name: string) => void): boolean {
    const [name] = this.#world.activeNames();
    if (name !== undefined) act(name);
    return name !== undefined;
  }

  /** While a lost master is to be replaced the rest is needed for it: an operator waits with that. */
  #removeMember(seats: readonly Seat[]): boolean {
    if (this.#isShortOfMaster()) return false;
    return this.#atActive((name) => {
      const slave = seats.find(({ role, node }) => role === 'slave' && node !== null);
      const nodeId = slave?.node?.nodeId ?? '';
      this.#world.node(name).removeMember(nodeId, () => {});
    });
  }

  // ── damage ────────────────────────────────────────────────────────────────────────────────────

  /**
   * A master whose disk can be lost: the others must be a majority with a master, to put the next
   * node into its place (DESIGN.md §5 rule 11). Where they are none, the data may be lost for good.
   */
  #expendable(seats: readonly Seat[]): (Seat & { readonly platter: FilePlatter }) | undefined {
    const voter = this.#activeVoter();
    if (voter === undefined || this.#isShortOfMaster()) return undefined;
    const alive = new Set(seats.map(({ node }) => node?.nodeId));
    return seats.find((seat): seat is Seat & { readonly platter: FilePlatter } => {
      const nodeId = seat.node?.nodeId;
      const isOther = nodeId !== undefined && nodeId !== voter.self.nodeId;
      const isLeft = (id: string) => id !== nodeId && alive.has(id);
      return isOther && seat.platter instanceof FilePlatter && isMajority(voter.configs, isLeft);
    });
  }

  #activeVoter(): Voter | undefined {
    const [name] = this.#world.activeNames();
    return name === undefined ? undefined : this.#world.node(name).inspect();
  }

  /**
   * Until a lost master is replaced, nothing else that never comes back may be lost. It is replaced
   * when the log itself proves it: by the record after the one that dropped it (DESIGN.md §8).
   */
  #isShortOfMaster(): boolean {
    if (this.#lostIds.size === 0) return false;
    const voter = this.#activeVoter();
    if (voter === undefined || voter.configs.length > 1) return true;
    const { members, formerMembers } = voter.log;
    const isNamed = [...members, ...formerMembers].some(({ nodeId }) => this.#lostIds.has(nodeId));
    if (!isNamed) this.#lostIds.clear();
    return isNamed;
  }

  #takeDown(seat: Seat, downMs: number, isKill: boolean): boolean {
    if (seat.node === null || this.#isShortOfMaster()) return false;
    this.operator.takeDown(seat.name, downMs, isKill);
    return true;
  }

  #flipBit(seats: readonly Seat[], { durationMs, atMs }: Fault): boolean {
    const seat = this.#expendable(seats);
    if (seat?.node == null) return false;
    const { nodeId } = seat.node;
    this.#takeDown(seat, durationMs, true);
    const outcome = seat.platter.flipBit(new SeededRandom(Math.floor(atMs * 1000), 'bit'));
    if (outcome === 'detected') this.#lostIds.add(nodeId);
    if (outcome === 'missed') this.#count('missed-bit');
    return outcome !== 'missed';
  }

  #loseDisk(seats: readonly Seat[], durationMs: number): boolean {
    const seat = this.#expendable(seats);
    if (seat?.node == null) return false;
    const { nodeId } = seat.node;
    this.#takeDown(seat, durationMs, true);
    this.#world.wipe(seat.name);
    this.#lostIds.add(nodeId);
    return true;
  }

  /** No more faults; what is broken is mended, and what is down started again. */
  heal(): void {
    const { network, seats, trace } = this.#world;
    trace.note('all faults end');
    this.#isStopped = true;
    network.faults = calmNetwork;
    network.heal();
    for (const { name, platter } of seats.values()) {
      if (platter !== null) platter.faults = soundStorage;
      this.operator.startAgain(name);
    }
  }
}

function diskFaults(kind: FaultKind, strength: number, usedBytes: number): StorageFaults | null {
  const { syncMs } = soundStorage;
  switch (kind) {
    case 'slow-disk':
      return { syncMs: [1, 50 + strength * strength * 500], failShare: 0 };
    case 'stalled-disk':
      return { syncMs: [500, 500 + strength * 3000], failShare: 0 };
    case 'failing-disk':
      return { syncMs, failShare: 0.05 };
    case 'full-disk':
      return { syncMs, failShare: 0, capacityBytes: usedBytes + strength * 2000 };
    default:
      return null;
  }
}
