/**
 * Lifetimes in the order in which they end: a binary heap. What ends earlier for another reason is
 * not looked for in it but dropped when it comes to the top, or when more than half of it may be
 * such: renewing a lifetime costs one push, and the heap stays in proportion to what lives.
 */
export interface Deadline {
  /** Log time. */
  readonly atMs: number;
  readonly key: string;
  /** lsn of the record that set this lifetime. */
  readonly ttlLsn: number;
}

/** Below this size nothing is swept. */
const sweepFrom = 1024;

export class DeadlineQueue {
  readonly #isCurrent: (deadline: Deadline) => boolean;
  #heap: Deadline[] = [];
  #sweepAt = sweepFrom;

  /** `isCurrent`: this lifetime is still the one in force. */
  constructor(isCurrent: (deadline: Deadline) => boolean) {
    this.#isCurrent = isCurrent;
  }

  get size(): number {
    return this.#heap.length;
  }

  push(deadline: Deadline): void {
    if (this.#heap.length >= this.#sweepAt) this.#sweep();
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
    const heap = this.#heap.filter(this.#isCurrent);
    // Sorted is a heap too.
    this.#heap = heap.sort((a, b) => a.atMs - b.atMs);
    this.#sweepAt = Math.max(sweepFrom, 2 * heap.length);
  }

  #pop(): Deadline | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink(0);
    }
    return first;
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#atMs(parent) <= this.#atMs(at)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(from: number): void {
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      const least = this.#atMs(left + 1) < this.#atMs(left) ? left + 1 : left;
      if (this.#atMs(least) >= this.#atMs(at)) return;
      this.#swap(at, least);
      at = least;
    }
  }

  /** Infinity behind the end: nothing sinks below it. */
  #atMs(at: number): number {
    return this.#heap[at]?.atMs ?? Infinity;
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return;
    this.#heap[a] = other;
    this.#heap[b] = one;
  }
}
