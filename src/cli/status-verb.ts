/** `dsm status`: one table that answers who is active, who lags and who is silent. */
import type { Command } from 'commander';
import type { NodeStatus } from '../node/api.ts';
import { clientCommand, clientReader, readClientFlags } from './client-flags.ts';
import { type ClusterView, memberOf, viewCluster } from './cluster-view.ts';
import { exitCodes } from './exit.ts';
import { formatTable, writeErrorLine, writeLine } from './output.ts';
import type { Run } from './program.ts';

const examples = `
  dsm status
  dsm status --masters http://127.0.0.1:20000            any node knows the others
  dsm status --json | jq .active`;

export function statusVerb(run: Run): Command {
  const command = clientCommand('status', 'show the nodes, and who is active', examples);
  return command.action(() => run('dsm status', () => status(command)));
}

async function status(command: Command): Promise<number> {
  const reader = clientReader(command);
  const flags = readClientFlags(reader);
  reader.end();
  const view = await viewCluster(flags.masters);
  const nodes = [...view.nodes].map(([url, node]) => ({ url, status: node }));
  if (flags.json) {
    await writeLine(JSON.stringify({ active: view.active?.url ?? null, nodes }));
  } else if (nodes.some((node) => node.status !== null)) {
    await writeLine(formatStatus(view));
  } else {
    await writeErrorLine(`dsm status: no answer from ${flags.masters.join(' or ')}`);
  }
  return view.active === null ? exitCodes.unavailable : exitCodes.ok;
}

/** A sentence about the cluster and a row for each node. */
export function formatStatus(view: ClusterView): string {
  const head = [
    '',
    'URL',
    'ROLE',
    'STATE',
    'VOTER',
    'EPOCH',
    'LAST',
    'COMMITTED',
    'APPLIED',
    'LAG',
  ];
  const rows = [...view.nodes].map(([url, node]) => rowOf(view, url, node));
  return `${sentence(view.active)}\n\n${formatTable([[...head, 'NODE'], ...rows])}`;
}

function sentence(active: NodeStatus | null): string {
  if (active === null) return 'No active master is known.';
  const { url, epoch, voters, writeQuorumAcks, keys } = active;
  const acks = writeQuorumAcks === 1 ? '1 ACK' : `${writeQuorumAcks} ACKs`;
  const count = keys === 1 ? '1 key' : `${keys} keys`;
  return `${url} is active in epoch ${epoch}: ${voters} voters, a write needs ${acks}, ${count}.`;
}

function rowOf(view: ClusterView, url: string, node: NodeStatus | null): string[] {
  if (node === null) return ['?', url, '', 'no answer'];
  const { active } = view;
  const isActive = node.nodeId === active?.nodeId;
  const lag = active === null ? '' : String(Math.max(0, active.committedLsn - node.appliedLsn));
  return [
    isActive ? '*' : '',
    url,
    node.role,
    node.state,
    active === null ? '' : memberOf(view, node.nodeId)?.voter === true ? 'yes' : 'no',
    String(node.epoch),
    String(node.lastLsn),
    String(node.committedLsn),
    String(node.appliedLsn),
    lag,
    node.nodeId,
  ];
}
