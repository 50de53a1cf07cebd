/** Locks: `/v1/locks/{name}`. Fair, with fencing tokens, held by sessions. */
import type { Hono } from 'hono';
import { DsmError } from '../core/errors.ts';
import { lockQueueMax } from '../core/sessions.ts';
import type { Store } from '../core/store.ts';
import type { NodeApi, WriteResult } from '../node/api.ts';
import { answerLater } from './answer-later.ts';
import { type Caller, knownBefore } from './changes.ts';
import { locksPath, parseKey, targetOf } from './keys.ts';
import {
  parametersOf,
  parseChoice,
  parseReadOptions,
  parseSeconds,
  parseSession,
  parseSessionTtl,
} from './queries.ts';
import type { RequestIdentity } from './request-tag.ts';
import type { RouteOptions } from './route-options.ts';
import { noSession, sessionCommand } from './session-routes.ts';

/** Longest wait of one call. */
const waitMaxSeconds = 10;

type Done = (error: DsmError | null, answer: () => Response) => void;

interface Acquire {
  readonly name: string;
  /** 0: it is made, with `ttlMs`, and ends with the lock. */
  readonly session: number;
  readonly ttlMs: number;
  readonly waitMs: number;
  /** The place in the queue outlives the wait: who asks again with the session is not behind others. */
  readonly stays: boolean;
}

export function addLockRoutes(app: Hono, options: RouteOptions): void {
  app.get(locksPath, (c) => onShow(options, c.req.raw));
  app.post(locksPath, (c) => onAcquire(options, c.req.raw));
  app.delete(locksPath, (c) => onRelease(options, c.req.raw));
}

function onShow({ node, answers }: RouteOptions, { url }: Request): Promise<Response> {
  const { rawKey, query } = targetOf(url, locksPath);
  const name = parseKey(rawKey, node.limits.keyBytesMax);
  const options = parseReadOptions(query);
  return answerLater((settle) =>
    node.look(options, (error, store) => {
      const facts = store === null ? null : factsOf(store, name);
      settle(() => {
        if (error !== null) return answers.problem(error);
        if (facts !== null) return answers.json(200, facts);
        return answers.problem(new DsmError('not_found', 'Nobody holds the lock'));
      });
    }),
  );
}

function factsOf({ sessions }: Store, name: string): object | null {
  const lock = sessions.lock(name);
  if (lock === undefined) return null;
  const { token, queue } = lock;
  return { name, session: String(queue[0]), token, waiting: queue.length - 1 };
}

function onAcquire(options: RouteOptions, request: Request): Promise<Response> {
  const { node, changes } = options;
  const { rawKey, query } = targetOf(request.url, locksPath);
  const acquire = parseAcquire(parseKey(rawKey, node.limits.keyBytesMax), query);
  const caller = changes.caller(request.headers);
  const acquiring = changes.runAs(
    {
      caller,
      method: 'POST',
      body: null,
      waitMs: acquire.waitMs,
      target: () => ({ path: pathOf(acquire.name, query), headers: {} }),
    },
    (identity, done) => runAcquire(options, acquire, identity, done),
  );
  // Who sent a key may come back for the answer, and who has a session knows what holds the lock.
  if (caller.identity !== null || acquire.session !== 0) return acquiring;
  const { signal } = request;
  return acquiring.then((answer) => orGivenBack(options, acquire.name, signal, answer));
}

/** A session that was made for who has hung up would keep the lock from others to its end. */
async function orGivenBack(
  options: RouteOptions,
  name: string,
  signal: AbortSignal,
  answer: Response,
): Promise<Response> {
  if (!signal.aborted || answer.status !== 200) return answer;
  const { session }: { session: string } = await answer.clone().json();
  await release(options, { identity: null, isForwarded: false }, name, Number(session));
  return answer;
}

function parseAcquire(name: string, query: string): Acquire {
  const parameters = parametersOf(query, ['session', 'ttl', 'wait', 'stay']);
  const session = parseSession(parameters);
  const ttlMs = parseSessionTtl(parameters);
  const waitMs = parseSeconds(parameters, 'wait', 0, waitMaxSeconds) ?? 0;
  const stays = parseChoice(parameters, 'stay', ['false', 'true']) === 'true';
  if ((session === null) === (ttlMs === null)) {
    const text = 'give session, or ttl in seconds for a session that is made for this lock';
    throw new DsmError('invalid_request', text);
  }
  if (ttlMs !== null && ttlMs <= waitMs) {
    throw new DsmError(
      'invalid_request',
      'ttl must be longer than wait, or it ends before its turn',
    );
  }
  if (stays && session === null) {
    throw new DsmError('invalid_request', 'stay needs session: nobody could leave the queue again');
  }
  return { name, session: session ?? 0, ttlMs: ttlMs ?? 0, waitMs, stays };
}

function pathOf(name: string, query: string): string {
  return `${locksPath}${encodeURIComponent(name)}${query === '' ? '' : `?${query}`}`;
}

function runAcquire(
  options: RouteOptions,
  acquire: Acquire,
  identity: RequestIdentity | null,
  done: Done,
): void {
  const { node, answers } = options;
  const { name, waitMs, ttlMs } = acquire;
  const command = sessionCommand('acquire', { ...acquire, lock: name });
  node.write(command(identity), (error, result) => {
    if (error !== null || result === null) return done(error, noAnswer);
    const failure = knownBefore(result) ?? failureOf(result);
    if (failure !== null) return done(null, () => answers.problem(failure));
    // A session that was made is named by the record of this call, when it ran first.
    const session = acquire.session === 0 ? result.revision : acquire.session;
    const isFirst = identity === null && result.status === 'acquired';
    if (isFirst && ttlMs === 0) {
      return done(null, () => held(options, name, session, result.revision));
    }
    // A request with a key may be a repeated one, long after: what is true now is said.
    node.awaitLock(name, session, waitMs, (waitError, token) => {
      // One that may not wait has its place in the queue all the same: it is given up, or stays.
      const isRefused = waitError?.code === 'overloaded' && !acquire.stays;
      if (waitError?.code === 'misdirected') done(placeStays(waitError), noAnswer);
      else if (waitError !== null && !isRefused) done(waitError, noAnswer);
      else if (token !== null) done(null, () => held(options, name, session, token));
      else if (acquire.stays) done(null, () => answers.problem(notYet(node, session)));
      else leave(options, name, session, done);
    });
  });
}

/** The time is up, or the session: the own map, which was just looked at, says which. */
function notYet(node: NodeApi, session: number): DsmError {
  let error = new DsmError('lock_held', heldText);
  node.look({ consistency: 'stale', minRevision: 0 }, (_error, store) => {
    if (store?.sessions.get(session) === undefined) error = noSession();
  });
  return error;
}

/** The time is up: gives up the place in the queue, unless it was its turn just now. */
function leave(options: RouteOptions, name: string, session: number, done: Done): void {
  const { node, answers } = options;
  node.write(sessionCommand('leave', { session, lock: name })(null), (error, result) => {
    if (error !== null || result === null) return done(error && placeStays(error), noAnswer);
    if (result.status === 'acquired') {
      return done(null, () => held(options, name, session, result.revision));
    }
    if (result.status === 'no-session') return done(null, () => answers.problem(noSession()));
    done(null, () => answers.problem(new DsmError('lock_held', heldText)));
  });
}

/** A refusal says that nothing happened; here the place in the queue has, and may become the lock. */
function placeStays(error: DsmError): DsmError {
  if (error.outcome !== 'not-applied') return error;
  // Where another master may say how it ended, it is asked, but only with a key.
  const code = error.code === 'misdirected' ? 'stepped_down' : 'write_timeout';
  const text = 'The place in the queue could not be given up, and lasts as long as its session';
  return new DsmError(code, `${text}: ${error.message}`);
}

const queueFullText = `${lockQueueMax} sessions are in this queue; ask later, with a new key`;

const heldText = 'Another session holds the lock; give wait, in seconds, to wait for it';

function failureOf({ status }: WriteResult): DsmError | null {
  if (status === 'no-session') return noSession();
  if (status === 'queue-full') return new DsmError('overloaded', queueFullText);
  return null;
}

function held({ answers }: RouteOptions, name: string, session: number, token: number): Response {
  return answers.json(200, { name, session: String(session), token });
}

function noAnswer(): never {
  throw new Error('a call that failed has no answer');
}

function onRelease(options: RouteOptions, request: Request): Promise<Response> {
  const { rawKey, query } = targetOf(request.url, locksPath);
  const lock = parseKey(rawKey, options.node.limits.keyBytesMax);
  const session = parseSession(parametersOf(query, ['session']));
  if (session === null) {
    throw new DsmError('invalid_request', 'say whose lock it is, with session');
  }
  return release(options, options.changes.caller(request.headers), lock, session);
}

function release(
  { answers, changes }: RouteOptions,
  caller: Caller,
  lock: string,
  session: number,
): Promise<Response> {
  return changes.run({
    caller,
    method: 'DELETE',
    body: null,
    target: () => ({ path: pathOf(lock, `session=${session}`), headers: {} }),
    command: sessionCommand('release', { session, lock }),
    answer: ({ status }) => {
      if (status === 'deleted') return answers.empty(204);
      if (status === 'no-session') return answers.problem(noSession());
      const text = 'This session neither holds the lock nor waits for it';
      return answers.problem(new DsmError('not_found', text));
    },
  });
}
