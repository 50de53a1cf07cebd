/**
 * The bound on the locks of one session, which all end in one record. It is kept where commands are
 * taken and not where they are applied: it holds for what is asked from now on, and changes nothing of
 * what stands in a log. What waits for its place there is not counted, so a burst may exceed the
 * bound by what the queue holds.
 */
import { DsmError } from '../core/errors.ts';
import type { Mutation } from '../core/record.ts';
import type { Store } from '../core/store.ts';

const sessionPlacesMax = 10_000;

/** Why an acquire is not taken; null where it is, or where it is no acquire. */
export function placesRefusal(command: Mutation, store: Store): DsmError | null {
  if (command.kind !== 'session' || command.act !== 'acquire') return null;
  const { session, lock, request } = command;
  const places = store.sessions.locksOf(session);
  if (places.size < sessionPlacesMax || places.has(lock)) return null;
  // It was done, and is told how it ended.
  if (request !== null && store.remembered(request.id) !== undefined) return null;
  const text = `A session holds or waits for at most ${sessionPlacesMax} locks`;
  return new DsmError('session_full', `${text}; release some of them, or use another session`);
}
