/**
 * The whole cluster as one answer: every node that this one knows of, or that the active master knows
 * of, is asked for its status. Who looks again and again, and many who look at once, cost one round of
 * questions in `keptMs`; a node that is silent costs its `suspectMs`.
 */
import type { MemberStatus, NodeApi, NodeStatus } from '../node/api.ts';
import type { Clock } from '../ports/clock.ts';
import type { LoggedEvent } from '../ports/logger.ts';
import type { InboundReply, Transport } from '../ports/transport.ts';
import { headerNames } from './headers.ts';
import { parseObject } from './peer-calls.ts';

/** What a node says of itself. */
export type NodeFacts = Pick<
  NodeStatus,
  | 'nodeId'
  | 'state'
  | 'epoch'
  | 'lastLsn'
  | 'committedLsn'
  | 'appliedLsn'
  | 'keys'
  | 'memoryBytes'
  | 'stateHash'
> & { readonly reads: number; readonly writes: number; readonly watches: number };

export interface ClusterNode
  extends Pick<MemberStatus, 'url' | 'role' | 'voter' | 'ackedLsn' | 'silentMs' | 'suspect'> {
  /** null where it did not answer. */
  readonly status: NodeFacts | null;
}

export interface ClusterEvent extends LoggedEvent {
  /** Of the node that tells it. */
  readonly url: string;
}

export interface Cluster {
  /** By the wall clock of the node that was asked. */
  readonly atMs: number;
  /** The node that was asked. */
  readonly url: string;
  readonly clusterId: string;
  /** URL of the active master; null where none is. */
  readonly active: string | null;
  readonly voters: number;
  readonly writeQuorumAcks: number;
  readonly memoryLimitBytes: number;
  /** Masters first. */
  readonly nodes: readonly ClusterNode[];
  /** The newest first. */
  readonly events: readonly ClusterEvent[];
}

export interface ClusterViewOptions {
  readonly node: NodeApi;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly recentEvents: () => readonly LoggedEvent[];
}

const keptMs = 500;
/** Asked in one round: more than any cluster has that answers a write in time. */
const nodesMax = 100;
const eventsMax = 50;

/** A node's status, and what it logged last. */
interface Told {
  readonly status: NodeStatus;
  readonly events: readonly LoggedEvent[];
}

type Answers = Map<string, Told | null>;

export class ClusterView {
  readonly #options: ClusterViewOptions;
  #latest: Promise<Cluster> | null = null;
  #latestAtMs = -Infinity;
  #isAsking = false;

  constructor(options: ClusterViewOptions) {
    this.#options = options;
  }

  look(): Promise<Cluster> {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#latest !== null && (this.#isAsking || nowMs - this.#latestAtMs < keptMs)) {
      return this.#latest;
    }
    this.#isAsking = true;
    this.#latestAtMs = nowMs;
    this.#latest = this.#ask().finally(() => {
      this.#isAsking = false;
    });
    return this.#latest;
  }

  async #ask(): Promise<Cluster> {
    const { node, clock, recentEvents } = this.#options;
    const atMs = clock.wallMs();
    const own = { status: node.status(), events: recentEvents() };
    const answers: Answers = new Map([[own.status.url, own]]);
    let named = namedBy(own.status);
    // The second round asks those that the first one named; nobody knows more than a master.
    for (let round = 0; round < 2; round += 1) {
      const urls = [...new Set(named)].filter((url) => !answers.has(url));
      const told = await Promise.all(urls.slice(0, nodesMax).map((url) => this.#askNode(url)));
      for (const [index, url] of urls.slice(0, nodesMax).entries()) {
        answers.set(url, told[index] ?? null);
      }
      named = told.flatMap((one) => (one === null ? [] : namedBy(one.status)));
    }
    return clusterOf({ own, answers, atMs, memoryLimitBytes: node.limits.memoryBytesMax });
  }

  #askNode(url: string): Promise<Told | null> {
    const { node, transport } = this.#options;
    const path = '/v1/status?events';
    const request = { method: 'GET', path, headers: {}, timeoutMs: node.limits.suspectMs } as const;
    return new Promise((resolve) => {
      transport.send(url, request, (_failure, reply) => {
        const told = toldBy(reply);
        resolve(told !== null && isOfCluster(told.status, node.status()) ? told : null);
      });
    });
  }
}

function namedBy({ master, members }: NodeStatus): string[] {
  return [...(master === null ? [] : [master.url]), ...members.map(({ url }) => url)];
}

/** As a node answers to `?events`. */
type Answered = NodeStatus & { readonly events?: readonly LoggedEvent[] };

/** null for what is no status of a node. */
function toldBy(reply: InboundReply | null): Told | null {
  if (reply?.status !== 200 || reply.header(headerNames.node) === undefined) return null;
  const status = parseObject(new TextDecoder().decode(reply.body)) as Answered | null;
  if (status === null || !Array.isArray(status.members)) return null;
  return { status, events: Array.isArray(status.events) ? status.events : [] };
}

/** A port may have passed on to a node of another cluster. One that waits to join is of none yet. */
function isOfCluster(other: NodeStatus, own: NodeStatus): boolean {
  return [own.clusterId, ''].includes(other.clusterId) || own.clusterId === '';
}

interface Gathered {
  readonly own: Told;
  readonly answers: Answers;
  readonly atMs: number;
  readonly memoryLimitBytes: number;
}

function clusterOf({ own, answers, atMs, memoryLimitBytes }: Gathered): Cluster {
  const active = activeOf(answers);
  const best = active ?? own.status;
  return {
    atMs,
    url: own.status.url,
    clusterId: best.clusterId,
    active: active?.url ?? null,
    voters: best.voters,
    writeQuorumAcks: best.writeQuorumAcks,
    memoryLimitBytes,
    nodes: nodesOf(best, answers),
    events: eventsOf(answers),
  };
}

/** Of two that believe they are, the one of the higher epoch is. */
function activeOf(answers: Answers): NodeStatus | null {
  let best: NodeStatus | null = null;
  for (const told of answers.values()) {
    if (told?.status.state !== 'active') continue;
    if (best === null || told.status.epoch > best.epoch) best = told.status;
  }
  return best;
}

function nodesOf({ members }: NodeStatus, answers: Answers): ClusterNode[] {
  const nodes = new Map<string, ClusterNode>();
  for (const member of members) {
    const { url, role, voter, ackedLsn, silentMs, suspect } = member;
    // A node and its successor at one URL are members for a moment: the one that votes is shown.
    if (nodes.get(url)?.voter === true) continue;
    const told = answers.get(url) ?? null;
    const status = told === null ? null : factsOf(told.status);
    nodes.set(url, { url, role, voter, ackedLsn, silentMs, suspect, status });
  }
  // A master that is no member yet, or answers though the active one does not know it.
  for (const [url, told] of answers) {
    if (told === null || nodes.has(url)) continue;
    const { role } = told.status;
    const noMember = { voter: false, ackedLsn: null, silentMs: null, suspect: null };
    nodes.set(url, { url, role, ...noMember, status: factsOf(told.status) });
  }
  const rank = ({ role }: ClusterNode) => (role === 'master' ? 0 : 1);
  return [...nodes.values()].sort((a, b) => rank(a) - rank(b) || (a.url < b.url ? -1 : 1));
}

function factsOf(status: NodeStatus): NodeFacts {
  const { nodeId, state, epoch, lastLsn, committedLsn, appliedLsn } = status;
  const { reads = 0, writes = 0, watches = 0, watchesClosed = 0 } = status.counters;
  const { keys, memoryBytes, stateHash } = status;
  return {
    ...{ nodeId, state, epoch, lastLsn, committedLsn, appliedLsn, keys, memoryBytes, stateHash },
    ...{ reads, writes, watches: watches - watchesClosed },
  };
}

function eventsOf(answers: Answers): ClusterEvent[] {
  const all = [...answers].flatMap(([url, told]) =>
    (told?.events ?? []).map((event) => ({ ...event, url })),
  );
  return all.sort((a, b) => b.atMs - a.atMs).slice(0, eventsMax);
}
