/**
 * How the simulated clients speak to a node: by its interface, or over HTTP as anybody does. Both
 * say the same of every answer, so that one workload and one check serve both.
 */
import type { Outcome } from '../core/errors.ts';
import type { Operation } from '../core/operations.ts';
import type { Condition } from '../core/record.ts';
import { tagOf } from '../http/conditions.ts';
import { headerNames } from '../http/headers.ts';
import { keysPath } from '../http/keys.ts';
import type { Consistency, EntryView, NodeApi, WriteResult } from '../node/api.ts';
import type { InboundReply } from '../ports/transport.ts';
import { deliver, type HttpRequest } from './http-wire.ts';
import type { Endpoint } from './sim-network.ts';

export interface ReadCall {
  readonly op: 'get';
  readonly key: string;
  readonly consistency: Consistency;
  readonly minRevision: number;
}

export interface WriteCall {
  readonly op: 'put' | 'delete' | 'increment' | 'get-and-delete';
  readonly key: string;
  /** Of a put; empty for everything else. */
  readonly value: string;
  /** Of an increment. */
  readonly by: number;
  readonly condition: Condition;
  /** Null for a client that has no idempotency keys. */
  readonly requestId: string | null;
  /** The highest revision that the client had seen. */
  readonly keyRevision: number;
}

export type ClientCall = ReadCall | WriteCall;

export type ClientReply =
  | {
      readonly kind: 'read';
      /** Null where the key is absent. */
      readonly value: string | null;
      readonly revision: number;
      /** appliedLsn of the node that answered. */
      readonly nodeRevision: number;
    }
  | {
      readonly kind: 'written';
      readonly status: WrittenStatus;
      /** Undefined where the answer does not say it. */
      readonly revision?: number;
      /** What an increment came to, and what a get-and-delete found. */
      readonly value?: string;
    }
  | { readonly kind: 'failed'; readonly outcome: Outcome };

export type WrittenStatus =
  | 'done'
  | 'not-found'
  | 'precondition-failed'
  | 'request-forgotten'
  | 'request-mismatch';

/** Runs a call that has arrived at `endpoint`; `reply` may never be called. */
export type ClientWire = (
  endpoint: Endpoint,
  call: ClientCall,
  reply: (reply: ClientReply) => void,
) => void | Promise<void>;

// ── by the interface of the node ────────────────────────────────────────────────────────────────

export const directWire: ClientWire = ({ node }, call, reply) => {
  if (call.op === 'get') readDirectly(node, call, reply);
  else writeDirectly(node, call, reply);
};

function readDirectly(
  node: NodeApi,
  { key, consistency, minRevision }: ReadCall,
  reply: (reply: ClientReply) => void,
): void {
  const say = (entry: EntryView | null) =>
    reply({
      kind: 'read',
      value: entry === null ? null : decoder.decode(entry.value),
      revision: entry?.revision ?? 0,
      nodeRevision: node.appliedLsn,
    });
  const isPlain = consistency === 'linearizable' && minRevision <= node.appliedLsn;
  const entry = isPlain ? node.readNow(key) : undefined;
  if (entry !== undefined) return say(entry);
  node.read(key, { consistency, minRevision }, (error, found) => {
    if (error === null) say(found);
    else reply({ kind: 'failed', outcome: 'not-applied' });
  });
}

function writeDirectly(node: NodeApi, call: WriteCall, reply: (reply: ClientReply) => void): void {
  node.write(commandOf(call), (error, result) => {
    if (error !== null) return reply({ kind: 'failed', outcome: error.outcome });
    if (result === null) throw new Error('a write was answered with nothing');
    reply(ofResult(call, result));
  });
}

function commandOf({ op, key, value, by, condition, requestId, keyRevision }: WriteCall) {
  const request = requestId === null ? null : { id: requestId, payloadHash: 1, keyRevision };
  const common = { key, condition, request } as const;
  if (op === 'delete') return { kind: op, ...common } as const;
  if (op === 'put') {
    const content = { value: encoder.encode(value), contentType: textType, ttlMs: 0 };
    return { kind: op, ...content, ...common } as const;
  }
  const operations: readonly Operation[] =
    op === 'increment'
      ? [{ kind: op, key, by, ttlMs: 0 }]
      : [
          { kind: 'get', key },
          { kind: 'delete', key },
        ];
  return { kind: 'txn', compares: [], operations, otherwise: [], request } as const;
}

/** How the answer to `op` says a result. */
export function ofResult(
  { op }: WriteCall,
  { status, revision, results }: WriteResult,
): ClientReply {
  switch (status) {
    case 'created':
    case 'updated':
    case 'deleted':
      return { kind: 'written', status: 'done', revision };
    case 'not-found':
    case 'precondition-failed':
    case 'request-forgotten':
    case 'request-mismatch':
      return { kind: 'written', status, revision };
    case 'committed': {
      const [first] = results ?? [];
      if (first?.status === 'not-found') return { kind: 'written', status: 'not-found' };
      const value = first?.value == null ? {} : { value: decoder.decode(first.value) };
      return { kind: 'written', status: 'done', revision, ...value };
    }
    default:
      throw new Error(`${op} was answered with ${status}`);
  }
}

// ── over HTTP ───────────────────────────────────────────────────────────────────────────────────

export const httpWire: ClientWire = (endpoint, call, reply) => {
  const request = call.op === 'get' ? readRequest(call) : writeRequest(call);
  return deliver(endpoint, request, (answer) => reply(replyOf(call, answer)));
};

function readRequest({ key, consistency, minRevision }: ReadCall): HttpRequest {
  const parameters = new URLSearchParams();
  if (consistency !== 'linearizable') parameters.set('consistency', consistency);
  if (minRevision > 0) parameters.set('min-revision', String(minRevision));
  const query = parameters.size === 0 ? '' : `?${parameters}`;
  return { method: 'GET', path: `${keysPath}${key}${query}`, headers: {} };
}

function writeRequest(call: WriteCall): HttpRequest {
  const { op, key, value, by, condition, requestId, keyRevision } = call;
  const headers: Record<string, string> = {};
  if (condition === 'absent') headers['if-none-match'] = '*';
  else if (condition === 'present') headers['if-match'] = '*';
  else if (condition !== 'none') headers['if-match'] = tagOf(condition);
  if (requestId !== null) {
    headers[headerNames.idempotencyKey] = `"${requestId}"`;
    headers[headerNames.keyRevision] = String(keyRevision);
  }
  const path = keysPath + key;
  switch (op) {
    case 'delete':
      return { method: 'DELETE', path, headers };
    case 'increment':
      return { method: 'POST', path: `${path}?op=${op}&by=${by}`, headers };
    case 'get-and-delete':
      return { method: 'POST', path: `${path}?op=${op}`, headers };
    case 'put':
      headers['content-type'] = textType;
      return { method: 'PUT', path, headers, body: encoder.encode(value) };
  }
}

function replyOf(call: ClientCall, answer: InboundReply): ClientReply {
  const { status, body } = answer;
  const { op } = call;
  const revision = Number((answer.header('etag') ?? '"0"').slice(1, -1));
  if (status === 204) return { kind: 'written', status: 'done' };
  if (status === 200 || status === 201) {
    const value = decoder.decode(body);
    if (op === 'get') return { kind: 'read', value, revision, nodeRevision: appliedAt(answer) };
    if (op === 'put') return { kind: 'written', status: 'done', revision };
    // The tag of what a get-and-delete found is not that of its own change.
    const place = op === 'increment' ? { revision } : {};
    return { kind: 'written', status: 'done', value, ...place };
  }
  const { code, outcome, currentRevision } = JSON.parse(decoder.decode(body)) as Problem;
  if (code === 'not_found') {
    if (op !== 'get') return { kind: 'written', status: 'not-found', revision: 0 };
    return { kind: 'read', value: null, revision: 0, nodeRevision: appliedAt(answer) };
  }
  if (code === 'precondition_failed') {
    return { kind: 'written', status: 'precondition-failed', revision: currentRevision };
  }
  if (isAccident(code)) throw new Error(`${status} ${code} for ${JSON.stringify(call)}`);
  return { kind: 'failed', outcome };
}

interface Problem {
  readonly code: string;
  readonly outcome: Outcome;
  readonly currentRevision: number;
}

/** Answers that no call of this workload may get. */
function isAccident(code: string): boolean {
  return ['internal', 'invalid_request', 'no_route', 'idempotency_mismatch'].includes(code);
}

function appliedAt(answer: InboundReply): number {
  return Number(answer.header(headerNames.revision));
}

const textType = 'text/plain';
const encoder = new TextEncoder();
const decoder = new TextDecoder();
