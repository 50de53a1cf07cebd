/**
 * Concurrent clients on a cluster, and the proof afterwards: nothing that was acknowledged is lost,
 * some order of all calls explains all answers, and all nodes hold the same.
 */
import { checkHistory, dsmModel, type HistoryResult } from '../verify/check-history.ts';
import { explainFailure, formatExplanation } from '../verify/explain.ts';
import type { HistoryOperation } from '../verify/history.ts';
import { defaultSearchLimits, type SearchLimits } from '../verify/limits.ts';
import { HistoryRecorder } from '../verify/recorder.ts';
import type { Cluster } from './cluster.ts';
import type { ContractNode } from './contract-node.ts';
import { Ledger } from './ledger.ts';
import { type Acknowledged, LoadClient } from './load-client.ts';
import { until } from './until.ts';

export interface LoadOptions {
  /** Default 6. */
  readonly clients?: number;
  /** Keys that all of them use; default 4. */
  readonly keys?: number;
  /** Longest pause of a client between two calls; default 8. */
  readonly thinkMs?: number;
  /**
   * Other keys after each so many ms; default never. It bounds what a check of one key must
   * consider: a call that nobody answered may have taken effect at any time after it.
   */
  readonly keysLastMs?: number;
}

/** What a load has shown, when it is proved. */
export interface LoadReport {
  readonly operations: number;
  readonly acknowledged: number;
  readonly unknown: number;
  /** Single writes that were looked for at the end and found. */
  readonly found: number;
}

/** What is true of a load after its end, be it good or bad. */
export interface Judgement {
  readonly history: readonly HistoryOperation[];
  readonly acknowledged: number;
  /** Single writes that were acknowledged and looked for, and those that are not there, in words. */
  readonly looked: number;
  readonly lost: readonly string[];
  readonly result: HistoryResult;
  /** Nodes that hold something else after the same records, in words. */
  readonly differing: readonly string[];
}

const shownViolations = 5;

export class Load {
  /** For calls that a test makes beside the load and wants to be part of the history. */
  readonly recorder = new HistoryRecorder(() => performance.now() * 1000);
  readonly acknowledged: Acknowledged[] = [];
  readonly #cluster: Cluster;
  readonly #clients: LoadClient[];
  readonly #ledger: Ledger;
  readonly #keyCount: number;
  readonly #keysLastMs: number;
  readonly #startedMs = performance.now();
  readonly #runs: Promise<unknown>;

  constructor(cluster: Cluster, options: LoadOptions = {}) {
    const { clients = 6, keys = 4, thinkMs = 8 } = options;
    this.#cluster = cluster;
    this.#keyCount = keys;
    this.#keysLastMs = options.keysLastMs ?? Number.POSITIVE_INFINITY;
    this.#clients = Array.from({ length: clients }, (_, index) => this.#newClient(index, thinkMs));
    this.#ledger = new Ledger(cluster.masterUrls, 'ledger/', thinkMs);
    this.#runs = Promise.all([...this.#clients, this.#ledger].map((client) => client.run()));
    // Whoever stops the load hears of a failure; until then it is nobody's.
    this.#runs.catch(() => {});
  }

  /**
   * In turn: as `createClient` is meant to be used; coming in by a slave; staying with a node that
   * has to send its calls on.
   */
  #newClient(index: number, thinkMs: number): LoadClient {
    const { slaves, masters, masterUrls } = this.#cluster;
    const turn = Math.floor(index / 3);
    const pick = (nodes: readonly ContractNode[]) =>
      index % 3 === 0 ? undefined : nodes[turn % nodes.length];
    const isPinned = index % 3 === 2;
    const entry = pick(isPinned ? [...masters.slice(1), ...slaves] : slaves);
    return new LoadClient({
      name: `c${index}`,
      nodeUrls: entry === undefined ? masterUrls : [entry.url, ...masterUrls],
      isPinned,
      keys: () => this.keys,
      thinkMs,
      recorder: this.recorder,
      onAcknowledged: (acknowledged) => this.acknowledged.push(acknowledged),
    });
  }

  /** Those that are in use now. */
  get keys(): string[] {
    return this.#keysOf(this.#generation);
  }

  get #generation(): number {
    return Math.floor((performance.now() - this.#startedMs) / this.#keysLastMs);
  }

  #keysOf(generation: number): string[] {
    return Array.from({ length: this.#keyCount }, (_, index) => `load-${generation}-${index}`);
  }

  /** Resolves when `count` more writes have been acknowledged. */
  async untilAcknowledged(count: number): Promise<void> {
    const wanted = this.acknowledged.length + count;
    await until(`${count} more writes`, () => this.acknowledged.length >= wanted);
  }

  /** Resolves with the first write that a master of a higher epoch than `epoch` acknowledged. */
  firstAfterEpoch(epoch: number): Promise<Acknowledged> {
    return until(`a write after epoch ${epoch}`, () => {
      return this.acknowledged.find((write) => write.epoch > epoch) ?? null;
    });
  }

  /** Resolves when every client has ended its last call. Idempotent. */
  async stop(): Promise<void> {
    for (const client of [...this.#clients, this.#ledger]) client.stop();
    await this.#runs;
  }

  /**
   * Stops, reads everything once more, and checks. Needs every node to be up. Throws an Error that
   * says what is wrong, with the part of the history that shows it.
   */
  async prove(): Promise<LoadReport> {
    const { history, acknowledged, looked, lost, result, differing } = await this.judge();
    if (lost.length > 0) throw new Error(`acknowledged writes are lost:\n${lost.join('\n')}`);
    const objections = objectionsTo(history, result);
    if (objections !== null) throw new Error(objections);
    if (differing.length > 0) {
      throw new Error(`nodes that applied the same records differ:\n${differing.join('\n')}`);
    }
    const unknown = history.filter(({ outcome }) => outcome === 'unknown').length;
    return { operations: history.length, acknowledged, unknown, found: looked };
  }

  /** As `prove`, but says what it found instead of throwing. */
  async judge(limits: SearchLimits = defaultSearchLimits): Promise<Judgement> {
    const lastGeneration = this.#generation;
    await this.stop();
    await this.#readEverywhere(lastGeneration);
    const lost = await this.#ledger.faults();
    const history = this.recorder.history();
    return {
      history,
      acknowledged: this.acknowledged.length,
      looked: this.#ledger.length,
      lost,
      result: checkHistory(history, limits),
      differing: await this.#differingStates(),
    };
  }

  /** The last keys at every node, and those before them at the nodes in turn. */
  async #readEverywhere(lastGeneration: number): Promise<void> {
    const readers = this.#cluster.nodes.map(({ name, url }) => {
      return new LoadClient({
        name: `last-${name}`,
        nodeUrls: [url],
        keys: () => [],
        thinkMs: 0,
        recorder: this.recorder,
        onAcknowledged: () => {},
      });
    });
    for (let generation = 0; generation < lastGeneration; generation += 1) {
      const reader = readers[generation % readers.length];
      for (const key of this.#keysOf(generation)) await reader?.read(key, 'linearizable');
    }
    for (const key of this.#keysOf(lastGeneration)) {
      for (const reader of readers) await reader.read(key, 'linearizable');
    }
  }

  async #differingStates(): Promise<string[]> {
    const statuses = await this.#cluster.settled();
    if (new Set(statuses.map(({ stateHash }) => stateHash)).size === 1) return [];
    return statuses.map(({ url, stateHash, appliedLsn }) => `${url}: ${stateHash} @${appliedLsn}`);
  }
}

/** Null where the history is linearizable. A check that could not be finished is an objection. */
export function objectionsTo(
  history: readonly HistoryOperation[],
  result: HistoryResult = checkHistory(history),
): string | null {
  if (result.verdict === 'linearizable') return null;
  const messages = result.violations.slice(0, shownViolations).map(({ message }) => message);
  return [`the history is ${result.verdict}`, ...messages, ...keysIn(result)].join('\n');
}

/** About each key that the search objects to, or could not decide. */
function keysIn({ search }: HistoryResult): string[] {
  return search.parts.flatMap(({ key, verdict, invocations, steps }) => {
    if (verdict === 'linearizable') return [];
    const explanation = explainFailure(dsmModel, invocations);
    if (explanation === undefined) return [`${key} is not decided after ${steps} steps`];
    return [`${key}:`, formatExplanation(explanation, dsmModel.describeState)];
  });
}
