/**
 * The quorum rule (DESIGN.md §4), and nothing else:
 *
 *     A quorum of a configuration is a majority of its voters that includes a master,
 *     or every master.
 *
 * All decisions of the protocol ask one of two questions, about sets of nodes ("may it win?") or
 * about values that nodes have reached ("which lsn, which time, is held by a majority?"). While the
 * last `config` record is not known to be committed two configurations are in force, and an answer
 * must hold in each: callers pass all of them.
 */
import type { Member } from './record.ts';

/** The configurations in force, the newest last; empty where a node knows none. */
export type Configs = readonly (readonly Member[])[];

export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/** Do `has` make a majority that includes a master, in every configuration in force? */
export function isMajority(configs: Configs, has: (nodeId: string) => boolean): boolean {
  return majorityValue(configs, (nodeId) => (has(nodeId) ? 1 : 0)) === 1;
}

/** Do `has` make a quorum, in every configuration in force? */
export function isQuorum(configs: Configs, has: (nodeId: string) => boolean): boolean {
  return quorumValue(configs, (nodeId) => (has(nodeId) ? 1 : 0)) === 1;
}

/**
 * The highest value that a majority with a master has reached, in every configuration in force;
 * -Infinity where none is known. `reachedBy` gives how far a voter is: an lsn, a time, a number.
 */
export function majorityValue(configs: Configs, reachedBy: (nodeId: string) => number): number {
  return lowestOver(configs, (voters) => majorityReached(voters, reachedBy));
}

/** As `majorityValue`, for a quorum: a majority with a master, or every master. */
export function quorumValue(configs: Configs, reachedBy: (nodeId: string) => number): number {
  return lowestOver(configs, (voters) =>
    Math.max(majorityReached(voters, reachedBy), everyMasterReached(voters, reachedBy)),
  );
}

function lowestOver(configs: Configs, reached: (voters: readonly Member[]) => number): number {
  let lowest = configs.length === 0 ? -Infinity : Infinity;
  for (const voters of configs) lowest = Math.min(lowest, reached(voters));
  return lowest;
}

function majorityReached(voters: readonly Member[], reachedBy: (nodeId: string) => number): number {
  if (voters.length === 0) return -Infinity;
  const values: number[] = [];
  let bestMaster = -Infinity;
  for (const voter of voters) {
    const value = reachedBy(voter.nodeId);
    values.push(value);
    if (voter.role === 'master') bestMaster = Math.max(bestMaster, value);
  }
  values.sort((a, b) => b - a);
  return Math.min(values[majorityOf(voters.length) - 1] ?? -Infinity, bestMaster);
}

function everyMasterReached(
  voters: readonly Member[],
  reachedBy: (nodeId: string) => number,
): number {
  const masters = voters.filter(({ role }) => role === 'master');
  if (masters.length === 0) return -Infinity;
  return Math.min(...masters.map(({ nodeId }) => reachedBy(nodeId)));
}
