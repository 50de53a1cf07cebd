/**
 * A cluster in one process under a seeded world: real nodes (core and node code as they are) over
 * virtual clocks, a simulated network and simulated disks. One seed is one run, on every runtime.
 */
import type { DsmError } from '../core/errors.ts';
import { type Limits, makeLimits } from '../core/limits.ts';
import type { Condition, RequestTag } from '../core/record.ts';
import type { Consistency, EntryView, WriteResult } from '../node/api.ts';
import { MasterNode } from '../node/master-node.ts';
import type { DsmNode } from '../node/node.ts';
import { recoverState } from '../node/recovery.ts';
import { SlaveNode } from '../node/slave-node.ts';
import { type Logger, silentLogger } from '../ports/logger.ts';
import { SeededRandom } from './seeded-random.ts';
import { EventQueue, SimClock } from './sim-clock.ts';
import { SimNetwork } from './sim-network.ts';
import { SimPlatter } from './sim-storage.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly masters?: number;
  readonly slaves?: number;
  readonly limits?: Partial<Limits>;
  readonly readFrom?: 'master' | 'slaves';
  /** Largest deviation of a node's clock rate, as a share. */
  readonly driftShare?: number;
  readonly logger?: (name: string) => Logger;
}

/** One place in the cluster: a process may run there, die, and another one may take its place. */
export interface Seat {
  readonly name: string;
  readonly url: string;
  readonly role: 'master' | 'slave';
  readonly platter: SimPlatter | null;
  clock: SimClock | null;
  node: DsmNode | null;
}

export interface CallResult<Value> {
  readonly error: DsmError | null;
  readonly value: Value | null;
}

export class World {
  readonly queue = new EventQueue();
  readonly network: SimNetwork;
  readonly seats = new Map<string, Seat>();
  readonly limits: Limits;
  /** Of nodes that ended themselves, by name. */
  readonly fatal: { name: string; error: Error }[] = [];
  readonly #options: WorldOptions;
  readonly #lives: SeededRandom;
  readonly #masterUrls: string[] = [];

  constructor(options: WorldOptions) {
    this.#options = options;
    this.limits = makeLimits(options.limits);
    this.network = new SimNetwork(this.queue, new SeededRandom(options.seed, 'network'));
    this.#lives = new SeededRandom(options.seed, 'lives');
    const masters = options.masters ?? 2;
    for (let i = 0; i < masters; i += 1) this.#masterUrls.push(`http://m${i + 1}`);
    for (let i = 0; i < masters; i += 1) this.#addSeat(`m${i + 1}`, 'master');
    for (let i = 0; i < (options.slaves ?? 3); i += 1) this.#addSeat(`s${i + 1}`, 'slave');
  }

  #addSeat(name: string, role: 'master' | 'slave'): void {
    const random = new SeededRandom(this.#options.seed, `disk ${name}`);
    const platter = role === 'master' ? new SimPlatter(random) : null;
    this.seats.set(name, { name, url: `http://${name}`, role, platter, clock: null, node: null });
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

  // ── life and death ────────────────────────────────────────────────────────────────────────────

  start(name: string): DsmNode {
    const seat = this.seat(name);
    if (seat.node !== null) throw new RangeError(`${name} runs already`);
    const drift = this.#options.driftShare ?? 0;
    const clock = new SimClock(this.queue, 1 + (this.#lives.next() * 2 - 1) * drift);
    const random = new SeededRandom(Math.floor(this.#lives.next() * 2 ** 32), name);
    seat.clock = clock;
    const ports = {
      clock,
      random,
      logger: this.#options.logger?.(name) ?? silentLogger,
      peers: this.network.peersOf(seat.url, clock),
    };
    const common = {
      limits: this.limits,
      ports,
      masterUrls: this.#masterUrls,
      onFatal: (error: Error) => this.#onFatal(seat, error),
    };
    const node =
      seat.role === 'slave'
        ? this.#startSlave(seat, common)
        : this.#startMaster(seat, common, clock);
    seat.node = node;
    this.network.listen({ url: seat.url, clock, node });
    return node;
  }

  #startSlave(seat: Seat, common: CommonOptions): SlaveNode {
    const nodeId = common.ports.random.id();
    return new SlaveNode({ ...common, self: { nodeId, role: 'slave', url: seat.url } });
  }

  #startMaster(seat: Seat, common: CommonOptions, clock: SimClock): MasterNode {
    if (seat.platter === null) throw new RangeError('a master has a disk');
    const storage = seat.platter.open(clock);
    const recovered = storage.recover();
    const nodeId = recovered.meta?.nodeId ?? common.ports.random.id();
    return new MasterNode({
      ...common,
      ...recoverState(recovered),
      self: { nodeId, role: 'master', url: seat.url },
      storage,
      recovered,
      placement: 'hash',
      readFrom: this.#options.readFrom ?? 'master',
      newCluster: false,
      mayFound: true,
    });
  }

  #onFatal(seat: Seat, error: Error): void {
    this.fatal.push({ name: seat.name, error });
    this.crash(seat.name);
  }

  startAll(): void {
    for (const seat of this.seats.values()) if (seat.node === null) this.start(seat.name);
  }

  /** kill -9. */
  crash(name: string): void {
    const seat = this.seat(name);
    if (seat.node === null) return;
    seat.clock?.die();
    seat.platter?.crash();
    this.network.close(seat.url);
    seat.node = null;
    seat.clock = null;
  }

  /** The disk is replaced by an empty one. */
  wipe(name: string): void {
    const { platter } = this.seat(name);
    if (platter !== null) platter.kept = { meta: null, snapshot: null, records: [] };
  }

  pause(name: string, durationMs: number): void {
    this.seat(name).clock?.pause(durationMs);
  }

  /** Cuts `names` off from all others, both ways. */
  partition(names: readonly string[]): void {
    for (const a of names) {
      for (const b of this.seats.keys()) {
        if (names.includes(b)) continue;
        this.network.cut(this.seat(a).url, this.seat(b).url);
        this.network.cut(this.seat(b).url, this.seat(a).url);
      }
    }
  }

  // ── time ──────────────────────────────────────────────────────────────────────────────────────

  run(durationMs: number): void {
    const untilMs = this.queue.nowMs + durationMs;
    while (this.queue.runNext(untilMs));
  }

  /** Runs until `isTrue`; throws after `withinMs` of virtual time, with what the nodes say. */
  until(isTrue: () => boolean, withinMs = 20_000, what = 'the condition'): void {
    const untilMs = this.queue.nowMs + withinMs;
    while (!isTrue()) {
      if (!this.queue.runNext(untilMs)) {
        throw new Error(`${what} did not hold within ${withinMs} ms\n${this.describe()}`);
      }
    }
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

  /** The masters that serve now; more than one is possible only where one is not heard. */
  activeNames(): string[] {
    return [...this.seats.values()]
      .filter(({ node }) => node?.state === 'active')
      .map(({ name }) => name);
  }

  /** Waits for an active master and for as many voters as seats run. */
  ready(withinMs = 20_000): string {
    const isReady = () => {
      const [name] = this.activeNames();
      if (name === undefined) return false;
      const running = [...this.seats.values()].filter(({ node }) => node !== null).length;
      return this.node(name).status().voters === running;
    };
    this.until(isReady, withinMs, 'a ready cluster');
    return this.activeNames()[0] ?? '';
  }

  // ── client calls ──────────────────────────────────────────────────────────────────────────────

  put(name: string, key: string, value: string, options: PutOptions = {}): Promised<WriteResult> {
    return this.#call((done) =>
      this.node(name).write(
        {
          kind: 'put',
          key,
          value: new TextEncoder().encode(value),
          contentType: 'text/plain',
          ttlMs: options.ttlMs ?? 0,
          condition: options.condition ?? 'none',
          request: options.request ?? null,
        },
        done,
      ),
    );
  }

  delete(name: string, key: string): Promised<WriteResult> {
    const request = {
      kind: 'delete',
      key,
      condition: 'none',
      request: null,
    } as const;
    return this.#call((done) => this.node(name).write(request, done));
  }

  get(name: string, key: string, consistency: Consistency = 'linearizable'): Promised<EntryView> {
    return this.#call((done) => {
      const node = this.node(name);
      const entry = consistency === 'linearizable' ? node.readNow(key) : undefined;
      if (entry === undefined) node.read(key, { consistency, minRevision: 0 }, done);
      else done(null, entry);
    });
  }

  #call<Value>(
    begin: (done: (error: DsmError | null, value: Value | null) => void) => void,
  ): Promised<Value> {
    const promised: Promised<Value> = { result: null };
    begin((error, value) => {
      promised.result = { error, value };
    });
    return promised;
  }

  /** Runs until the call is answered and returns what it was answered. */
  await<Value>(promised: Promised<Value>, withinMs = 20_000): CallResult<Value> {
    this.until(() => promised.result !== null, withinMs, 'an answer');
    return promised.result as CallResult<Value>;
  }

  /** Writes through whichever master is active; throws unless it is acknowledged. */
  mustPut(key: string, value: string): WriteResult {
    this.until(() => this.activeNames().length > 0, 20_000, 'an active master');
    const { error, value: result } = this.await(
      this.put(this.activeNames().at(-1) ?? '', key, value),
    );
    if (error !== null || result === null) throw error ?? new Error('no result');
    return result;
  }

  /** The text at `key`, null where it is absent; throws unless the read succeeds. */
  mustGet(name: string, key: string, consistency: Consistency = 'linearizable'): string | null {
    const { error, value } = this.await(this.get(name, key, consistency));
    if (error !== null) throw error;
    return value === null ? null : new TextDecoder().decode(value.value);
  }
}

/** A call that is answered when `result` is no longer null. */
export interface Promised<Value> {
  result: CallResult<Value> | null;
}

interface PutOptions {
  readonly condition?: Condition;
  readonly request?: RequestTag;
  readonly ttlMs?: number;
}

interface CommonOptions {
  readonly limits: Limits;
  readonly ports: {
    readonly clock: SimClock;
    readonly random: SeededRandom;
    readonly logger: Logger;
    readonly peers: ReturnType<SimNetwork['peersOf']>;
  };
  readonly masterUrls: readonly string[];
  readonly onFatal: (error: Error) => void;
}
