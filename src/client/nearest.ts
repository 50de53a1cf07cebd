/**
 * Which node to read from where any node will do: one that answers about as fast as the fastest, at
 * random among those, so that reads spread over the cluster and stay near. A node that was not
 * measured lately comes first: that is how it is measured.
 */

/** What is known of nodes is asked for and measured anew after this. */
const freshMs = 30_000;
/** Nodes as near as the nearest: so many times its time, and a little for noise. */
const nearFactor = 1.5;
const noiseMs = 1;
/** Weight of the newest time in the mean. */
const newShare = 0.3;

interface Measure {
  readonly ms: number;
  readonly atMs: number;
}

export class Nearest {
  readonly #monotonicMs: () => number;
  readonly #random: () => number;
  readonly #measures = new Map<string, Measure>();
  #urls: readonly string[] = [];
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(monotonicMs: () => number, random: () => number) {
    this.#monotonicMs = monotonicMs;
    this.#random = random;
  }

  /** True once in a while: whoever asks looks for the members then. */
  takeTurn(): boolean {
    const nowMs = this.#monotonicMs();
    if (nowMs - this.#askedAtMs < freshMs) return false;
    this.#askedAtMs = nowMs;
    return true;
  }

  /** The nodes that there are. */
  onMembers(urls: readonly string[]): void {
    this.#urls = urls;
    for (const url of this.#measures.keys()) if (!urls.includes(url)) this.#measures.delete(url);
  }

  /** A read at `url` took so long. */
  note(url: string, ms: number): void {
    if (!this.#urls.includes(url)) return;
    const before = this.#measures.get(url)?.ms ?? ms;
    const mean = before + (ms - before) * newShare;
    this.#measures.set(url, { ms: mean, atMs: this.#monotonicMs() });
  }

  /** In the order in which to ask; empty where no member is known yet. */
  order(): string[] {
    const known = this.#urls.map((url) => ({ url, ms: this.#msOf(url), luck: this.#random() }));
    const nearMs = Math.min(...known.map(({ ms }) => ms)) * nearFactor + noiseMs;
    const rank = ({ ms, luck }: { ms: number; luck: number }) => (ms <= nearMs ? luck - 1 : ms);
    return known.toSorted((a, b) => rank(a) - rank(b)).map(({ url }) => url);
  }

  #msOf(url: string): number {
    const measure = this.#measures.get(url);
    const isFresh = measure !== undefined && this.#monotonicMs() - measure.atMs < freshMs;
    return isFresh ? measure.ms : 0;
  }
}
