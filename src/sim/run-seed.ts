/** One run of the simulator: faults and clients for a while, then healing, then the checks. */

import { checkHistory } from '../verify/check-history.ts';
import type { HistoryOperation } from '../verify/history.ts';
import { InvariantError, Invariants } from './invariants.ts';
import { Nemesis } from './nemesis.ts';
import { type ProfileName, profiles } from './profiles.ts';
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
  readonly profile?: ProfileName;
  readonly logger?: WorldOptions['logger'];
}

export function runSeed({ seed, profile = 'default', logger }: RunOptions): RunReport {
  const { durationMs, faultEveryMs, faults, ...draw } = profiles[profile];
  const shape = new SeededRandom(seed, 'shape');
  const world = new World({
    seed,
    ...draw.world(shape),
    ...(logger === undefined ? {} : { logger }),
  });
  const invariants = new Invariants(world);
  const random = new SeededRandom(seed, 'workload');
  const workload = new Workload(world, random, invariants, draw.workload(shape));
  const nemesis = new Nemesis(world, new SeededRandom(seed, 'nemesis'), faults, faultEveryMs);
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
