/**
 * Which runtime runs which node. The whole contract is proved on each runtime by itself, and on a
 * mixed cluster, where every pair of them must understand each other.
 */
import process from 'node:process';
import type { PlannedNode } from '../cli/up/plan.ts';
import type { RuntimeName } from '../runtime/serve.ts';

export const contractRuntimes = ['node', 'bun', 'deno', 'mixed'] as const;

export type ContractRuntime = (typeof contractRuntimes)[number];

const variable = 'DSM_CONTRACT_RUNTIME';

/** As `DSM_CONTRACT_RUNTIME` says; Node where it says nothing. Throws where it is misspelt. */
export function contractRuntime(): ContractRuntime {
  return parseContractRuntime(process.env[variable] || 'node', variable);
}

/** `source` is what gave `text`, for the message of the RangeError that this throws. */
export function parseContractRuntime(text: string, source: string): ContractRuntime {
  const runtime = contractRuntimes.find((name) => name === text);
  if (runtime !== undefined) return runtime;
  throw new RangeError(`${source} must be one of ${contractRuntimes.join(', ')}, not "${text}"`);
}

const mixed: Readonly<Record<PlannedNode['verb'], RuntimeName>> = {
  master: 'bun',
  backup: 'node',
  slave: 'deno',
};

export function runtimeOf(verb: PlannedNode['verb'], runtime: ContractRuntime): RuntimeName {
  return runtime === 'mixed' ? mixed[verb] : runtime;
}
