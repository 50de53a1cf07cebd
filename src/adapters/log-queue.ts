/**
 * The order of a log: one operation at a time, in the order of the calls, each call answered once.
 * Appends that wait side by side are written as one. The first error ends everything.
 *
 * The queue is not bounded here: its callers are, by `queueRecordsMax` and `queueBytesMax`.
 */
import type { Record } from '../core/record.ts';
import type { Clock } from '../ports/clock.ts';
import type { DiskDone } from '../ports/disk.ts';
import type { Step } from './log-steps.ts';

/** A call that is to be answered. */
export interface Call {
  readonly done: DiskDone;
}

interface AppendCall extends Call {
  readonly records: readonly Record[];
}

type Batches = readonly (readonly Record[])[];

export interface LogQueueOptions {
  readonly clock: Clock;
  /** Appends all batches with one write and one sync. */
  readonly write: (batches: Batches, done: DiskDone) => void;
  /** Told of the first error, before anybody else is. */
  readonly onFailure: (error: Error) => void;
}

export class LogQueue {
  readonly #options: LogQueueOptions;
  readonly #waiting: (AppendCall | Step)[] = [];
  /** In the order of the calls; few, and no Set, for the reason given in bag.ts. */
  #unanswered: Call[] = [];
  #isRunning = false;
  #failure: Error | null = null;

  constructor(options: LogQueueOptions) {
    this.#options = options;
  }

  /** What ended everything; null while all is well. */
  get failure(): Error | null {
    return this.#failure;
  }

  append(records: readonly Record[], done: DiskDone): void {
    const call = { records, done };
    if (this.accept(call)) this.enqueue(call);
  }

  /** Runs `step` when its turn has come, and answers with its end. */
  run(step: Step, done: DiskDone): void {
    const call = { done };
    if (!this.accept(call)) return;
    this.enqueue((next) =>
      step((error) => {
        if (error === undefined) this.answer(call);
        next(error);
      }),
    );
  }

  /** False after the end: `call` then gets what ended it, like everything else. */
  accept(call: Call): boolean {
    const failure = this.#failure;
    if (failure === null) this.#unanswered.push(call);
    else this.#options.clock.setTimer(0, () => call.done(failure));
    return failure === null;
  }

  /** Tells the caller that all of it is synced. */
  answer(call: Call): void {
    const index = this.#failure === null ? this.#unanswered.indexOf(call) : -1;
    if (index < 0) return;
    this.#unanswered.splice(index, 1);
    call.done();
  }

  /** An operation of the log's own, or of a call that is answered elsewhere. */
  enqueue(operation: AppendCall | Step): void {
    if (this.#failure !== null) return;
    this.#waiting.push(operation);
    if (!this.#isRunning) this.#runNext();
  }

  fail(error: Error): void {
    if (this.#failure !== null) return;
    this.#options.onFailure(error);
    this.stop(error);
  }

  /** The end: what is not answered, and whatever is asked from now on, gets `error`. */
  stop(error: Error): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#waiting.length = 0;
    this.#options.clock.setTimer(0, () => {
      const calls = this.#unanswered;
      this.#unanswered = [];
      for (const call of calls) call.done(error);
    });
  }

  #runNext(): void {
    const operation = this.#waiting[0];
    this.#isRunning = operation !== undefined;
    if (operation === undefined) return;
    if (typeof operation === 'function') {
      this.#waiting.shift();
      operation((error) => this.#finish(error));
      return;
    }
    const calls = this.#takeAppends();
    const batches = calls.map(({ records }) => records);
    this.#options.write(batches, (error) => {
      // What is appended in answer to these waits until all are answered, and is written as one.
      if (error === undefined) for (const call of calls) this.answer(call);
      this.#finish(error);
    });
  }

  #takeAppends(): AppendCall[] {
    const calls: AppendCall[] = [];
    for (const operation of this.#waiting) {
      if (typeof operation === 'function') break;
      calls.push(operation);
    }
    this.#waiting.splice(0, calls.length);
    return calls;
  }

  #finish(error?: Error): void {
    if (error !== undefined) this.fail(error);
    this.#runNext();
  }
}
