/**
 * Which node to ask next: the active master where it is known, then the list in its order, and
 * last the nodes that were silent a moment ago. There are no timers: what is known ages by itself.
 */
import { DsmError } from '../core/errors.ts';
import { headerNames } from '../http/headers.ts';
import type { Reply } from './reply.ts';

export interface MasterChange {
  readonly from: string;
  readonly to: string;
}

/** A listed node that did not answer is asked last for so long. */
const silentMs = 5000;
/** The same for a node known from a hint only: its address may not be reachable from here. */
const unlistedSilentMs = 60_000;
/** Nodes of which anything is remembered: hints may name new ones without end. */
const nodesMax = 64;

/** A base URL without a trailing slash. Throws `invalid_request`. */
export function parseNodeUrl(text: string): string {
  const url = URL.parse(text);
  const isHttp = url !== null && (url.protocol === 'http:' || url.protocol === 'https:');
  if (!isHttp || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new DsmError('invalid_request', `"${text}" is not the http(s) URL of a node`);
  }
  return url.href.replace(/\/+$/, '');
}

export class NodeList {
  readonly #listed: readonly string[];
  readonly #monotonicMs: () => number;
  readonly #onMasterChange: (change: MasterChange) => void;
  /** Until when a node is asked last, by the monotonic clock. */
  readonly #silentUntilMs = new Map<string, number>();
  /** Who answered reads at a URL. */
  readonly #nodeIds = new Map<string, string>();
  /** The last node that answered as the active master, for telling of a change. */
  #lastActive: { readonly nodeId: string; readonly url: string } | null = null;
  #master: string | null = null;
  #masterEpoch = 0;

  /** `listed` is not empty and in order of preference. Throws `invalid_request`. */
  constructor(
    listed: readonly string[],
    monotonicMs: () => number,
    onMasterChange: (change: MasterChange) => void,
  ) {
    if (listed.length === 0) throw new DsmError('invalid_request', 'the list of masters is empty');
    this.#listed = [...new Set(listed.map(parseNodeUrl))];
    this.#monotonicMs = monotonicMs;
    this.#onMasterChange = onMasterChange;
  }

  /** The active master, or null where none is known. */
  get master(): string | null {
    return this.#master;
  }

  /** `first` are nodes to ask before all others. */
  order(first: readonly string[] = []): string[] {
    const known = this.#master === null ? [] : [this.#master];
    const nodes = [...new Set([...first, ...known, ...this.#listed])];
    const nowMs = this.#monotonicMs();
    const isSilent = (url: string) => (this.#silentUntilMs.get(url) ?? 0) > nowMs;
    return [...nodes.filter((url) => !isSilent(url)), ...nodes.filter(isSilent)];
  }

  /** `url` did not answer: it is no active master until it is heard of again. */
  onSilence(url: string): void {
    if (this.#silentUntilMs.size >= nodesMax) this.#silentUntilMs.clear();
    const forMs = this.#listed.includes(url) ? silentMs : unlistedSilentMs;
    this.#silentUntilMs.set(url, this.#monotonicMs() + forMs);
    if (this.#master !== url) return;
    this.#master = null;
    this.#masterEpoch = 0;
  }

  /**
   * Learns from the headers of an answer who the active master is. A read is answered by the node
   * that was asked; anything else it may have sent on, and then the headers are the master's.
   */
  onReply(reply: Reply, isRead: boolean): void {
    this.#silentUntilMs.delete(reply.url);
    const { headers, url } = reply;
    const nodeId = headers.get(headerNames.node) ?? '';
    const epoch = Number(headers.get(headerNames.epoch) ?? 0);
    if (isRead) this.#noteNodeId(url, nodeId);
    if (epoch < this.#masterEpoch) return;
    const hint = headers.get(headerNames.master);
    if (headers.get(headerNames.role) === 'active' && this.#isOwnAnswer(url, nodeId, hint)) {
      this.#believe(url, epoch);
      this.#onActive(nodeId, url);
      return;
    }
    if (url === this.#master) this.#master = null;
    this.onHint(hint, epoch);
  }

  #noteNodeId(url: string, nodeId: string): void {
    if (this.#nodeIds.size >= nodesMax) this.#nodeIds.clear();
    this.#nodeIds.set(url, nodeId);
  }

  #isOwnAnswer(url: string, nodeId: string, hint: string | null): boolean {
    const known = this.#nodeIds.get(url);
    return known === undefined ? hint === null || hint === url : known === nodeId;
  }

  /** A node in `epoch` names the active master; null or nonsense names none. */
  onHint(url: string | null, epoch: number): void {
    const master = url === null ? null : parseHint(url);
    if (master !== null && epoch >= this.#masterEpoch) this.#believe(master, epoch);
  }

  #believe(master: string, epoch: number): void {
    this.#master = master;
    this.#masterEpoch = epoch;
  }

  /** A hint is a rumour; a change is told when the new master itself has answered. */
  #onActive(nodeId: string, url: string): void {
    const last = this.#lastActive;
    this.#lastActive = { nodeId, url };
    if (last !== null && last.nodeId !== nodeId) this.#onMasterChange({ from: last.url, to: url });
  }
}

function parseHint(url: string): string | null {
  try {
    return parseNodeUrl(url);
  } catch {
    return null;
  }
}
