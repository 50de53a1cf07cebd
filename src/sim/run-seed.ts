/** One run of the simulator: faults and clients for a while, then healing, then the checks. */

import { checkHistory } from '../verify/check-history.ts';
import type { HistoryOperation } from '../verify/history.ts';
import { Clients } from './clients/clients.ts';
import type { ClusterOptions } from './cluster.ts';
import { type Fault, planFaults } from './faults.ts';
import { settled } from './http-wire.ts';
import { InvariantError, Invariants } from './invariants.ts';
import { Nemesis } from './nemesis.ts';
import { type Profile, type ProfileName, profiles, slowed } from './profiles.ts';
import { SeededRandom } from './seeded-random.ts';
import { Workload } from './workload.ts';
import { World } from './world.ts';

export interface RunReport {
  readonly seed: number;
  readonly profile: ProfileName;
  /** null where everything held. */
  readonly failure: string | null;
  /** The rule that was broken, `I1` to `I10`; `error` for any other accident, '' where all held. */
  readonly rule: string;
  /** Of all that happened: the same for every run of the seed, on every runtime. */
  readonly traceHash: string;
  readonly simulatedMs: number;
  readonly events: number;
  readonly operations: number;
  /** Answers, lists and watches of all clients that the model was asked about. */
  readonly answers: number;
  /** Faults that were planned. */
  readonly plan: readonly Fault[];
  /** Faults that were done, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  readonly history: readonly HistoryOperation[];
}

export interface RunOptions {
  readonly seed: number;
  readonly profile?: ProfileName;
  /** Instead of those of the profile. */
  readonly faults?: readonly Fault[];
  readonly logger?: ClusterOptions['logger'];
  readonly tell?: ClusterOptions['tell'];
}

/** Time for a cluster to find itself before clients and faults begin. */
const calmStartMs = 3000;

export async function runSeed(options: RunOptions): Promise<RunReport> {
  const { seed, profile = 'default' } = options;
  const run = new Run(options, profiles[profile]);
  const failure = await run.attempt();
  const { world, workload, nemesis, faults } = run;
  return {
    seed,
    profile,
    failure: failure === null ? null : `${describe(failure)}\n${world.describe()}`,
    rule: failure === null ? '' : failure instanceof InvariantError ? failure.rule : 'error',
    traceHash: world.trace.hash,
    simulatedMs: world.queue.nowMs,
    events: world.queue.count,
    operations: workload.history.length,
    answers: run.answers,
    plan: faults,
    faults: Object.fromEntries(nemesis.counts),
    history: workload.history,
  };
}

function describe(error: Error): string {
  return error instanceof InvariantError ? error.message : String(error.stack);
}

class Run {
  readonly faults: readonly Fault[];
  readonly world: World;
  readonly workload: Workload;
  readonly nemesis: Nemesis;
  readonly clients: Clients;
  readonly #profile: Profile;
  readonly #tempo: number;
  readonly #invariants: Invariants;

  constructor({ seed, faults, logger, tell }: RunOptions, profile: Profile) {
    const { wire } = profile;
    const shape = new SeededRandom(seed, 'shape');
    this.#profile = profile;
    this.#tempo = shape.pick(profile.tempos);
    const { limits = {}, ...cluster } = profile.world(shape);
    this.world = new World({
      seed,
      wire,
      ...cluster,
      limits: slowed(limits, this.#tempo),
      ...(logger === undefined ? {} : { logger }),
      ...(tell === undefined ? {} : { tell }),
    });
    this.#invariants = new Invariants(this.world);
    const random = new SeededRandom(seed, 'workload');
    const load = { ...profile.workload(shape), wire, tempo: this.#tempo };
    this.workload = new Workload(this.world, random, this.#invariants, load);
    const context = {
      world: this.world,
      random: new SeededRandom(seed, 'clients'),
      invariants: this.#invariants,
      isHttp: wire === 'http',
      tempo: this.#tempo,
      thinkMs: load.thinkMs * profile.clientsPace,
      violations: [],
    };
    this.clients = new Clients(context, profile.clients(shape));
    this.faults = faults ?? this.#plan(seed);
    this.nemesis = new Nemesis(this.world, this.faults);
  }

  get answers(): number {
    const { told, listed, followed } = this.#invariants.oracle;
    return told.length + listed.length + followed.length;
  }

  #plan(seed: number): Fault[] {
    const { durationMs, faultEveryMs, faultMsMax, faults } = this.#profile;
    const random = new SeededRandom(seed, 'faults');
    return planFaults(random, {
      fromMs: calmStartMs * this.#tempo,
      untilMs: durationMs * this.#tempo,
      everyMsMax: random.pick(faultEveryMs) * this.#tempo,
      durationMsMax: faultMsMax * this.#tempo,
      seats: [...this.world.seats.keys()],
      weights: faults,
    });
  }

  async attempt(): Promise<Error | null> {
    const { stackTraceLimit } = Error;
    // Refusals are errors, and by far the most of them are nobody's accident.
    Error.stackTraceLimit = 0;
    try {
      await this.#live();
      expectLinearizable(this.workload.history);
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  }

  async #live(): Promise<void> {
    const { world, workload, nemesis, clients } = this;
    const tempo = this.#tempo;
    world.startAll();
    await this.#advance(calmStartMs * tempo);
    workload.start();
    clients.start();
    nemesis.start();
    for (let atMs = calmStartMs + 1000; atMs < this.#profile.durationMs; atMs += 1000) {
      await this.#advance(atMs * tempo);
      nemesis.operator.restartFallen();
    }
    nemesis.heal();
    await this.#expectProgress();
    await this.#advance(world.queue.nowMs + 1000 * tempo);
    workload.stop();
    clients.stop();
    await this.#advance(world.queue.nowMs + 6000 * tempo);
    const [name] = world.activeNames();
    if (name === undefined) throw new InvariantError('I8', 'no active master at the end');
    this.#invariants.checkDone(world.node(name).inspect());
    clients.check(name);
  }

  /** Runs events up to `untilMs`, with a look at the invariants after each. */
  async #advance(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    const { queue, network } = this.world;
    const isHttp = this.#profile.wire === 'http';
    while (!isDone() && queue.runNext(untilMs)) {
      if (isHttp) {
        await settled();
        network.sendAnswers();
      }
      if (network.accident !== null) throw network.accident;
      this.#invariants.check();
    }
  }

  /** I8: after healing, a quorum makes progress within a bounded time. */
  async #expectProgress(): Promise<void> {
    const { world } = this;
    const withinMs = progressMsMax * this.#tempo;
    const deadlineMs = world.queue.nowMs + withinMs;
    while (world.queue.nowMs < deadlineMs) {
      const [name] = world.activeNames();
      const written = name === undefined ? null : world.put(name, 'last', 'word');
      const isAnswered = () => written !== null && written.result !== null;
      await this.#advance(world.queue.nowMs + 6000 * this.#tempo, isAnswered);
      if (written?.result?.error === null) return;
      // A log that failed before may have been noticed only now.
      this.nemesis.operator.restartFallen();
      await this.#advance(world.queue.nowMs + 100);
    }
    throw new InvariantError('I8', `no write within ${withinMs} ms after healing`);
  }
}

const progressMsMax = 60_000;

/** I7: by the revisions that the store claims, and without believing them. */
function expectLinearizable(history: readonly HistoryOperation[]): void {
  const { verdict, violations } = checkHistory(history);
  if (verdict === 'linearizable') return;
  const messages = violations.map(({ message }) => message);
  throw new InvariantError('I7', [`the history is ${verdict}`, ...messages].join('\n'));
}
