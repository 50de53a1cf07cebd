/**
 * Concurrent clients on a cluster, and the proof afterwards: nothing that was acknowledged is lost,
 * some order of all calls explains all answers, and all nodes hold the same.
 */
import { checkHistory, dsmModel } from '../verify/check-history.ts';
import { explainFailure, formatExplanation } from '../verify/explain.ts';
import type { HistoryOperation } from '../verify/history.ts';
import { HistoryRecorder } from '../verify/recorder.ts';
import { registerInvocations } from '../verify/register-history.ts';
import type { Cluster } from './cluster.ts';
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
}

/** What a load has shown, when it is proved. */
export interface LoadReport {
  readonly operations: number;
  readonly acknowledged: number;
  readonly unknown: number;
  /** Single writes that were looked for at the end and found. */
  readonly found: number;
}

const shownViolations = 5;

export class Load {
  /** For calls that a test makes beside the load and wants to be part of the history. */
  readonly recorder = new HistoryRecorder(() => performance.now() * 1000);
  readonly keys: readonly string[];
  readonly acknowledged: Acknowledged[] = [];
  readonly #cluster: Cluster;
  readonly #clients: LoadClient[];
  readonly #ledger: Ledger;
  readonly #runs: Promise<unknown>;

  constructor(cluster: Cluster, options: LoadOptions = {}) {
    const { clients = 6, keys = 4, thinkMs = 8 } = options;
    this.#cluster = cluster;
    this.keys = Array.from({ length: keys }, (_, index) => `load-${index}`);
    this.#clients = Array.from({ length: clients }, (_, index) => this.#newClient(index, thinkMs));
    this.#ledger = new Ledger(cluster.masterUrls, 'ledger/', thinkMs);
    this.#runs = Promise.all([...this.#clients, this.#ledger].map((client) => client.run()));
    // Whoever stops the load hears of a failure; until then it is nobody's.
    this.#runs.catch(() => {});
  }

  /** Every second client comes in by a slave, the others as `createClient` is meant to be used. */
  #newClient(index: number, thinkMs: number): LoadClient {
    const { slaves, masterUrls } = this.#cluster;
    const entry = index % 2 === 0 ? undefined : slaves[Math.floor(index / 2) % slaves.length];
    return new LoadClient({
      name: `c${index}`,
      nodeUrls: entry === undefined ? masterUrls : [entry.url, ...masterUrls],
      keys: this.keys,
      thinkMs,
      recorder: this.recorder,
      onAcknowledged: (acknowledged) => this.acknowledged.push(acknowledged),
    });
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
    await this.stop();
    await this.#readEverywhere();
    const faults = await this.#ledger.faults();
    if (faults.length > 0) throw new Error(`acknowledged writes are lost:\n${faults.join('\n')}`);
    const history = this.recorder.history();
    const objections = objectionsTo(history);
    if (objections !== null) throw new Error(objections);
    await this.#expectEqualStates();
    return {
      operations: history.length,
      acknowledged: this.acknowledged.length,
      unknown: history.filter(({ outcome }) => outcome === 'unknown').length,
      found: this.#ledger.length,
    };
  }

  async #readEverywhere(): Promise<void> {
    const readers = this.#cluster.nodes.map(({ name, url }) => {
      return new LoadClient({
        name: `last-${name}`,
        nodeUrls: [url],
        keys: this.keys,
        thinkMs: 0,
        recorder: this.recorder,
        onAcknowledged: () => {},
      });
    });
    for (const key of this.keys) {
      for (const reader of readers) await reader.read(key, 'linearizable');
    }
  }

  async #expectEqualStates(): Promise<void> {
    const statuses = await this.#cluster.settled();
    if (new Set(statuses.map(({ stateHash }) => stateHash)).size === 1) return;
    const lines = statuses.map(({ url, stateHash, appliedLsn }) => {
      return `${url}: ${stateHash} @${appliedLsn}`;
    });
    throw new Error(`nodes that applied the same records differ:\n${lines.join('\n')}`);
  }
}

/** Null where the history is linearizable. A check that could not be finished is an objection. */
export function objectionsTo(history: readonly HistoryOperation[]): string | null {
  const { verdict, violations } = checkHistory(history);
  if (verdict === 'linearizable') return null;
  const messages = violations.slice(0, shownViolations).map(({ message }) => message);
  const explanation = explainFailure(dsmModel, registerInvocations(history));
  const text =
    explanation === undefined ? '' : formatExplanation(explanation, dsmModel.describeState);
  return [`the history is ${verdict}`, ...messages, text].join('\n');
}
