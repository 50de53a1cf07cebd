/**
 * The seats of a simulated cluster and the lives that they hold: real nodes (core and node code as
 * they are) over virtual clocks, a simulated network and simulated disks; with `wire: 'http'` behind
 * their real HTTP apps. One seed is one run, on every runtime.
 */
import { type Limits, makeLimits } from '../core/limits.ts';
import { type Placement, placements } from '../core/placement.ts';
import type { DsmNode } from '../node/node.ts';
import { type Logger, silentLogger } from '../ports/logger.ts';
import { CorruptLogError } from '../ports/storage.ts';
import { FilePlatter } from './file-platter.ts';
import { openHttp } from './http-wire.ts';
import { bearMaster, bearSlave, type Life } from './lives.ts';
import { SeededRandom } from './seeded-random.ts';
import { EventQueue, SimClock } from './sim-clock.ts';
import { type Endpoint, SimNetwork } from './sim-network.ts';
import { type Platter, SimPlatter } from './sim-storage.ts';
import { type Tell, Trace } from './trace.ts';

export interface ClusterOptions {
  readonly seed: number;
  readonly masters?: number;
  readonly slaves?: number;
  readonly limits?: Partial<Limits>;
  readonly readFrom?: 'master' | 'slaves';
  /** Largest deviation of a node's clock rate, as a share. */
  readonly driftShare?: number;
  /** `files`: the real file log on a simulated disk; `model` (default): a model of it. */
  readonly storage?: 'model' | 'files';
  /** `http`: every call goes through the Hono apps; such a world is advanced by run-seed.ts. */
  readonly wire?: 'direct' | 'http';
  readonly logger?: (name: string) => Logger;
  /** Is told all that happens, line by line. */
  readonly tell?: Tell;
}

/** One place in the cluster: a process may run there, die, and another one may take its place. */
export interface Seat {
  readonly name: string;
  readonly url: string;
  readonly role: 'master' | 'slave';
  readonly platter: Platter | null;
  clock: SimClock | null;
  node: DsmNode | null;
}

/** How late a slave applies: a seed has one of them, so that what nobody has looked at yet is met. */
const applyTimesMs = [0, 10, 60];

export class Cluster {
  readonly queue = new EventQueue();
  readonly trace: Trace;
  readonly network: SimNetwork;
  readonly seats = new Map<string, Seat>();
  readonly limits: Limits;
  /** Of nodes that ended themselves, by name. */
  readonly fatal: { name: string; error: Error }[] = [];
  readonly #options: ClusterOptions;
  readonly #lives: SeededRandom;
  readonly #placement: Placement;
  readonly #masterUrls: string[] = [];

  constructor(options: ClusterOptions) {
    this.#options = options;
    const applyMs = new SeededRandom(options.seed, 'apply').pick(applyTimesMs);
    this.limits = makeLimits({ applyMs, ...options.limits });
    this.trace = new Trace(options.tell);
    this.queue.onEvent = (atMs) => this.trace.event(atMs);
    const random = new SeededRandom(options.seed, 'network');
    this.network = new SimNetwork(this.queue, random, this.trace);
    this.#lives = new SeededRandom(options.seed, 'lives');
    this.#placement = new SeededRandom(options.seed, 'placement').pick(placements);
    const masters = options.masters ?? 2;
    for (let i = 0; i < masters; i += 1) this.#masterUrls.push(`http://m${i + 1}`);
    for (let i = 0; i < masters; i += 1) this.#addSeat(`m${i + 1}`, 'master');
    for (let i = 0; i < (options.slaves ?? 3); i += 1) this.#addSeat(`s${i + 1}`, 'slave');
  }

  #addSeat(name: string, role: 'master' | 'slave'): void {
    const platter = role === 'master' ? this.#newPlatter(name) : null;
    this.seats.set(name, { name, url: `http://${name}`, role, platter, clock: null, node: null });
  }

  #newPlatter(name: string): Platter {
    const random = new SeededRandom(this.#options.seed, `disk ${name}`);
    if (this.#options.storage !== 'files') return new SimPlatter(random);
    return new FilePlatter({ queue: this.queue, random, limits: this.limits });
  }

  seat(name: string): Seat {
    const seat = this.seats.get(name);
    if (seat === undefined) throw new RangeError(`there is no seat ${name}`);
    return seat;
  }

  /** The node that runs there; throws where none does. */
  node(name: string): DsmNode {
    const { node } = this.seat(name);
    if (node === null) throw new RangeError(`nothing runs at ${name}`);
    return node;
  }

  /** The masters that serve now; more than one is possible only where one is not heard. */
  activeNames(): string[] {
    return [...this.seats.values()]
      .filter(({ node }) => node?.state === 'active')
      .map(({ name }) => name);
  }

  // ── life and death ────────────────────────────────────────────────────────────────────────────

  /** Throws a CorruptLogError where its disk is damaged; nothing runs there then. */
  start(name: string): DsmNode {
    const seat = this.seat(name);
    if (seat.node !== null) throw new RangeError(`${name} runs already`);
    const drift = this.#options.driftShare ?? 0;
    const clock = new SimClock(this.queue, 1 + (this.#lives.next() * 2 - 1) * drift);
    const random = new SeededRandom(Math.floor(this.#lives.next() * 2 ** 32), name);
    const logger = this.#options.logger?.(name) ?? silentLogger;
    const isHttp = this.#options.wire === 'http';
    const http = isHttp
      ? openHttp({ network: this.network, url: seat.url, clock, random, logger })
      : null;
    const life = {
      url: seat.url,
      limits: this.limits,
      ports: { clock, random, logger, peers: http?.peers ?? this.network.peersOf(seat.url, clock) },
      masterUrls: this.#masterUrls,
      onFatal: (error: Error) => this.#onFatal(seat, error),
    };
    seat.clock = clock;
    try {
      const node =
        seat.platter === null ? bearSlave(life) : this.#bearMaster(seat.platter, life, clock);
      this.trace.note(`${name} starts as ${node.nodeId}`);
      seat.node = node;
      const endpoint: Endpoint = { url: seat.url, clock, node };
      this.network.listen(http === null ? endpoint : { ...endpoint, fetch: http.serve(node) });
      return node;
    } catch (error) {
      if (!(error instanceof CorruptLogError)) throw error;
      clock.die();
      seat.clock = null;
      this.trace.note(`${name} does not start: its log is damaged`);
      throw error;
    }
  }

  #bearMaster(platter: Platter, life: Life, clock: SimClock): DsmNode {
    const { readFrom = 'master' } = this.#options;
    return bearMaster({
      ...life,
      storage: platter.open(clock),
      placement: this.#placement,
      readFrom,
    });
  }

  #onFatal(seat: Seat, error: Error): void {
    this.fatal.push({ name: seat.name, error });
    this.trace.note(`${seat.name} ends itself`);
    this.kill(seat.name);
  }

  startAll(): void {
    for (const seat of this.seats.values()) if (seat.node === null) this.start(seat.name);
  }

  /** The machine dies, and with it what its disk had not synced. */
  crash(name: string): void {
    this.#end(name, (platter) => platter.cutPower());
  }

  /** kill -9. */
  kill(name: string): void {
    this.#end(name, (platter) => platter.kill());
  }

  #end(name: string, leave: (platter: Platter) => void): void {
    const seat = this.seat(name);
    if (seat.node === null) return;
    seat.clock?.die();
    if (seat.platter !== null) leave(seat.platter);
    this.network.close(seat.url);
    seat.node = null;
    seat.clock = null;
  }

  /** The disk is replaced by an empty one; nothing runs there. */
  wipe(name: string): void {
    this.seat(name).platter?.wipe();
  }

  pause(name: string, durationMs: number): void {
    this.seat(name).clock?.pause(durationMs);
  }

  /** Cuts `names` off from all other nodes, both ways. Returns what undoes it. */
  partition(names: readonly string[]): () => void {
    const others = [...this.seats.keys()].filter((name) => !names.includes(name));
    return this.separate(names, others);
  }

  /** Nothing passes between the two sides, either way. Returns what undoes it. */
  separate(some: readonly string[], others: readonly string[]): () => void {
    const undo: (() => void)[] = [];
    for (const a of some) {
      for (const b of others) {
        undo.push(this.network.cut(this.seat(a).url, this.seat(b).url));
        undo.push(this.network.cut(this.seat(b).url, this.seat(a).url));
      }
    }
    return () => {
      for (const restore of undo) restore();
    };
  }

  describe(): string {
    return [...this.seats.values()]
      .map(({ name, node }) => {
        if (node === null) return `${name}: down`;
        const { state, epoch, lastLsn, committedLsn, appliedLsn, voters } = node.status();
        return `${name}: ${state} e${epoch} last ${lastLsn} committed ${committedLsn} applied ${appliedLsn} of ${voters} voters`;
      })
      .join('\n');
  }
}
