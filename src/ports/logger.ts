/** Facts attached to a log line. Never a secret, never a value of a client. */
export type LogFields = Readonly<Record<string, unknown>>;

/** One line per event that a person would want to know of; `message` is a sentence. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** The twin for tests and the simulator: says nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
