/** Counts one number up, as all counters of a run do. */
import type { Tally } from '../../verify/tally.ts';
import { Task, type TaskOptions } from './task.ts';

const key = 'task/sum';

export class Counter extends Task {
  readonly #tally: Tally;

  constructor(options: TaskOptions, tally: Tally) {
    super(options);
    this.#tally = tally;
  }

  protected async turn(): Promise<void> {
    const startMs = performance.now();
    const counted = await this.call(
      () => this.client.increment(key),
      ({ outcome }) => {
        if (outcome === 'unknown') this.#tally.unknown += 1;
      },
    );
    if (counted === null) return;
    this.#tally.counts.push({ startMs, endMs: performance.now(), number: counted.number });
  }

  override async faults(): Promise<readonly string[]> {
    const entry = await this.client.get(key);
    const fault = this.#tally.fault(Number(entry?.text() ?? '0'));
    return fault === null ? this.seen : [...this.seen, `increments: ${fault}`];
  }
}
