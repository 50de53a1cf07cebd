/** When a local cluster is ready: every node that was started votes, as the active master says. */
import type { NodeStatus } from '../../node/api.ts';
import { askStatus, statusTimeoutMs } from '../cluster-view.ts';
import type { PlannedNode } from './plan.ts';

export interface StartedNode {
  readonly node: PlannedNode;
  readonly url: string;
}

/** A backup becomes a voter only where three voters result (DESIGN.md §4). */
const votersMinForBackup = 3;

/** The active master's status where all are ready, else what is still missing, as a sentence. */
export type Readiness =
  | { readonly kind: 'ready'; readonly active: NodeStatus }
  | { readonly kind: 'waiting'; readonly reason: string };

export async function checkReady(started: readonly StartedNode[]): Promise<Readiness> {
  const statuses = await Promise.all(started.map(({ url }) => askStatus(url)));
  const silent = started.filter((_, index) => statuses[index] === null);
  if (silent.length > 0) return waiting(`${namesOf(silent)} did not answer yet`);
  const active = statuses.find((status) => status?.state === 'active') ?? null;
  if (active === null) return waiting('no master is active yet');
  const voters = new Set(active.members.filter(({ voter }) => voter).map(({ nodeId }) => nodeId));
  const outside = started.filter(({ node }, index) => {
    const isNeeded = node.verb !== 'backup' || started.length >= votersMinForBackup;
    return isNeeded && !voters.has(statuses[index]?.nodeId ?? '');
  });
  if (outside.length > 0) return waiting(`${namesOf(outside)} did not become a voter yet`);
  const unready = await unreadyOf(started);
  if (unready.length > 0) return waiting(`${namesOf(unready)} did not get ready yet`);
  return { kind: 'ready', active };
}

const waiting = (reason: string): Readiness => ({ kind: 'waiting', reason });

const namesOf = (nodes: readonly StartedNode[]) => nodes.map(({ node }) => node.name).join(', ');

async function unreadyOf(started: readonly StartedNode[]): Promise<StartedNode[]> {
  const answers = await Promise.all(started.map(({ url }) => isReady(url)));
  return started.filter((_, index) => answers[index] !== true);
}

async function isReady(url: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(statusTimeoutMs);
    const response = await fetch(`${url}/readyz`, { signal, redirect: 'manual' });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
