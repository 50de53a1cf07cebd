/**
 * The last lines of a log, kept in memory for people who look at a node: what they want to know first
 * is what happened last. The same line again and again is one line with a count, so that a node that
 * knocks in vain does not push out everything else.
 */
import type { Clock } from '../ports/clock.ts';
import type { LogFields, LoggedEvent, Logger } from '../ports/logger.ts';

const eventsMax = 50;
const factsMax = 6;
const textMax = 200;

export interface RecentEvents extends Logger {
  /** The newest last. */
  recent(): readonly LoggedEvent[];
}

/** Passes everything on to `logger`. What is for developers (`debug`) is not kept. */
export function keepRecentEvents(logger: Logger, clock: Clock): RecentEvents {
  const events: LoggedEvent[] = [];
  const keep = (level: LoggedEvent['level'], message: string, fields: LogFields | undefined) => {
    const event = { atMs: clock.wallMs(), level, message, facts: factsOf(fields), count: 1 };
    const same = events.findIndex((other) => isSame(other, event));
    const [old] = same < 0 ? [] : events.splice(same, 1);
    events.push({ ...event, count: 1 + (old?.count ?? 0) });
    if (events.length > eventsMax) events.shift();
  };
  return {
    recent: () => [...events],
    debug: (message, fields) => logger.debug(message, fields),
    info(message, fields) {
      logger.info(message, fields);
      keep('info', message, fields);
    },
    warn(message, fields) {
      logger.warn(message, fields);
      keep('warn', message, fields);
    },
    error(message, fields) {
      logger.error(message, fields);
      keep('error', message, fields);
    },
  };
}

function isSame(a: LoggedEvent, b: LoggedEvent): boolean {
  return a.message === b.message && JSON.stringify(a.facts) === JSON.stringify(b.facts);
}

/** Short ones only; never `error`, which may be the stack of an accident. */
function factsOf(fields: LogFields = {}): LoggedEvent['facts'] {
  const facts: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'error' || Object.keys(facts).length === factsMax) continue;
    if (typeof value === 'number') facts[name] = value;
    else if (typeof value === 'string') facts[name] = value.slice(0, textMax);
  }
  return facts;
}
