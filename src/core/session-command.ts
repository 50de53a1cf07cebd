/** What changes sessions and locks, and how it stands in a record. See `sessions.ts`. */
import { type RequestTag, readRequest, writeRequest } from './command-fields.ts';
import { FrameError, type FrameReader, type FrameWriter } from './frame.ts';

const acts = ['create', 'keep-alive', 'revoke', 'expire', 'acquire', 'leave', 'release'] as const;

export interface SessionCommand {
  readonly kind: 'session';
  /**
   * `expire` ends a session if its lifetime was still set by the record `ttlLsn`; `leave` gives up a
   * place in a queue, `release` that and the lock itself.
   */
  readonly act: (typeof acts)[number];
  /** The session; 0 for `create`, and for an `acquire` that makes one for itself. */
  readonly session: number;
  /** Of the lock; '' where it is about none. */
  readonly lock: string;
  /** Lifetime of a new session in log time; 0 where none is made. */
  readonly ttlMs: number;
  readonly ttlLsn: number;
  readonly request: RequestTag | null;
}

export function writeSession(writer: FrameWriter, command: SessionCommand): void {
  writeRequest(writer, command.request);
  writer.u8(acts.indexOf(command.act));
  writer.f64(command.session);
  writer.text(command.lock);
  writer.f64(command.ttlMs);
  writer.f64(command.ttlLsn);
}

export function readSession(reader: FrameReader): SessionCommand {
  const request = readRequest(reader);
  const act = acts[reader.u8()];
  if (act === undefined) throw new FrameError('version', reader.offset, 'an unknown session act');
  const [session, lock] = [reader.f64(), reader.text()];
  return {
    kind: 'session',
    act,
    session,
    lock,
    ttlMs: reader.f64(),
    ttlLsn: reader.f64(),
    request,
  };
}
