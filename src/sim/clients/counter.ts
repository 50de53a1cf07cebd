/**
 * Counts up one number, as all counters of a run do. Each count is told to one client only, a later
 * one is higher, and the sum at the end is that of all counts: a lost one, a doubled one and a stale
 * one show.
 */
import { InvariantError } from '../invariant-error.ts';
import { Caller } from './caller.ts';
import { textOf } from './calls.ts';
import { type ClientsContext, TurnClient } from './context.ts';

interface Count {
  readonly startMs: number;
  readonly endMs: number;
  readonly number: number;
}

/** Of all counters of one run. */
export class Tally {
  readonly counts: Count[] = [];
  /** Counts of which nobody knows whether they were done. */
  unknown = 0;

  /** Throws unless they may have been told, with this sum at the end. */
  check(sum: number): void {
    const done = this.counts.length;
    if (sum < done || sum > done + this.unknown) {
      const text = `the sum is ${sum} after ${done} counts that were done and ${this.unknown} unknown`;
      throw new InvariantError('I7', text);
    }
    let latestStartMs = 0;
    let last = 0;
    for (const { startMs, endMs, number } of this.counts.toSorted((a, b) => a.number - b.number)) {
      if (number === last) throw new InvariantError('I7', `two clients were told ${number}`);
      if (endMs < latestStartMs) {
        throw new InvariantError('I7', `${number} was told before a lower number was asked for`);
      }
      latestStartMs = Math.max(latestStartMs, startMs);
      last = number;
    }
  }
}

export class Counter extends TurnClient {
  readonly #tally: Tally;
  readonly #caller: Caller;

  constructor(context: ClientsContext, name: string, tally: Tally) {
    super(context);
    this.#tally = tally;
    this.#caller = new Caller(context, name);
  }

  protected turn(): void {
    const startMs = this.#caller.nowMs;
    const operations = [{ kind: 'increment', key: sumKey, by: 1, ttlMs: 0 }] as const;
    this.#caller.transact({ operations }, (answer) => {
      const number = Number(textOf(answer?.results[0]));
      if (answer === null) this.#tally.unknown += 1;
      else this.#tally.counts.push({ startMs, endMs: this.#caller.nowMs, number });
      this.next();
    });
  }

  check(name: string): void {
    const entry = this.context.world.node(name).inspect().store.get(sumKey);
    this.#tally.check(entry === undefined ? 0 : Number(new TextDecoder().decode(entry.value)));
  }
}

export const sumKey = 'sum';
