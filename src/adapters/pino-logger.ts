/**
 * Log lines of a process: JSON for machines, pretty on a terminal. Written synchronously by the
 * process itself: pino's worker threads do not run alike on Node, Bun and Deno, and a node that
 * exits because its log is damaged must not lose the line that says so.
 */
import { pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { LogFields, Logger } from '../ports/logger.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface PinoLoggerOptions {
  readonly level: LogLevel;
  /** For people rather than machines. */
  readonly isPretty: boolean;
  /** Facts of every line: which node this is. */
  readonly fields?: LogFields;
  /** Takes whole lines; default standard error, so that standard output stays free for results. */
  readonly write?: (line: string) => void;
}

export function createPinoLogger(options: PinoLoggerOptions): Logger {
  const { level, isPretty, fields = {} } = options;
  const write = options.write ?? writeToStandardError();
  const prettify = prettyFactory({ colorize: true, translateTime: 'SYS:HH:MM:ss.l' });
  const lines = { write: isPretty ? (line: string) => write(prettify(line)) : write };
  const logger = pino({ level, base: fields, timestamp: pino.stdTimeFunctions.isoTime }, lines);
  return {
    debug: (message, facts) => logger.debug(facts, message),
    info: (message, facts) => logger.info(facts, message),
    warn: (message, facts) => logger.warn(facts, message),
    error: (message, facts) => logger.error(facts, message),
  };
}

function writeToStandardError(): (line: string) => void {
  const standardError = pino.destination({ dest: 2, sync: true });
  return (line) => void standardError.write(line);
}
