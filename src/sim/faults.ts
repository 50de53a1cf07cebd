/**
 * What goes wrong in a run, as a list made before it begins: when, what, where, for how long. A run
 * draws nothing more while it strikes, so that a fault can be left out without changing the others,
 * which is how a failing seed is shrunk.
 */
import type { SeededRandom } from './seeded-random.ts';

/** Each kind and how often it is chosen, compared with the others. */
export const faultWeights = {
  /** kill -9. */
  kill: 5,
  /** One machine loses its power. */
  'power-cut': 3,
  'power-cut-all': 1,
  /** SIGSTOP, later SIGCONT. */
  pause: 4,
  /** The machine sleeps: its monotonic clock stops. */
  suspend: 2,
  'wall-leap': 1,
  partition: 3,
  /** Two halves that see only one common node. */
  bridge: 2,
  /** Nothing passes in one direction between two nodes. */
  'one-way': 3,
  /** Clients reach a node, or hear of it, in one direction only. */
  'client-cut': 2,
  'flaky-network': 2,
  'slow-network': 2,
  /** The work is done and the caller does not hear of it. */
  'lost-answers': 2,
  /** Requests arrive twice, the second time perhaps after a takeover. */
  resend: 3,
  'slow-disk': 2,
  'stalled-disk': 1,
  'failing-disk': 1,
  'full-disk': 1,
  'flipped-bit': 1,
  'lost-disk': 1,
  /** A slave is shut down for good, until the end of the fault. */
  leave: 2,
  'remove-member': 1,
  handoff: 2,
} as const;

export type FaultKind = keyof typeof faultWeights;

export type FaultWeights = Readonly<Partial<Record<FaultKind, number>>>;

export interface Fault {
  readonly atMs: number;
  readonly kind: FaultKind;
  /** Until it is undone; without meaning for what is done at once. */
  readonly durationMs: number;
  /** Names of seats; which part each has in the fault depends on the kind. */
  readonly seats: readonly string[];
  /** How bad it is, 0 to 1. */
  readonly strength: number;
}

export interface FaultPlan {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Longest time between two faults; the mean is half of it. */
  readonly everyMsMax: number;
  readonly durationMsMax: number;
  /** In the order of the cluster; all masters are named `m…`. */
  readonly seats: readonly string[];
  readonly weights: FaultWeights;
}

export function planFaults(random: SeededRandom, plan: FaultPlan): Fault[] {
  const { fromMs, untilMs, everyMsMax, durationMsMax, seats } = plan;
  const weights = Object.entries(plan.weights) as [FaultKind, number][];
  const faults: Fault[] = [];
  let atMs = fromMs + random.next() * everyMsMax;
  while (atMs < untilMs) {
    const kind = choose(random, weights);
    const short = random.next();
    faults.push({
      atMs,
      kind,
      // Many short ones: what matters happens around the ends of a fault.
      durationMs: short * short * durationMsMax,
      seats: shuffled(random, seats),
      strength: random.next(),
    });
    atMs += random.next() * everyMsMax;
  }
  return faults;
}

function choose(random: SeededRandom, weights: readonly [FaultKind, number][]): FaultKind {
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
  let roll = random.next() * total;
  for (const [kind, weight] of weights) {
    roll -= weight;
    if (roll < 0) return kind;
  }
  throw new RangeError('there are no faults to choose from');
}

function shuffled(random: SeededRandom, names: readonly string[]): string[] {
  const shuffled = [...names];
  for (let i = shuffled.length - 1; i > 0; i -= 1) {
    const j = random.integer(0, i);
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return shuffled;
}

/** `4.2 s partition of m1, s2 for 1.3 s`: one line for people. */
export function describeFault({ atMs, kind, durationMs, seats, strength }: Fault): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(3)} s`;
  const where = seats.join(' ');
  return `${seconds(atMs)} ${kind} (${where}) for ${seconds(durationMs)}, strength ${strength.toFixed(2)}`;
}
