/** What a fault is, and what faults are made of. */
import type { Cluster } from '../contract/cluster.ts';
import type { ContractNode } from '../contract/contract-node.ts';
import type { SeededRandom } from '../sim/seeded-random.ts';
import type { Disk } from './disk.ts';
import type { Links } from './links.ts';

export const faultKinds = ['kill', 'pause', 'partition', 'disk', 'slow', 'poweroff'] as const;

export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  /** For people: what is done to whom. */
  readonly title: string;
  /** Who may end or fall silent by it; anybody else must not. */
  readonly targets: readonly ContractNode[];
  /** Between `begin` and `end`. */
  readonly lastsMs: number;
  /** True where writes must go on meanwhile, after a takeover at most: a quorum is left. */
  readonly leavesQuorum: boolean;
  /** True where the active master is lost, so that another one must take over. */
  readonly losesActive: boolean;
  /** True where the next fault must wait until every node votes again. */
  readonly needsRest: boolean;
  begin(): Promise<void> | void;
  /** Undoes it; nodes that are down need not be ready yet. */
  end(): Promise<void> | void;
}

/** A cluster as a fault finds it. */
export interface Stage {
  readonly cluster: Cluster;
  readonly random: SeededRandom;
  readonly active: ContractNode;
  /** null where links cannot be cut. */
  readonly links: Links | null;
  /** Of each master, by its name. */
  readonly disks: ReadonlyMap<string, Disk>;
  /** True where system calls can be made to fail. */
  readonly canTrace: boolean;
  /**
   * Asks a node directly, again and again until `isOver`, to read and write by itself; everything
   * becomes part of the history. Never rejects.
   */
  readonly probe: (node: ContractNode, isOver: () => boolean) => Promise<void>;
}

/** What is not said of a fault: it strikes no process, writes go on by the same master, and no rest is needed. */
const mild = { targets: [], leavesQuorum: true, losesActive: false, needsRest: false } as const;

export function faultOf(
  facts: Omit<Fault, keyof typeof mild> & Partial<Pick<Fault, keyof typeof mild>>,
): Fault {
  return { ...mild, ...facts };
}

export function standbyOf({ cluster, active }: Stage): ContractNode {
  const standby = cluster.masters.find((node) => node !== active);
  if (standby === undefined) throw new Error('chaos needs a backup');
  return standby;
}

export function diskOf({ disks }: Stage, node: ContractNode): Disk {
  const disk = disks.get(node.name);
  if (disk === undefined) throw new Error(`${node.name} has no disk`);
  return disk;
}

/** Half of the time the active master alone, else others, and up to two at once. */
export function pickTargets(stage: Stage): ContractNode[] {
  const { random, active, cluster } = stage;
  const standby = standbyOf(stage);
  const slave = random.pick(cluster.slaves);
  const other = random.pick(cluster.slaves.filter((node) => node !== slave));
  if (random.chance(0.5)) return [active];
  return random.pick([[active, slave], [standby], [slave], [standby, slave], [slave, other]]);
}

export const namesOf = (nodes: readonly ContractNode[], { active }: Stage) =>
  nodes.map((node) => (node === active ? `the active ${node.name}` : node.name)).join(' and ');
