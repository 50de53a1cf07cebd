/** What one call has tried so far, how long it may go on, and the error that sums it up. */
import { catalogue, DsmError, type ErrorCode } from '../core/errors.ts';
import type { Call, CallerOptions } from './call.ts';
import type { Silence } from './failure.ts';
import type { Problem, Reply } from './reply.ts';

/** Different failures that the error names one by one. */
const listedMax = 8;

const silenceTexts = {
  refused: 'refused the connection',
  broken: 'broke the connection',
  timeout: 'did not answer in time',
} as const;

export class Trial {
  readonly #call: Call;
  readonly #options: CallerOptions;
  readonly #startMs: number;
  readonly #deadlineMs: number;
  /** What happened → how often. */
  readonly #events = new Map<string, number>();
  #attempts = 0;
  #rounds = 0;
  #mayBeApplied = false;
  /** What a node said last; null where none said anything. */
  #answeredCode: ErrorCode | null = null;
  #silenceCode: ErrorCode = 'no_master';
  #cause: unknown;
  /** An answer that is not whole; null where there is none, or something may have changed since. */
  #partial: Reply | null = null;
  /** Shortest wait that an answering node of this round asked for; null where none answered. */
  #retryAfterMs: number | null = null;

  constructor(call: Call, options: CallerOptions) {
    this.#call = call;
    this.#options = options;
    this.#startMs = options.environment.monotonicMs();
    this.#deadlineMs = this.#startMs + (call.timeoutMs ?? options.timeoutMs);
  }

  get partial(): Reply | null {
    return this.#partial;
  }

  remainingMs(): number {
    return this.#deadlineMs - this.#options.environment.monotonicMs();
  }

  /** A node gave no answer. */
  onSilence(url: string, silence: Silence, cause: unknown): void {
    this.#note(`${url} ${silenceTexts[silence]}`);
    this.#cause = cause;
    if (silence === 'refused') return;
    this.#silenceCode = 'read_timeout';
    this.#onUnknown();
  }

  #onUnknown(): void {
    this.#mayBeApplied = true;
    this.#partial = null;
  }

  /** A node did only a part of it, and `lack` is why. */
  onPartial(reply: Reply, lack: Problem): void {
    this.onProblem(reply.url, reply.status, lack);
    this.#partial = reply;
  }

  /** A node answered that it could not serve the call. */
  onProblem(url: string, status: number, problem: Problem): void {
    this.#note(`${url} answered ${status} ${problem.code} (${problem.detail})`);
    this.#cause = undefined;
    this.#answeredCode = problem.code;
    if (problem.outcome === 'unknown') this.#onUnknown();
    this.#retryAfterMs = Math.min(this.#retryAfterMs ?? Infinity, problem.retryAfterMs);
  }

  #note(event: string): void {
    this.#attempts += 1;
    if (this.#events.size >= listedMax && !this.#events.has(event)) return;
    this.#events.set(event, (this.#events.get(event) ?? 0) + 1);
  }

  /** How long to wait before the next round: at least what every node asked for. */
  nextPauseMs(): number {
    const { backoffMsMin, backoffMsMax, environment } = this.#options;
    const ceilingMs = Math.min(backoffMsMax, backoffMsMin * 2 ** this.#rounds);
    this.#rounds += 1;
    const askedForMs = this.#retryAfterMs ?? 0;
    this.#retryAfterMs = null;
    return Math.max(askedForMs, environment.random() * ceilingMs);
  }

  /**
   * The error for the caller. One attempt that may have been applied makes the whole call
   * `unknown`, whatever later attempts said: they did not undo it.
   */
  failure(): DsmError {
    const { isMutation, title } = this.#call;
    const spentMs = Math.round(this.#options.environment.monotonicMs() - this.#startMs);
    const spent = this.#attempts > 1 ? `; tried for ${spentMs} ms` : '';
    const events = [...this.#events].map(([text, n]) => (n > 1 ? `${text} ×${n}` : text));
    if (events.length === 0) events.push('no time was left to ask a node');
    const result = !isMutation
      ? 'could not be served'
      : this.#mayBeApplied
        ? 'may or may not have been applied'
        : 'was not applied';
    const message = `${title} ${result}${spent}: ${events.join(', ')}`;
    return new DsmError(this.#failureCode(), message, { cause: this.#cause });
  }

  /** The last code of a node, unless it promises another outcome than the call as a whole has. */
  #failureCode(): ErrorCode {
    const { isMutation } = this.#call;
    const outcome = isMutation && this.#mayBeApplied ? 'unknown' : 'not-applied';
    const code = this.#answeredCode ?? this.#silenceCode;
    if (catalogue[code].outcome === outcome) return code;
    if (!isMutation) return 'read_timeout';
    return outcome === 'unknown' ? 'write_timeout' : 'no_master';
  }
}
