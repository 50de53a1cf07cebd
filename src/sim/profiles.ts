/**
 * What a run of the simulator is made of, by name: the shape of the cluster, its clients, and which
 * faults strike how often. Everything is drawn from the seed, so that a profile and a seed are one
 * run. `default` is the broad one; the others look for long at one kind of trouble.
 */
import { defaultLimits, type Limits } from '../core/limits.ts';
import { type ClientCounts, drawCounts } from './clients/clients.ts';
import type { ClusterOptions } from './cluster.ts';
import { type FaultWeights, faultWeights } from './faults.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { WorkloadOptions } from './workload.ts';

export interface Profile {
  /**
   * How many times slower than by default everything goes, by choice of the seed: the limits of the
   * nodes, the clients, the faults. A cluster that spans continents is run with such limits.
   */
  readonly tempos: readonly number[];
  /** Time under faults, ms of virtual time; this and all times below at tempo 1. */
  readonly durationMs: number;
  /** The next fault comes after a time up to one of these. */
  readonly faultEveryMs: readonly number[];
  /** Longest time until a fault is undone. */
  readonly faultMsMax: number;
  readonly faults: FaultWeights;
  /** `http`: everything goes through the real Hono apps. */
  readonly wire: 'direct' | 'http';
  readonly world: (random: SeededRandom) => Omit<ClusterOptions, 'seed' | 'wire'>;
  readonly workload: (random: SeededRandom) => WorkloadOptions;
  /** Those who do more than read and write plain keys. */
  readonly clients: (random: SeededRandom) => ClientCounts;
  /** Their pauses are so many times as long as those of the workload. */
  readonly clientsPace: number;
}

/** `limits` for a cluster in which everything takes `tempo` times as long. */
export function slowed(limits: Partial<Limits>, tempo: number): Partial<Limits> {
  const slow: Partial<Record<keyof Limits, number>> = { ...limits };
  for (const name of slowedLimits) slow[name] = (limits[name] ?? defaultLimits[name]) * tempo;
  return slow;
}

const slowedLimits = [
  'heartbeatMs',
  'leaseMs',
  'failoverMs',
  'failoverJitterMs',
  'failoverStaggerMs',
  'stepDownMs',
  'hedgeMs',
  'lazyMs',
  'suspectMs',
  'removeMs',
  'writeTimeoutMs',
  'holdMs',
  'peerTimeoutMs',
] as const satisfies readonly (keyof Limits)[];

/** What happens when something is full happens all the time. */
const tinyLimits: Partial<Limits> = {
  snapshotEveryBytes: 16_000,
  logTailBytesMax: 1500,
  batchBytesMax: 400,
  segmentBytesMax: 1500,
  logAheadBytes: 600,
};

const broad: Profile = {
  tempos: [1, 1, 4],
  durationMs: 60_000,
  faultEveryMs: [1500, 2500, 6000],
  faultMsMax: 8000,
  faults: faultWeights,
  wire: 'direct',
  world: (random) => ({
    masters: random.integer(1, 3),
    slaves: random.integer(0, 4),
    storage: 'files',
    driftShare: 0.04,
    readFrom: random.chance(0.3) ? 'slaves' : 'master',
    limits: {
      removeMs: random.pick([1000, 3000, 10_000]),
      logAheadBytes: 4096,
      ...(random.chance(0.4) ? tinyLimits : {}),
    },
  }),
  workload: (random) => ({
    clients: random.integer(1, 6),
    keys: random.integer(1, 5),
    thinkMs: random.pick([50, 200, 800]),
  }),
  clients: (random) => drawCounts(random, random.integer(1, 2)),
  clientsPace: 4,
};

export const profiles = {
  /** Core, node and log code over an in-memory transport. */
  default: broad,
  /** As `default`, with HTTP between all nodes and clients. */
  http: { ...broad, wire: 'http', durationMs: 20_000 },
  /** As `default`, with clients of every kind. */
  state: {
    ...broad,
    durationMs: 30_000,
    clientsPace: 1,
    clients: () => ({ counters: 2, bankers: 2, lodgers: 3, lockers: 4, followers: 2 }),
  },
} as const satisfies Readonly<Record<string, Profile>>;

export type ProfileName = keyof typeof profiles;

export const profileNames = Object.keys(profiles) as ProfileName[];

export function isProfileName(name: string): name is ProfileName {
  return Object.hasOwn(profiles, name);
}
