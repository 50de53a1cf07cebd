/**
 * A cluster of real processes on this machine, planned by the same code as `dsm up` but started
 * node by node, so that each can be killed, stopped and started again. Nothing outlives it: the
 * nodes end with this process, however it ends.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PlannedNode } from '../cli/up/plan.ts';
import { prepare } from '../cli/up/prepare.ts';
import { checkReady } from '../cli/up/ready.ts';
import { runtimeCommand } from '../cli/up/runtimes.ts';
import type { NodeStatus } from '../node/api.ts';
import { ContractNode } from './contract-node.ts';
import { type ContractRuntime, contractRuntime, runtimeOf } from './runtimes.ts';
import { until } from './until.ts';

export interface ClusterOptions {
  /** Default: as the environment says. */
  readonly runtime?: ContractRuntime;
  /** Default 3. */
  readonly slaves?: number;
  /** Default 1. */
  readonly backups?: number;
  /** Flags of every node, and of masters only. */
  readonly flags?: readonly string[];
  readonly masterFlags?: readonly string[];
  /** Where each node lives, by its name. Default: all on the loopback address. */
  readonly place?: Place;
}

export interface Place {
  /** Default: the loopback address. */
  readonly hostOf?: ((name: string) => string) | undefined;
  /** What its command is run with. */
  prefixOf(name: string): readonly string[];
  /** Flags of the node that is reached at `url`. */
  flagsOf(url: string): readonly string[];
  /** Called once, before any node is started. */
  prepare(cluster: Cluster): Promise<void>;
  /** Called when no node runs any more, before its files are removed. */
  release(): void;
}

/** The file that is `dsm`. */
export const dsmScript = fileURLToPath(new URL('../cli/main.ts', import.meta.url));

const logDirName = 'logs';
const logTailLines = 25;

/** Somebody else may take a port between the moment it is found free and the moment it is used. */
const startsMax = 3;

/** Resolves when every node votes; leaves nothing behind where that does not happen. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  for (let starts = 1; ; starts += 1) {
    const cluster = await Cluster.prepare(options);
    try {
      await options.place?.prepare(cluster);
      cluster.start();
      await Promise.race([cluster.ready(), cluster.firstEnding()]);
      return cluster;
    } catch (error) {
      // Only when the nodes have ended have their last words arrived.
      await cluster.kill();
      const description = cluster.describe();
      await cluster.close();
      if (/port \d+ is taken/.test(description) && starts < startsMax) continue;
      throw new Error(`the cluster did not get ready\n${description}`, { cause: error });
    }
  }
}

export class Cluster {
  readonly dataDir: string;
  /** Masters first, in their order. */
  readonly nodes: readonly ContractNode[];
  /** The cluster secret. */
  readonly secret: string;
  readonly #planned: ReadonlyMap<ContractNode, PlannedNode>;
  readonly #place: Place | undefined;

  private constructor(
    dataDir: string,
    secret: string,
    planned: ReadonlyMap<ContractNode, PlannedNode>,
    place: Place | undefined,
  ) {
    this.dataDir = dataDir;
    this.secret = secret;
    this.#planned = planned;
    this.#place = place;
    this.nodes = [...planned.keys()];
  }

  /** Plans the nodes and starts none. */
  static async prepare(options: ClusterOptions): Promise<Cluster> {
    const { runtime = contractRuntime(), flags = [], masterFlags = [], place } = options;
    const dataDir = mkdtempSync(join(tmpdir(), 'dsm-contract-'));
    const prepared = await prepare({
      slaves: options.slaves ?? 3,
      backups: options.backups ?? 1,
      portBase: 0,
      runtime: 'node',
      dataDir,
      nodeFlags: flags,
      masterFlags,
      script: dsmScript,
      ...(place?.hostOf === undefined ? {} : { hostOf: place.hostOf }),
    });
    const startWords = runtimeCommand('node', dsmScript).length;
    const logDir = join(dataDir, logDirName);
    mkdirSync(logDir);
    const planned = new Map<ContractNode, PlannedNode>();
    for (const child of prepared.children) {
      const node = new ContractNode({
        planned: child,
        runtime: runtimeOf(child.node.verb, runtime),
        script: dsmScript,
        words: [...child.command.slice(startWords), ...(place?.flagsOf(child.url) ?? [])],
        prefix: place?.prefixOf(child.node.name) ?? [],
        logDir,
      });
      planned.set(node, child.node);
    }
    const secret = readFileSync(prepared.secretFile, 'utf8').trim();
    return new Cluster(dataDir, secret, planned, place);
  }

  /** A file for each life of each node. */
  get logDir(): string {
    return join(this.dataDir, logDirName);
  }

  get masters(): ContractNode[] {
    return this.nodes.filter(({ verb }) => verb !== 'slave');
  }

  get slaves(): ContractNode[] {
    return this.nodes.filter(({ verb }) => verb === 'slave');
  }

  get masterUrls(): string[] {
    return this.masters.map(({ url }) => url);
  }

  get urls(): string[] {
    return this.nodes.map(({ url }) => url);
  }

  /** Throws where no node has this name. */
  node(name: string): ContractNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`there is no node ${name}`);
    return found;
  }

  /** Starts every node that does not run. */
  start(): void {
    for (const node of this.nodes) if (!node.isRunning) node.start();
  }

  /** Rejects as soon as one node ends. */
  async firstEnding(): Promise<never> {
    const ending = await Promise.race(this.nodes.map(({ child }) => child.ended));
    throw new Error(`a node ${ending}`);
  }

  /** kill -9 of everything at once. */
  async kill(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
  }

  /** Resolves when every one of `nodes` votes and says that it is ready. */
  async ready(nodes: readonly ContractNode[] = this.nodes): Promise<NodeStatus> {
    const started = nodes.map((node) => ({ url: node.url, node: this.#plannedOf(node) }));
    let reason = '';
    const probe = async () => {
      const readiness = await checkReady(started);
      if (readiness.kind === 'ready') return readiness.active;
      reason = readiness.reason;
      throw new Error(reason);
    };
    return until('every node is ready', probe);
  }

  #plannedOf(node: ContractNode): PlannedNode {
    const planned = this.#planned.get(node);
    if (planned === undefined) throw new Error(`${node.name} belongs to another cluster`);
    return planned;
  }

  /** The active master with the highest epoch, as soon as there is one that is not `except`. */
  active(except?: ContractNode): Promise<ContractNode> {
    return until('a master is active', async () => {
      const others = this.masters.filter((node) => node !== except);
      const statuses = await Promise.all(others.map((node) => node.status()));
      let best: { readonly node: ContractNode; readonly epoch: number } | null = null;
      for (const [index, node] of others.entries()) {
        const status = statuses[index];
        if (status?.state !== 'active' || status.epoch < (best?.epoch ?? 0)) continue;
        best = { node, epoch: status.epoch };
      }
      return best?.node ?? null;
    });
  }

  /**
   * The statuses of all `nodes` once all have applied the same records. Only without load.
   */
  settled(nodes: readonly ContractNode[] = this.nodes): Promise<NodeStatus[]> {
    return until('all nodes have applied the same records', async () => {
      const statuses = await Promise.all(nodes.map((node) => node.status()));
      const known = statuses.filter((status) => status !== null);
      const lsns = new Set(known.map(({ appliedLsn }) => appliedLsn));
      return known.length === nodes.length && lsns.size === 1 ? known : null;
    });
  }

  /** The ends of the logs of all nodes. */
  describe(): string {
    return this.nodes.map((node) => node.describe(logTailLines)).join('\n');
  }

  /** Kills every node and removes what they wrote, unless `keepsFiles`. Idempotent. */
  async close(keepsFiles = false): Promise<void> {
    await this.kill();
    this.#place?.release();
    if (!keepsFiles) rmSync(this.dataDir, { recursive: true, force: true });
  }
}
