/** Leader election: a lock that is held for as long as one leads, and asked for again when it is lost. */
import { DsmError } from '../core/errors.ts';
import { pause } from './abort.ts';
import { acquireLock, type Lock } from './lock.ts';
import type { SessionPorts } from './session.ts';
import type { ElectOptions, Leadership } from './types.ts';

/** Between two attempts while the nodes cannot be reached, or are full; random up to it. */
const pauseMsMax = 2000;

/**
 * Refusals of one call that say nothing of the next attempt: a session that ended while it waited is
 * as good as none, and a store that is full has room again, with nobody left to lead if all gave up.
 */
const passing: ReadonlySet<string> = new Set(['session_not_found', 'memory_quota']);

type Lead = (leadership: Leadership) => Promise<void>;

/** See `Client.elect`. */
export async function elect(
  ports: SessionPorts,
  name: string,
  lead: Lead,
  options: ElectOptions,
): Promise<void> {
  const { signal } = options;
  while (signal?.aborted !== true) {
    const lock = await candidate(ports, name, options);
    if (lock !== null && (await hasLed(lock, lead))) return;
  }
}

/** The lock, when its turn has come; null where another attempt is due, or none any more. */
async function candidate(
  ports: SessionPorts,
  name: string,
  { ttl, signal }: ElectOptions,
): Promise<Lock | null> {
  try {
    return await acquireLock(ports, name, { ttl, signal });
  } catch (error) {
    if (signal?.aborted === true) return null;
    const isPassing = error instanceof DsmError && (error.retryable || passing.has(error.code));
    if (!isPassing) throw error;
    const { environment } = ports;
    // Where the signal aborts meanwhile, whoever asked for this looks at it next.
    await pause(environment, environment.random() * pauseMsMax, signal).catch(() => {});
    return null;
  }
}

/** True where it ended by itself, false where the lock was lost before that. */
async function hasLed(lock: Lock, lead: Lead): Promise<boolean> {
  try {
    await lead({ token: lock.token, signal: lock.signal });
    return !lock.signal.aborted;
  } catch (error) {
    if (!lock.signal.aborted) throw error;
    return false;
  } finally {
    await lock.release();
  }
}
