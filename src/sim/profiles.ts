/**
 * What a run of the simulator is made of, by name: the shape of the cluster, its clients, and which
 * faults strike how often. Everything is drawn from the seed, so that a profile and a seed are one
 * run. `default` is the broad one; the others look for long at one kind of trouble.
 */
import { defaultFaults, type FaultShare } from './nemesis.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { WorkloadOptions } from './workload.ts';
import type { WorldOptions } from './world.ts';

export interface Profile {
  /** Time under faults, ms of virtual time. */
  readonly durationMs: number;
  /** The next fault comes after a time up to this. */
  readonly faultEveryMs: number;
  readonly faults: readonly FaultShare[];
  readonly world: (random: SeededRandom) => Omit<WorldOptions, 'seed' | 'logger'>;
  readonly workload: (random: SeededRandom) => WorkloadOptions;
}

const tinySnapshots = { snapshotEveryBytes: 2000, logTailBytesMax: 1500, batchBytesMax: 400 };

const broad: Profile = {
  durationMs: 20_000,
  faultEveryMs: 2500,
  faults: defaultFaults,
  world: (random) => {
    const isTiny = random.chance(0.3);
    return {
      masters: random.integer(1, 3),
      slaves: random.integer(0, 4),
      driftShare: 0.04,
      readFrom: random.chance(0.3) ? 'slaves' : 'master',
      limits: { removeMs: random.pick([1000, 3000, 10_000]), ...(isTiny ? tinySnapshots : {}) },
    };
  },
  workload: (random) => ({
    clients: random.integer(1, 6),
    keys: random.integer(1, 5),
    thinkMs: random.pick([5, 30, 200]),
  }),
};

export const profiles = { default: broad } as const satisfies Readonly<Record<string, Profile>>;

export type ProfileName = keyof typeof profiles;

export const profileNames = Object.keys(profiles) as ProfileName[];

export function isProfileName(name: string): name is ProfileName {
  return Object.hasOwn(profiles, name);
}
