/** The calls of `calls.ts` over HTTP, as anybody makes them. */
import type { Outcome } from '../../core/errors.ts';
import type { Operation } from '../../core/operations.ts';
import { headerNames } from '../../http/headers.ts';
import { locksPath } from '../../http/keys.ts';
import { listPath } from '../../http/list-routes.ts';
import { sessionsPath } from '../../http/session-routes.ts';
import { txnPath } from '../../http/txn-routes.ts';
import type { InboundReply } from '../../ports/transport.ts';
import { deliver, type HttpRequest } from '../http-wire.ts';
import { showChange } from '../model/oracle.ts';
import {
  type SessionCall,
  type StateCall,
  type StateReply,
  type StateWire,
  showResult,
  type Txn,
} from './calls.ts';

export const httpCalls: StateWire = (endpoint, call, reply) =>
  deliver(endpoint, requestOf(call), (answer) => reply(replyOf(call, answer)));

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const watchPath = '/v1/watch';

function requestOf(call: StateCall): HttpRequest {
  switch (call.kind) {
    case 'list': {
      const query = new URLSearchParams({ prefix: call.prefix, limit: '1000' });
      return { method: 'GET', path: `${listPath}?${query}`, headers: {} };
    }
    case 'poll': {
      const { prefix, from, waitMs } = call;
      const wait = Math.max(1, Math.round(waitMs / 1000));
      const query = new URLSearchParams({ prefix, from: `${from}`, wait: `${wait}` });
      return { method: 'GET', path: `${watchPath}?${query}`, headers: {} };
    }
    case 'txn': {
      const headers = { ...tagged(call.requestId), 'content-type': 'application/json' };
      const body = encoder.encode(JSON.stringify(jsonOf(call.txn)));
      return { method: 'POST', path: txnPath, headers, body };
    }
    case 'session':
      return { ...sessionRequest(call.call), headers: tagged(call.requestId) };
  }
}

function tagged(requestId: string): Record<string, string> {
  return { [headerNames.idempotencyKey]: `"${requestId}"` };
}

function jsonOf({ compares, operations, otherwise }: Txn): object {
  return {
    if: compares.map(({ key, condition, value }) => ({
      key,
      ...(condition === 'absent' ? { exists: false } : {}),
      ...(condition === 'present' ? { exists: true } : {}),
      ...(typeof condition === 'number' ? { revision: condition } : {}),
      ...(value === null ? {} : { value: decoder.decode(value) }),
    })),
    then: operations.map(jsonOperation),
    else: otherwise.map(jsonOperation),
  };
}

function jsonOperation(operation: Operation): object {
  switch (operation.kind) {
    case 'put': {
      const { kind: op, key, value, ttlMs, session } = operation;
      const ties = { ...ttlOf(ttlMs), ...(session === 0 ? {} : { session: `${session}` }) };
      return { op, key, value: decoder.decode(value), ...ties };
    }
    case 'increment':
      return { op: 'increment', key: operation.key, by: operation.by, ...ttlOf(operation.ttlMs) };
    case 'touch':
      return { op: 'touch', key: operation.key, ttl: operation.ttlMs / 1000 };
    case 'get':
    case 'delete':
      return { op: operation.kind, key: operation.key };
    case 'delete-range':
      throw new Error('no client of the simulator asks for it');
  }
}

function ttlOf(ttlMs: number): { ttl?: number } {
  return ttlMs === 0 ? {} : { ttl: ttlMs / 1000 };
}

function sessionRequest(call: SessionCall): Pick<HttpRequest, 'method' | 'path'> {
  const { act, session, lock, ttlMs, waitMs } = call;
  switch (act) {
    case 'create':
      return { method: 'POST', path: `${sessionsPath}?ttl=${ttlMs / 1000}` };
    case 'keep-alive':
      return { method: 'POST', path: `${sessionsPath}/${session}?op=keep-alive` };
    case 'revoke':
      return { method: 'DELETE', path: `${sessionsPath}/${session}` };
    case 'acquire': {
      const query = `session=${session}&wait=${(waitMs / 1000).toFixed(3)}&stay=true`;
      return { method: 'POST', path: `${locksPath}${lock}?${query}` };
    }
    case 'release':
    case 'leave':
      return { method: 'DELETE', path: `${locksPath}${lock}?session=${session}` };
  }
}

interface Json {
  readonly revision: number;
  readonly succeeded: boolean;
  readonly session: string;
  readonly token: number;
  readonly entries: readonly { readonly key: string; readonly value: string }[];
  readonly results: readonly {
    readonly status: string;
    readonly revision: number;
    readonly value?: string;
    readonly number?: number;
  }[];
  readonly changes: readonly {
    readonly event: 'put' | 'delete' | 'expire';
    readonly key: string;
    readonly revision: number;
    readonly value?: string;
  }[];
}

function replyOf(call: StateCall, answer: InboundReply): StateReply {
  const text = decoder.decode(answer.body);
  if (answer.status >= 400) return refusalOf(call, JSON.parse(text) as Problem);
  const json = (text === '' ? {} : JSON.parse(text)) as Json;
  switch (call.kind) {
    case 'list': {
      const shown = json.entries.map(({ key, value }) => `${key}=${value}`);
      return { kind: 'listed', revision: json.revision, shown };
    }
    case 'poll': {
      const changes = json.changes.map(({ event, key, revision, value = null }) =>
        showChange({ kind: event, key, revision, text: value }),
      );
      return { kind: 'polled', revision: json.revision, changes };
    }
    case 'txn': {
      const results = json.results.map(({ status, revision, value, number }) =>
        showResult(status, revision, value ?? String(number ?? '')),
      );
      const status = json.succeeded ? 'committed' : 'otherwise';
      return { kind: 'done', status, revision: json.revision, results, isExact: true };
    }
    case 'session':
      return { ...sessionReply(call.call, json), results: [], isExact: false };
  }
}

function sessionReply({ act }: SessionCall, { session, token }: Json) {
  if (act === 'create')
    return { kind: 'done', status: 'created', revision: Number(session) } as const;
  if (act === 'acquire') return { kind: 'done', status: 'acquired', revision: token } as const;
  const status = act === 'keep-alive' ? 'updated' : 'deleted';
  return { kind: 'done', status, revision: null } as const;
}

interface Problem {
  readonly code: string;
  readonly outcome: Outcome;
}

/** Answers that are no accident, and what they say. */
const told = {
  session_not_found: 'no-session',
  not_a_number: 'not-a-number',
  lock_held: 'queued',
  not_found: 'not-found',
} as const;

function refusalOf(call: StateCall, { code, outcome }: Problem): StateReply {
  if (code === 'gone') return { kind: 'gone' };
  if (['internal', 'invalid_request', 'no_route', 'idempotency_mismatch'].includes(code)) {
    throw new Error(`${code} for ${JSON.stringify(call)}`);
  }
  const status = told[code as keyof typeof told];
  if (status === undefined) return { kind: 'failed', outcome };
  const isExact = call.kind === 'txn';
  return { kind: 'done', status, revision: null, results: [], isExact };
}
