/**
 * The active master's lease (DESIGN.md §5 rule 7): while a majority of the voters has vowed to
 * promise nothing to anybody else, no other master can have been elected, and a READ may be
 * answered from memory. The idea is that of Gray and Cheriton (1989); the vow is counted from the
 * moment the append was *sent*, shortened by the drift allowance, so that it ends here before it
 * ends there whatever the network did.
 */
import { type Configs, majorityValue } from './quorum.ts';

/** Largest leap of the wall clock against the monotonic one, as a share of the lease. */
const leapShare = 0.1;

export class Lease {
  readonly #selfId: string;
  readonly #leaseMs: number;
  readonly #driftShare: number;
  readonly #vowEndsMs = new Map<string, number>();
  /** Dropped at every vow and every change of configuration. */
  #cachedEndMs: number | null = null;
  /** wall − monotonic when the lease was last renewed: a machine that slept shows in it. */
  #offsetMs: number | null = null;
  /** Vows for messages sent before the last leap do not count. */
  #notBeforeMs = -Infinity;

  constructor(selfId: string, leaseMs: number, driftShare: number) {
    this.#selfId = selfId;
    this.#leaseMs = leaseMs;
    this.#driftShare = driftShare;
  }

  /** A voter took an append, or echoed a poll answer, that was sent at `sentAtMs`. */
  addVow(nodeId: string, sentAtMs: number): void {
    if (sentAtMs <= this.#notBeforeMs) return;
    const endMs = sentAtMs + this.#leaseMs * (1 - this.#driftShare);
    if (endMs > (this.#vowEndsMs.get(nodeId) ?? -Infinity)) {
      this.#vowEndsMs.set(nodeId, endMs);
      this.#cachedEndMs = null;
    }
  }

  /** The configurations in force have changed. */
  forgetEnd(): void {
    this.#cachedEndMs = null;
  }

  /** When the vows of a majority end. A lone voter's lease never does. */
  endMs(configs: Configs): number {
    this.#cachedEndMs ??= majorityValue(configs, (nodeId) =>
      nodeId === this.#selfId ? Infinity : (this.#vowEndsMs.get(nodeId) ?? -Infinity),
    );
    return this.#cachedEndMs;
  }

  /** May a READ be answered from memory now? */
  holds(configs: Configs, nowMs: number, wallMs: number): boolean {
    if (nowMs >= this.endMs(configs)) return false;
    const leapMs = Math.abs(wallMs - nowMs - (this.#offsetMs ?? wallMs - nowMs));
    return leapMs <= this.#leaseMs * leapShare;
  }

  /**
   * Compares the clocks. A leap since the last look voids every vow: they may have been counted
   * while the machine slept and its monotonic clock stood still.
   */
  watchClocks(nowMs: number, wallMs: number): void {
    const offsetMs = wallMs - nowMs;
    const before = this.#offsetMs;
    this.#offsetMs = offsetMs;
    if (before !== null && Math.abs(offsetMs - before) > this.#leaseMs * leapShare) {
      this.#vowEndsMs.clear();
      this.#notBeforeMs = nowMs;
      this.#cachedEndMs = null;
    }
  }
}
