/** Counts up one number, as all counters of a run do; what they are held to is in `Tally`. */
import type { Tally } from '../../verify/tally.ts';
import { InvariantError } from '../invariant-error.ts';
import { Caller } from './caller.ts';
import { textOf } from './calls.ts';
import { type ClientsContext, TurnClient } from './context.ts';

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
    const sum = entry === undefined ? 0 : Number(new TextDecoder().decode(entry.value));
    const fault = this.#tally.fault(sum);
    if (fault !== null) throw new InvariantError('I7', fault);
  }
}

export const sumKey = 'sum';
