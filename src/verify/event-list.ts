/**
 * The doubly linked list of calls and returns in the order of time on which Wing and Gong's search
 * works ("Testing and Verifying Concurrent Objects", 1993): to put an invocation into the order is to
 * lift its call and its return out of the list, to take it back is to link them in again, in constant
 * time (Knuth's dancing links).
 *
 * Entry 0 is the head; entry 1 + i is the call and entry 1 + n + i the return of invocation i of n;
 * the last entry is the tail. An invocation that need not happen has no return.
 */
import type { Invocation } from './model.ts';

export class EventList {
  readonly #count: number;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #hasReturn: Uint8Array;

  constructor(invocations: readonly Invocation<unknown>[]) {
    const count = invocations.length;
    this.#count = count;
    this.#next = new Int32Array(2 * count + 2);
    this.#previous = new Int32Array(2 * count + 2);
    this.#hasReturn = Uint8Array.from(invocations, ({ isRequired }) => (isRequired ? 1 : 0));
    const times = new Float64Array(2 * count + 2);
    const entries: number[] = [];
    for (const [index, { callTime, returnTime, isRequired }] of invocations.entries()) {
      times[1 + index] = callTime;
      times[1 + count + index] = returnTime;
      entries.push(1 + index);
      if (isRequired) entries.push(1 + count + index);
    }
    // At equal times calls come first: what touches is concurrent. Infinite times are equal too.
    const order = (a: number, b: number): number => {
      const timeA = times[a]!;
      const timeB = times[b]!;
      if (timeA !== timeB) return timeA < timeB ? -1 : 1;
      return Number(a > count) - Number(b > count) || a - b;
    };
    let last = 0;
    for (const entry of [...entries.sort(order), 2 * count + 1]) {
      this.#next[last] = entry;
      this.#previous[entry] = last;
      last = entry;
    }
  }

  #invocationAt(entry: number): number {
    return entry <= this.#count ? entry - 1 : -1;
  }

  /** The earliest call that is not lifted, −1 where a return comes before it. */
  firstCallable(): number {
    return this.#invocationAt(this.#next[0]!);
  }

  /** The next call after that of `index` that no return precedes, else −1; `index` may be lifted. */
  nextCallable(index: number): number {
    return this.#invocationAt(this.#next[1 + index]!);
  }

  lift(index: number): void {
    // The return first: then the call's own link stays right for `nextCallable`.
    if (this.#hasReturn[index]) this.#unlink(1 + this.#count + index);
    this.#unlink(1 + index);
  }

  /** Undoes the last `lift` that is not undone, which must be that of `index`. */
  unlift(index: number): void {
    this.#link(1 + index);
    if (this.#hasReturn[index]) this.#link(1 + this.#count + index);
  }

  #unlink(entry: number): void {
    const previous = this.#previous[entry]!;
    const next = this.#next[entry]!;
    this.#next[previous] = next;
    this.#previous[next] = previous;
  }

  #link(entry: number): void {
    this.#next[this.#previous[entry]!] = entry;
    this.#previous[this.#next[entry]!] = entry;
  }
}
