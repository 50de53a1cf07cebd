/**
 * What the simulated clients ask for, and what an answer says in a history. A new kind of operation
 * is added here, in `client-wire.ts` and in the model of `verify/`, and nowhere else.
 */
import type { Condition } from '../core/record.ts';
import type { HistoryOperation } from '../verify/history.ts';
import type { ClientCall, ClientReply } from './client-wire.ts';
import type { SeededRandom } from './seeded-random.ts';

/** What one client has seen so far. */
export interface Session {
  /** A call of unknown outcome never returns: the client goes on under a new name. */
  process: number;
  /** False for a client without idempotency keys, which never repeats a change. */
  readonly hasKeys: boolean;
  /** The highest revision that it was ever told. */
  revision: number;
  /** key → the revision that it was last told of it; 0 where it was absent. */
  readonly revisions: Map<string, number>;
}

/** Of the keys, those that hold numbers. */
const numberShare = 0.2;
const readShare = 0.45;

/**
 * `count` numbers the calls of a run: every value is put once, so that a read names its write. A
 * number is counted up by what nobody else adds, for the same reason.
 */
export function drawCall(
  random: SeededRandom,
  session: Session,
  keys: number,
  count: number,
): ClientCall {
  const isNumber = random.chance(numberShare);
  const key = isNumber ? 'number' : keyName(random.integer(1, keys));
  if (random.chance(readShare)) return drawRead(random, session, key);
  const requestId = session.hasKeys ? `r${count}` : null;
  const common = { key, requestId, keyRevision: session.revision };
  if (isNumber) {
    const op = random.chance(0.9) ? 'increment' : 'get-and-delete';
    return { op, value: '', by: count, condition: 'none', ...common };
  }
  const op = random.chance(0.8) ? 'put' : random.chance(0.7) ? 'delete' : 'get-and-delete';
  const value = op === 'put' ? `v${count}` : '';
  const condition = op === 'get-and-delete' ? 'none' : drawCondition(random, session, key);
  return { op, value, by: 0, condition, ...common };
}

/** Every second one is the one before it behind a byte order mark, which decoders like to lose. */
function keyName(number: number): string {
  return number % 2 === 0 ? `\ufeffk${number - 1}` : `k${number}`;
}

function drawRead(random: SeededRandom, session: Session, key: string): ClientCall {
  const roll = random.next();
  const consistency = roll < 0.65 ? 'linearizable' : roll < 0.8 ? 'quorum' : 'stale';
  const minRevision = random.chance(0.25) ? session.revision : 0;
  return { op: 'get', key, consistency, minRevision };
}

/** Mostly on the revision that was seen last, which others may have replaced since. */
function drawCondition(random: SeededRandom, { revisions }: Session, key: string): Condition {
  const roll = random.next();
  if (roll < 0.5) return 'none';
  if (roll < 0.6) return 'absent';
  if (roll < 0.7) return 'present';
  const revision = revisions.get(key) ?? 0;
  return revision > 0 ? revision : 'absent';
}

/** What the client learns for its next calls. */
export function learn(session: Session, { key }: ClientCall, reply: ClientReply): void {
  if (reply.kind === 'failed' || reply.revision === undefined) return;
  session.revision = Math.max(session.revision, reply.revision);
  session.revisions.set(key, reply.revision);
}

type Told = Pick<HistoryOperation, 'op' | 'key' | 'outcome'> & Partial<HistoryOperation>;

/** What the call was, for the history. */
function askedOf(
  call: ClientCall,
): Pick<HistoryOperation, 'op' | 'key'> & Partial<HistoryOperation> {
  const { op, key } = call;
  if (op === 'get') {
    const { consistency, minRevision } = call;
    return { op, key, consistency, ...(minRevision > 0 ? { minRevision } : {}) };
  }
  const { value, by, condition } = call;
  const asked = { op, key, condition };
  if (op === 'put') return { ...asked, value };
  return op === 'increment' ? { op, key, by } : asked;
}

/** The call and its answer, but for who called and when. */
export function toldOf(call: ClientCall, reply: ClientReply): Told {
  const asked = askedOf(call);
  switch (reply.kind) {
    case 'failed':
      return { ...asked, outcome: reply.outcome };
    case 'read': {
      const { value, revision, nodeRevision } = reply;
      const shown = value === null ? { value } : { value, revision };
      return { ...asked, ...shown, nodeRevision, outcome: 'ok' };
    }
    case 'written':
      return { ...asked, ...writtenOf(reply) };
  }
}

function writtenOf({
  status,
  revision,
  value,
}: Extract<ClientReply, { kind: 'written' }>): Pick<HistoryOperation, 'outcome'> &
  Partial<HistoryOperation> {
  switch (status) {
    case 'done': {
      const place = revision === undefined ? {} : { revision };
      return { outcome: 'ok', ...place, ...(value === undefined ? {} : { value }) };
    }
    case 'not-found':
      return { outcome: 'not-applied', currentRevision: 0 };
    case 'precondition-failed':
      return { outcome: 'not-applied', currentRevision: revision ?? 0 };
    case 'request-forgotten':
      return { outcome: 'unknown' };
    case 'request-mismatch':
      throw new Error('an idempotency key of this workload belongs to one request');
  }
}
