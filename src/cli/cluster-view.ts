/** The cluster as its nodes tell it: every node is asked itself, once, and may be silent. */
import { statusOf } from '../client/entries.ts';
import { readReply } from '../client/reply.ts';
import type { MemberStatus, NodeStatus } from '../node/api.ts';

export const statusTimeoutMs = 1000;
const statusBytesMax = 4 * 1024 * 1024;

/** What one node says of itself; null where it says nothing within `statusTimeoutMs`. */
export async function askStatus(url: string): Promise<NodeStatus | null> {
  try {
    const signal = AbortSignal.timeout(statusTimeoutMs);
    const response = await fetch(`${url}/v1/status`, { signal, redirect: 'manual' });
    return statusOf(await readReply(url, response, statusBytesMax));
  } catch {
    return null;
  }
}

export interface ClusterView {
  /** Of the active master with the highest epoch; null where none was found. */
  readonly active: NodeStatus | null;
  /** Answers by URL, in the order in which the nodes became known. */
  readonly nodes: ReadonlyMap<string, NodeStatus | null>;
}

/** Asks `urls`, then whoever they name as master or member. */
export async function viewCluster(urls: readonly string[]): Promise<ClusterView> {
  const nodes = new Map<string, NodeStatus | null>();
  let unasked = [...urls];
  // The second round asks those that the first one named; nobody knows more than a master.
  for (let round = 0; round < 2 && unasked.length > 0; round += 1) {
    const statuses = await Promise.all(unasked.map(askStatus));
    for (const [index, url] of unasked.entries()) nodes.set(url, statuses[index] ?? null);
    const named = statuses.flatMap((status) => (status === null ? [] : namedBy(status)));
    unasked = [...new Set(named)].filter((url) => !nodes.has(url)).sort();
  }
  const active = [...nodes.values()]
    .filter((status) => status?.state === 'active')
    .reduce((best, status) => ((status?.epoch ?? 0) > (best?.epoch ?? 0) ? status : best), null);
  return { active: active ?? null, nodes };
}

function namedBy(status: NodeStatus): string[] {
  const master = status.master === null ? [] : [status.master.url];
  return [...master, ...status.members.map((member) => member.url)];
}

/** The member with the node's id, as the active master knows it. */
export function memberOf(view: ClusterView, nodeId: string): MemberStatus | undefined {
  return view.active?.members.find((member) => member.nodeId === nodeId);
}
