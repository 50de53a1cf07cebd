/** Facts attached to a log line. Never a secret, never a value of a client. */
export type LogFields = Readonly<Record<string, unknown>>;

/** One line per event that a person would want to know of; `message` is a sentence. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** A line that was logged, as it is shown to people who look at a node. */
export interface LoggedEvent {
  /** By the wall clock; of the last time where it happened more than once. */
  readonly atMs: number;
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly facts: Readonly<Record<string, string | number>>;
  /** How often, from 1. */
  readonly count: number;
}

/** The twin for tests and the simulator: says nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
