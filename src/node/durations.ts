/**
 * How long something took, as counts in fixed classes: what a monitor needs for quantiles over many
 * nodes and any time. Cheap enough for every batch: a few comparisons and two additions.
 */

/** Upper bounds of the classes, ms. What takes longer than the last one is in a class of its own. */
export const durationBoundsMs: readonly number[] = Object.freeze([
  0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500,
]);

export interface DurationsView {
  /** One more than `durationBoundsMs` has. */
  readonly counts: readonly number[];
  readonly sumMs: number;
}

export class Durations {
  readonly #counts: number[] = Array(durationBoundsMs.length + 1).fill(0);
  #sumMs = 0;

  note(ms: number): void {
    let index = 0;
    while (ms > (durationBoundsMs[index] ?? Infinity)) index += 1;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sumMs += ms;
  }

  /** A copy. */
  view(): DurationsView {
    return { counts: [...this.#counts], sumMs: this.#sumMs };
  }
}
