/**
 * Records the calls of clients as a history, for tests and simulations. It takes the time itself,
 * just before the call and just after the answer: a wider interval hides contradictions, a narrower
 * one makes them up. Times are cut to whole µs, which may make calls touch and never separates them.
 */
import type { HistoryOperation } from './history.ts';

/** What is known of a call before it is made. */
export type CallFacts = Pick<
  HistoryOperation,
  'process' | 'op' | 'key' | 'value' | 'by' | 'condition' | 'consistency'
>;

/** What its answer says beside the outcome. */
export type AnswerFacts = Pick<HistoryOperation, 'value' | 'revision' | 'nodeRevision'>;

/** One call that was begun; exactly one of these ends it. */
export interface RecordedCall {
  ok(answer?: AnswerFacts): void;
  /** With `currentRevision` (0 is absent) where the key's state was the reason. */
  notApplied(currentRevision?: number): void;
  unknown(): void;
}

const never = Number.POSITIVE_INFINITY;

export class HistoryRecorder {
  readonly #nowUs: () => number;
  readonly #operationsMax: number;
  readonly #operations: HistoryOperation[] = [];
  readonly #open = new Set<HistoryOperation>();

  /** `nowUs`: µs of a monotonic clock. Throws a RangeError at call `operationsMax` + 1. */
  constructor(nowUs: () => number, operationsMax = 10_000_000) {
    this.#nowUs = nowUs;
    this.#operationsMax = operationsMax;
  }

  /** Begins a call, which must be made right after. */
  call(facts: CallFacts): RecordedCall {
    if (this.#operations.length + this.#open.size >= this.#operationsMax) {
      throw new RangeError(`a history of more than ${this.#operationsMax} operations`);
    }
    const callUs = Math.floor(this.#nowUs());
    const begun: HistoryOperation = { ...facts, callUs, returnUs: never, outcome: 'unknown' };
    this.#open.add(begun);
    const end = (answer: Partial<HistoryOperation>): void => {
      if (!this.#open.delete(begun)) throw new Error(`a ${facts.op} call was ended twice`);
      this.#operations.push({ ...begun, returnUs: Math.floor(this.#nowUs()), ...answer });
    };
    return {
      ok: (answer = {}) => end({ ...answer, outcome: 'ok' }),
      notApplied: (currentRevision) =>
        end({
          outcome: 'not-applied',
          ...(currentRevision === undefined ? {} : { currentRevision }),
        }),
      unknown: () => end({}),
    };
  }

  /** All calls so far; those that are open are of unknown outcome. */
  history(): HistoryOperation[] {
    return [...this.#operations, ...this.#open];
  }
}
