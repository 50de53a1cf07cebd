/**
 * Pairs the lines of a log of events, in which each call is one line where it was invoked and one
 * where it completed, by the process that made it. The number of the line is the time.
 */
import type { RegisterAction, RegisterInvocation, RegisterValue } from '../register.ts';
import { ParseError } from './parse-error.ts';

/** A history of registers, ready to be searched. */
export interface RegisterHistory {
  /** What every register holds before the first call. */
  readonly initial: RegisterValue;
  readonly invocations: readonly RegisterInvocation[];
}

/** `fail`: certainly without effect. `info`: the outcome is not known, and never will be. */
export const eventTypes = ['invoke', 'ok', 'fail', 'info'] as const;
export type EventType = (typeof eventTypes)[number];

export interface LogEvent<Body> {
  /** From 1. */
  readonly line: number;
  readonly process: string;
  readonly type: EventType;
  readonly body: Body;
}

/** How a call completed; null where the log ends before it did, which is like `info`. */
export type Completion<Body> = Pick<LogEvent<Body>, 'type' | 'body'> | null;

/** What a call says of its register, and the same for people. */
export interface Saying {
  readonly action: RegisterAction;
  readonly text: string;
}

/** Null where a call says nothing. Throws an Error where its two lines do not fit together. */
export type Interpreter<Body> = (invoked: Body, completion: Completion<Body>) => Saying | null;

class Pairs<Body> {
  readonly #file: string;
  readonly #interpret: Interpreter<Body>;
  readonly #open = new Map<string, LogEvent<Body>>();
  /** Where the processes that ended with `:info` made their last call. */
  readonly #ended = new Map<string, number>();
  readonly invocations: RegisterInvocation[] = [];

  constructor(file: string, interpret: Interpreter<Body>) {
    this.#file = file;
    this.#interpret = interpret;
  }

  add(event: LogEvent<Body>): void {
    const { process, type, line } = event;
    const invoked = this.#open.get(process);
    if (type === 'invoke') {
      const since = invoked?.line ?? this.#ended.get(process);
      if (since !== undefined) {
        this.#fail(line, `process ${process} is still in its call of line ${since}`);
      }
      this.#open.set(process, event);
      return;
    }
    if (invoked === undefined) {
      this.#fail(line, `process ${process} completes a call that it did not invoke`);
    }
    this.#open.delete(process);
    if (type === 'info') this.#ended.set(process, invoked.line);
    this.#push(invoked, event);
  }

  /** What is still open stays open for ever. */
  end(): void {
    for (const invoked of this.#open.values()) this.#push(invoked, null);
  }

  #push(invoked: LogEvent<Body>, completed: LogEvent<Body> | null): void {
    const saying = this.#interpretAt(invoked, completed);
    if (saying === null) return;
    const returnLine = completed === null || completed.type === 'info' ? null : completed.line;
    const lines = `lines ${invoked.line} to ${returnLine ?? '…'}`;
    this.invocations.push({
      id: invoked.line,
      callTime: invoked.line,
      returnTime: returnLine ?? Number.POSITIVE_INFINITY,
      isRequired: returnLine !== null,
      action: saying.action,
      label: `${saying.text} by ${invoked.process} [${lines}]`,
    });
  }

  #interpretAt(invoked: LogEvent<Body>, completed: LogEvent<Body> | null): Saying | null {
    try {
      return this.#interpret(invoked.body, completed);
    } catch (error) {
      this.#fail((completed ?? invoked).line, error instanceof Error ? error.message : `${error}`);
    }
  }

  #fail(line: number, problem: string): never {
    throw new ParseError(this.#file, line, problem);
  }
}

/** Throws a ParseError where a process completes what it did not invoke, or invokes twice. */
export function pairEvents<Body>(
  events: Iterable<LogEvent<Body>>,
  file: string,
  interpret: Interpreter<Body>,
): RegisterInvocation[] {
  const pairs = new Pairs(file, interpret);
  for (const event of events) pairs.add(event);
  pairs.end();
  return pairs.invocations;
}

/** The lines of a text with their numbers, without those that are blank. */
export function* numberedLines(text: string): Generator<{ line: number; content: string }> {
  let line = 0;
  for (const content of text.split(/\r?\n/)) {
    line += 1;
    if (content.trim() !== '') yield { line, content };
  }
}
