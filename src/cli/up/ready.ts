/** When a local cluster is ready: every node that was started votes, as the active master says. */
import type { Member } from '../../core/record.ts';
import type { NodeStatus } from '../../node/api.ts';
import { askStatus, statusTimeoutMs } from '../cluster-view.ts';
import type { PlannedNode } from './plan.ts';

export interface StartedNode {
  readonly node: PlannedNode;
  readonly url: string;
}

/** A backup becomes a voter only where three voters result (DESIGN.md §4). */
const votersMinForBackup = 3;

/**
 * `ready` with what the active master says; `waiting` for what the reason names; `strays`: members
 * of an earlier start that do not run any more. They still count in every majority.
 */
export type Readiness =
  | { readonly kind: 'ready'; readonly active: NodeStatus }
  | { readonly kind: 'waiting'; readonly reason: string }
  | {
      readonly kind: 'strays';
      readonly active: NodeStatus;
      readonly strays: readonly Member[];
      readonly reason: string;
    };

export async function checkReady(started: readonly StartedNode[]): Promise<Readiness> {
  const statuses = await Promise.all(started.map(({ url }) => askStatus(url)));
  const silent = started.filter((_, index) => statuses[index] === null);
  if (silent.length > 0) return waiting(`${namesOf(silent)} did not answer yet`);
  const active = statuses.find((status) => status?.state === 'active') ?? null;
  if (active === null) return waiting('no master is active yet');
  const strays = await straysOf(active, started);
  if (strays.length > 0) {
    const reason = `${strays.map(({ url }) => url).join(', ')} did not leave the cluster yet`;
    return { kind: 'strays', active, strays, reason };
  }
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

/** Slaves only: to leave out a master is for a person to decide. Who answers is no stray. */
async function straysOf(active: NodeStatus, started: readonly StartedNode[]): Promise<Member[]> {
  const urls = new Set(started.map(({ url }) => url));
  const others = active.members.filter(({ role, url }) => role === 'slave' && !urls.has(url));
  const answers = await Promise.all(others.map(({ url }) => askStatus(url)));
  return others.filter((_, index) => answers[index] === null);
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
