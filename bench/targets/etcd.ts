/** etcd with one or three members, spoken to through its JSON gateway. */
import { join } from 'node:path';
import { ProcessGroup, startedOrStopped } from './group.ts';
import { freePorts } from './ports.ts';
import type { ServerProcess } from './processes.ts';
import type { StartTarget, TargetKind, TargetNode } from './target.ts';

const readyMs = 30_000;

function kindOf(members: number): TargetKind {
  return {
    name: `etcd-${members}`,
    dialect: 'etcd',
    promises: {
      replication: members === 1 ? 'none' : `synchronous, to a majority of ${members} (Raft)`,
      durableOnAck: members === 1 ? 'yes: synced' : 'yes: a majority has synced',
      readConsistency: 'linearizable',
      protocol: 'HTTP/1.1, JSON gateway, base64',
    },
    verifiable: true,
    linearizable: true,
    hasStatus: false,
  };
}

interface Member {
  readonly name: string;
  readonly client: string;
  readonly peer: string;
}

async function membersOf(count: number): Promise<Member[]> {
  const ports = await freePorts(2 * count);
  return Array.from({ length: count }, (_, index) => ({
    name: `m${index}`,
    client: `http://127.0.0.1:${ports[2 * index]}`,
    peer: `http://127.0.0.1:${ports[2 * index + 1]}`,
  }));
}

function startMember(group: ProcessGroup, member: Member, all: readonly Member[]): ServerProcess {
  return group.start('etcd', [
    ...['--name', member.name, '--data-dir', join(group.folder, member.name)],
    ...['--listen-client-urls', member.client, '--advertise-client-urls', member.client],
    ...['--listen-peer-urls', member.peer, '--initial-advertise-peer-urls', member.peer],
    ...['--initial-cluster', all.map(({ name, peer }) => `${name}=${peer}`).join(',')],
    ...['--log-level', 'error'],
  ]);
}

/** The leader answers without asking another member, so it is the entry. */
async function leaderOf(members: readonly Member[]): Promise<number> {
  for (const [index, { client }] of members.entries()) {
    const answer = await fetch(`${client}/v3/maintenance/status`, { method: 'POST', body: '{}' });
    const status = (await answer.json()) as { leader?: string; header?: { member_id?: string } };
    if (status.leader !== undefined && status.leader === status.header?.member_id) return index;
  }
  return -1;
}

export function startEtcd(count: number): StartTarget {
  return async (_config, dataRoot, stop) => {
    const group = await ProcessGroup.create(dataRoot, 'etcd', stop);
    return await startedOrStopped(group, async () => {
      const members = await membersOf(count);
      const started = members.map((member) => startMember(group, member, members));
      let leader = -1;
      const hasLeader = async () => {
        leader = await leaderOf(members);
        return leader >= 0;
      };
      await group.waitFor('etcd', hasLeader, readyMs);
      const nodes = members.map(
        ({ name, client }, index): TargetNode => ({
          nodeId: name,
          role: 'server',
          url: client,
          pid: started[index]!.pid,
        }),
      );
      const entries = [members[leader]!.client];
      return { ...kindOf(count), nodes, entries, stop: () => group.stop() };
    });
  };
}
