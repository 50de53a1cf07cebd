/**
 * Lifetimes in the order in which they end: a binary heap. What ends earlier for another reason is
 * not looked for in it but dropped when it comes to the top, or when the sweep comes to it, which
 * looks at a few with every push: renewing a lifetime costs one push, the heap stays in proportion
 * to what lives, and nobody ever waits for a look at all of it.
 */
export interface Deadline {
  /** Log time. */
  readonly atMs: number;
  readonly key: string;
  /** lsn of the record that set this lifetime. */
  readonly ttlLsn: number;
}

/** Looked at with every push. With two the heap has at most about twice what lives. */
const sweepShare = 2;

export class DeadlineQueue {
  readonly #isCurrent: (deadline: Deadline) => boolean;
  #heap: Deadline[] = [];
  /** Where the sweep goes on. */
  #sweepAt = 0;

  /** `isCurrent`: this lifetime is still the one in force. */
  constructor(isCurrent: (deadline: Deadline) => boolean) {
    this.#isCurrent = isCurrent;
  }

  get size(): number {
    return this.#heap.length;
  }

  push(deadline: Deadline): void {
    this.#sweep();
    this.#heap.push(deadline);
    this.#rise(this.#heap.length - 1);
  }

  /** When the first lifetime in force ends; Infinity where there is none. */
  nextMs(): number {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined) return Infinity;
      if (this.#isCurrent(first)) return first.atMs;
      this.#pop();
    }
  }

  /** Those that end at or before `nowMs`, the first `countMax` of them. They stay in the queue. */
  due(nowMs: number, countMax: number): Deadline[] {
    const due: Deadline[] = [];
    while (due.length < countMax && this.nextMs() <= nowMs) {
      const first = this.#pop();
      if (first === undefined) break;
      due.push(first);
    }
    for (const deadline of due) this.push(deadline);
    return due;
  }

  #sweep(): void {
    for (let seen = 0; seen < sweepShare; seen += 1) {
      if (this.#sweepAt >= this.#heap.length) this.#sweepAt = 0;
      const deadline = this.#heap[this.#sweepAt];
      if (deadline === undefined) return;
      if (this.#isCurrent(deadline)) this.#sweepAt += 1;
      else this.#remove(this.#sweepAt);
    }
  }

  #remove(at: number): void {
    const last = this.#heap.pop();
    if (last === undefined || at === this.#heap.length) return;
    this.#heap[at] = last;
    this.#sink(at);
    this.#rise(at);
  }

  #pop(): Deadline | undefined {
    const first = this.#heap[0];
    if (first !== undefined) this.#remove(0);
    return first;
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(from: number): void {
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      const least = this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#isBefore(least, at)) return;
      this.#swap(at, least);
      at = least;
    }
  }

  /** Those that end together are in the order of their records. Nothing is behind the end. */
  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return one !== undefined;
    return one.atMs === other.atMs ? one.ttlLsn < other.ttlLsn : one.atMs < other.atMs;
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return;
    this.#heap[a] = other;
    this.#heap[b] = one;
  }
}
