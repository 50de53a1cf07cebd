/**
 * Does one fault after the other to a cluster under load, as a seed says, and notes how long it took
 * until a write was acknowledged again. The seed decides the order of the faults and their victims
 * by role; who has which role when a fault comes, real processes decide.
 */
import type { Cluster } from '../contract/cluster.ts';
import type { ContractNode } from '../contract/contract-node.ts';
import { answersTo, DirectProbe, type Sent } from '../contract/direct-probe.ts';
import type { Load } from '../contract/load.ts';
import { pause, until } from '../contract/until.ts';
import { SeededRandom } from '../sim/seeded-random.ts';
import { cutPower, failDisk, slowSyncs } from './disk-faults.ts';
import type { Fault, FaultKind, Stage } from './fault.ts';
import type { Machine } from './machine.ts';
import { partition, slowLinks } from './network-faults.ts';
import { kill, pauseProcesses } from './process-faults.ts';

export interface FaultReport {
  readonly kind: FaultKind;
  readonly title: string;
  /**
   * True where another master had to take over from the active one, and all that it takes was there:
   * a quorum was left, and every node was ready before.
   */
  readonly isTakeover: boolean;
  /** When it began, as the logs of the nodes tell the time. */
  readonly time: string;
  /** On the clock of `performance.now()`, as all times here. */
  readonly beganMs: number;
  /** When the first write was acknowledged that the fault could not have let through. */
  readonly recoveredMs: number;
  /**
   * How long that took: from the beginning of the fault where a quorum was left, else from its end.
   */
  readonly recoveryMs: number;
}

export interface NemesisOptions {
  readonly cluster: Cluster;
  readonly load: Load;
  readonly machine: Machine;
  readonly kinds: readonly FaultKind[];
  readonly seed: number;
  /** Told of every fault when it is over. */
  readonly onFault: (report: FaultReport) => void;
}

const gapMs = [200, 1000] as const;
/** With this probability a fault begins before the one before it is forgotten. */
const compoundShare = 0.25;
/** A probed node is asked so often: few calls, for each of unknown outcome costs the checkers. */
const probePaceMs = 250;
const probedKeys = 1;

export class Nemesis {
  readonly #options: NemesisOptions;
  readonly #random: SeededRandom;
  /** Nodes that ended although nothing was done to them, with their last words. */
  readonly fallen: string[] = [];
  #probes = 0;

  constructor(options: NemesisOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed, 'nemesis');
  }

  /** Resolves at `untilMs`, or when `isOver`, with everything undone and every node ready. */
  async run(untilMs: number, isOver: () => boolean): Promise<void> {
    const { cluster } = this.#options;
    let isRested = true;
    while (performance.now() < untilMs && !isOver()) {
      await pause(this.#random.integer(...gapMs));
      const kind = this.#random.pick(this.#options.kinds);
      const isCompound = this.#random.chance(compoundShare);
      const needsRest = await this.#strike(kind, isRested);
      this.#raiseFallen();
      isRested = needsRest || !isCompound;
      if (isRested) await cluster.ready();
    }
    await cluster.ready();
  }

  /** Answers whether the cluster needs rest. */
  async #strike(kind: FaultKind, isRested: boolean): Promise<boolean> {
    const { cluster, load, onFault } = this.#options;
    const active = await cluster.active();
    const epoch = (await active.status())?.epoch ?? 0;
    const fault = faultOf(kind, this.#stage(active));
    this.#raiseFallen();
    const beganMs = performance.now();
    const time = new Date().toISOString();
    await fault.begin();
    const begunMs = performance.now();
    const since = load.acknowledged.length;
    const recovered = fault.leavesQuorum ? firstWrite(load, since, begunMs, epoch) : null;
    await pause(fault.lastsMs);
    await fault.end();
    const endedMs = performance.now();
    this.#raiseFallen(fault.targets);
    const recoveredMs = await (recovered ?? firstWrite(load, since, begunMs, epoch));
    const { title, losesActive, leavesQuorum } = fault;
    const recoveryMs = recoveredMs - (leavesQuorum ? beganMs : endedMs);
    const isTakeover = losesActive && leavesQuorum && isRested;
    onFault({ kind, title, isTakeover, time, beganMs, recoveredMs, recoveryMs });
    return fault.needsRest;
  }

  #stage(active: ContractNode): Stage {
    const { cluster, machine } = this.#options;
    const { links, disks, canTrace } = machine;
    const probe = (node: ContractNode, isOver: () => boolean) => this.#probe(node, isOver);
    return { cluster, random: this.#random, active, links, disks, canTrace, probe };
  }

  async #probe(node: ContractNode, isOver: () => boolean): Promise<void> {
    const { load } = this.#options;
    this.#probes += 1;
    const probe = new DirectProbe(node.url, load.recorder, `direct-${this.#probes}`);
    const sent: Sent[] = [];
    try {
      // One round more after the end: a node that has just woken up is asked too.
      for (let isLast = false; !isLast; ) {
        isLast = isOver();
        sent.push(...(await probe.sendAll(load.keys.slice(0, probedKeys))));
        await pause(probePaceMs);
      }
    } catch {
      // It takes no connection any more: what was sent before counts.
    }
    await answersTo(sent);
  }

  /** Starts every node that ended by itself; `targets` may be down. */
  #raiseFallen(targets: readonly ContractNode[] = []): void {
    for (const node of this.#options.cluster.nodes) {
      if (node.isRunning) continue;
      if (!targets.includes(node)) this.fallen.push(node.describe(lastWords));
      node.start();
    }
  }
}

const lastWords = 12;

/** Picks one of the faults of a kind; the machine allows at least one of them. */
function faultOf(kind: FaultKind, stage: Stage): Fault {
  const { links, canTrace, random } = stage;
  switch (kind) {
    case 'kill':
      return kill(stage);
    case 'pause':
      return pauseProcesses(stage);
    case 'disk':
      return failDisk(stage);
    case 'poweroff':
      return cutPower(stage);
    case 'partition':
      if (links === null) throw new Error('links cannot be cut here');
      return partition(stage, links);
    case 'slow':
      if (links !== null && (!canTrace || random.chance(0.5))) return slowLinks(stage, links);
      return slowSyncs(stage);
  }
}

/**
 * When the first write was acknowledged, of those after number `since`, that was called after
 * `begunMs` or answered in a later epoch than `epoch`.
 */
function firstWrite(load: Load, since: number, begunMs: number, epoch: number): Promise<number> {
  let next = since;
  return until('a write is acknowledged again', () => {
    for (; next < load.acknowledged.length; next += 1) {
      const write = load.acknowledged[next];
      if (write === undefined) break;
      if (write.calledMs > begunMs || write.epoch > epoch) return write.atMs;
    }
    return null;
  });
}
