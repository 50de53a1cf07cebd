/** What a walk begins with: how many seats there are, and the limits of their nodes. */
import { type Limits, makeLimits } from '../../core/limits.ts';
import type { SeededRandom } from '../seeded-random.ts';

/**
 * `orders`: each clock runs for itself, so that only the order of events is right or wrong.
 * `leases`: the clocks run together, within the drift allowance, and leases must hold.
 */
export type WalkKind = 'orders' | 'leases';

export interface WalkShape {
  readonly masters: number;
  readonly slaves: number;
  readonly readFrom: 'master' | 'slaves';
  readonly limits: Limits;
}

export function drawShape(random: SeededRandom, kind: WalkKind): WalkShape {
  const isTiny = random.chance(0.2);
  return {
    masters: random.pick([1, 2, 2, 3, 3]),
    slaves: random.pick([0, 1, 1, 2]),
    readFrom: random.chance(0.2) ? 'slaves' : 'master',
    limits: makeLimits({
      removeMs: random.pick([600, 10_000]),
      // One record in a message, or all.
      batchBytesMax: random.pick([1, 1_000_000]),
      ...(isTiny ? { snapshotEveryBytes: 400, logTailBytesMax: 300 } : {}),
      // A candidate that waits no longer than it must is the worst one for a lease.
      ...(kind === 'leases' ? { failoverMs: 901, failoverJitterMs: 0, failoverStaggerMs: 1 } : {}),
    }),
  };
}
