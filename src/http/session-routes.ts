/** Sessions: `/v1/sessions`. What is attached to one ends with it. */
import type { Context, Hono } from 'hono';
import { DsmError } from '../core/errors.ts';
import type { SessionCommand } from '../core/session-command.ts';
import type { Store } from '../core/store.ts';
import type { NodeApi, WriteResult } from '../node/api.ts';
import { answerLater } from './answer-later.ts';
import type { Answers } from './answers.ts';
import { expiresInOf } from './operation-results.ts';
import {
  parametersOf,
  parseChoice,
  parseReadOptions,
  parseSessionTtl,
  queryOf,
  sessionPattern,
} from './queries.ts';
import { type RequestIdentity, tagOperations } from './request-tag.ts';
import type { RouteOptions } from './route-options.ts';

export const sessionsPath = '/v1/sessions';

/** Keys shown of one session. */
const shownKeysMax = 1000;

export function addSessionRoutes(app: Hono, options: RouteOptions): void {
  app.post(sessionsPath, (c) => onCreate(options, c.req.raw));
  app.get(`${sessionsPath}/:id`, (c) => onShow(options, c));
  app.post(`${sessionsPath}/:id`, (c) => onKeepAlive(options, c));
  app.delete(`${sessionsPath}/:id`, (c) => onRevoke(options, c));
}

/** A command about sessions, for an identity that is not known yet. */
export function sessionCommand(
  act: SessionCommand['act'],
  { session = 0, lock = '', ttlMs = 0 }: Partial<SessionCommand>,
): (identity: RequestIdentity | null) => SessionCommand {
  const payload = { act, session, lock, ttlMs };
  return (identity) => ({
    kind: 'session',
    ...payload,
    ttlLsn: 0,
    request: tagOperations(identity, [payload]),
  });
}

function onCreate({ node, answers, changes }: RouteOptions, request: Request): Promise<Response> {
  const query = queryOf(request.url);
  const ttlMs = parseSessionTtl(parametersOf(query, ['ttl']));
  if (ttlMs === null) {
    const text = 'a session needs ttl, in seconds: it ends so long after its last keep-alive';
    throw new DsmError('invalid_request', text);
  }
  return changes.run({
    caller: changes.caller(request.headers),
    method: 'POST',
    body: null,
    target: () => ({ path: `${sessionsPath}?${query}`, headers: {} }),
    command: sessionCommand('create', { ttlMs }),
    answer: ({ revision }) => {
      const location = { location: `${sessionsPath}/${revision}` };
      return shown(node, answers, 201, revision, location);
    },
  });
}

function onShow({ node, answers }: RouteOptions, c: Context): Promise<Response> {
  const session = parseId(c);
  const options = parseReadOptions(queryOf(c.req.raw.url));
  return answerLater((settle) =>
    node.look(options, (error, store) => {
      // Looked at in this step: the store goes on.
      const facts = store === null ? null : factsOf(store, session, node.logTimeMs());
      settle(() => {
        if (error !== null) return answers.problem(error);
        return facts === null ? answers.problem(noSession()) : answers.json(200, facts);
      });
    }),
  );
}

function onKeepAlive({ node, answers, changes }: RouteOptions, c: Context): Promise<Response> {
  const session = parseId(c);
  const query = queryOf(c.req.raw.url);
  parseChoice(parametersOf(query, ['op']), 'op', ['keep-alive']);
  return changes.run({
    caller: changes.caller(c.req.raw.headers),
    method: 'POST',
    body: null,
    target: () => ({ path: `${sessionsPath}/${session}?${query}`, headers: {} }),
    command: sessionCommand('keep-alive', { session }),
    answer: ({ status }) => {
      if (status === 'no-session') return answers.problem(noSession());
      return shown(node, answers, 200, session);
    },
  });
}

function onRevoke({ answers, changes }: RouteOptions, c: Context): Promise<Response> {
  const session = parseId(c);
  parametersOf(queryOf(c.req.raw.url), []);
  return changes.run({
    caller: changes.caller(c.req.raw.headers),
    method: 'DELETE',
    body: null,
    target: () => ({ path: `${sessionsPath}/${session}`, headers: {} }),
    command: sessionCommand('revoke', { session }),
    answer: (result) => revoked(answers, result),
  });
}

function revoked(answers: Answers, { status }: WriteResult): Response {
  return status === 'deleted' ? answers.empty(204) : answers.problem(noSession());
}

function parseId(c: Context): number {
  const id = c.req.param('id') ?? '';
  if (sessionPattern.test(id)) return Number(id);
  throw noSession();
}

export function noSession(): DsmError {
  return new DsmError('session_not_found', 'The session has ended, or never was');
}

/** The session as it is at this node, which has just changed it; a repeated request may find it over. */
function shown(
  node: NodeApi,
  answers: Answers,
  status: number,
  session: number,
  more: Readonly<Record<string, string>> = {},
): Response {
  let answer = answers.problem(noSession());
  // The own map, asked for as it is: answered at once.
  node.look({ consistency: 'stale', minRevision: 0 }, (_error, store) => {
    const facts = store === null ? null : factsOf(store, session, node.logTimeMs());
    if (facts !== null) answer = answers.json(status, facts, more);
  });
  return answer;
}

function factsOf({ sessions }: Store, session: number, logTimeMs: number): object | null {
  const known = sessions.get(session);
  if (known === undefined) return null;
  return {
    session: String(session),
    ttl: known.ttlMs / 1000,
    expiresIn: expiresInOf(known.expiresAtMs, logTimeMs),
    keys: [...sessions.keysOf(session)].slice(0, shownKeysMax),
    locks: [...sessions.locksOf(session)].slice(0, shownKeysMax),
  };
}
