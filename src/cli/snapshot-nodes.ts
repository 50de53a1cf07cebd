/** Who is asked for a snapshot, and in which order. */
import { type ClusterView, memberOf, viewCluster } from './cluster-view.ts';

type Kind = 'slave' | 'standby' | 'active';

/**
 * Slaves first, then standbys, then the active master, each once. A node stands still while it copies
 * its state, up to a second for two million keys: the others would be close to replacing an active
 * master, and do without another node for as long. Who has not caught up, is suspect or silent is
 * left out. Where no active master is found: `urls` as they are.
 */
export async function nodesForSnapshot(urls: readonly string[]): Promise<readonly string[]> {
  const view = await viewCluster(urls);
  if (view.active === null) return urls;
  const found: Record<Kind, string[]> = { slave: [], standby: [], active: [] };
  // One node may have answered at two URLs.
  const seen = new Set<string>();
  for (const [url, status] of view.nodes) {
    if (status === null || seen.has(status.nodeId)) continue;
    seen.add(status.nodeId);
    const kind = kindOf(view, status.nodeId);
    if (kind !== null) found[kind].push(url);
  }
  return [...found.slave, ...found.standby, ...found.active];
}

/** As the active master has it; null for one that may be unable to answer. */
function kindOf(view: ClusterView, nodeId: string): Kind | null {
  if (nodeId === view.active?.nodeId) return 'active';
  const member = memberOf(view, nodeId);
  if (member?.voter !== true || member.suspect === true) return null;
  return member.role === 'slave' ? 'slave' : 'standby';
}
