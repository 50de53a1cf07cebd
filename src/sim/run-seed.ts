/** One run of the simulator: faults and clients for a while, then healing, then the checks. */

import { checkHistory } from '../verify/check-history.ts';
import type { HistoryOperation } from '../verify/history.ts';
import { InvariantError, Invariants } from './invariants.ts';
import { Nemesis } from './nemesis.ts';
import { SeededRandom } from './seeded-random.ts';
import { Workload } from './workload.ts';
import { World, type WorldOptions } from './world.ts';

export interface RunReport {
  readonly seed: number;
  /** null where everything held. */
  readonly failure: string | null;
  readonly simulatedMs: number;
  readonly events: number;
  readonly operations: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly history: readonly HistoryOperation[];
}

export interface RunOptions {
  readonly seed: number;
  /** Time under faults, ms of virtual time. */
  readonly durationMs?: number;
  readonly logger?: WorldOptions['logger'];
}

export function runSeed({ seed, durationMs = 20_000, logger }: RunOptions): RunReport {
  const shape = new SeededRandom(seed, 'shape');
  const isTiny = shape.chance(0.3);
  const world = new World({
    seed,
    masters: shape.integer(1, 3),
    slaves: shape.integer(0, 4),
    driftShare: 0.04,
    readFrom: shape.chance(0.3) ? 'slaves' : 'master',
    limits: {
      removeMs: shape.pick([1000, 3000, 10_000]),
      ...(isTiny ? { snapshotEveryBytes: 2000, logTailBytesMax: 1500, batchBytesMax: 400 } : {}),
    },
    ...(logger === undefined ? {} : { logger }),
  });
  const invariants = new Invariants(world);
  const workload = new Workload(world, new SeededRandom(seed, 'workload'), invariants, {
    clients: shape.integer(1, 6),
    keys: shape.integer(1, 5),
    thinkMs: shape.pick([5, 30, 200]),
  });
  const nemesis = new Nemesis(world, new SeededRandom(seed, 'nemesis'));
  const failure = attempt(() => {
    live(world, invariants, workload, nemesis, durationMs);
    expectLinearizable(workload.history);
  });
  return {
    seed,
    failure: failure === null ? null : `${failure}\n${world.describe()}`,
    simulatedMs: world.queue.nowMs,
    events: world.queue.count,
    operations: workload.history.length,
    faults: Object.fromEntries(nemesis.counts),
    history: workload.history,
  };
}

function live(
  world: World,
  invariants: Invariants,
  workload: Workload,
  nemesis: Nemesis,
  durationMs: number,
): void {
  const advance = (untilMs: number, isDone: () => boolean = () => false) => {
    while (!isDone() && world.queue.runNext(untilMs)) invariants.check();
  };
  world.startAll();
  advance(3000);
  workload.start();
  nemesis.start();
  for (let atMs = 4000; atMs < durationMs; atMs += 1000) {
    advance(atMs);
    nemesis.restartFallen();
  }
  nemesis.heal();
  // I8: after healing, a quorum makes progress within a bounded time.
  const deadlineMs = world.queue.nowMs + 60_000;
  let isWritten = false;
  while (!isWritten && world.queue.nowMs < deadlineMs) {
    const [name] = world.activeNames();
    const written = name === undefined ? null : world.put(name, 'last', 'word');
    advance(world.queue.nowMs + 6000, () => written !== null && written.result !== null);
    isWritten = written?.result?.error === null;
    if (!isWritten) advance(world.queue.nowMs + 100);
  }
  if (!isWritten) throw new InvariantError('I8', 'no write within 60 s after healing');
  advance(world.queue.nowMs + 1000);
  workload.stop();
  advance(world.queue.nowMs + 2000);
  const [name] = world.activeNames();
  if (name === undefined) throw new InvariantError('I8', 'no active master at the end');
  invariants.checkDone(world.node(name).inspect());
}

/** I7: by the revisions that the store claims, and without believing them. */
function expectLinearizable(history: readonly HistoryOperation[]): void {
  const { verdict, violations } = checkHistory(history);
  if (verdict === 'linearizable') return;
  const messages = violations.map(({ message }) => message);
  throw new InvariantError('I7', [`the history is ${verdict}`, ...messages].join('\n'));
}

function attempt(run: () => void): string | null {
  try {
    run();
    return null;
  } catch (error) {
    return error instanceof InvariantError ? error.message : String((error as Error).stack);
  }
}
