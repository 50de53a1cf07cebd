/** The calls of the API: what they take, what they answer, and which errors they may end with. */
import {
  any,
  bodies,
  bytes,
  type Call,
  changes,
  json,
  numbers,
  reads,
  stored,
  tied,
  value,
} from './call.ts';
import * as p from './parameters.ts';
import { unstorageCalls } from './unstorage-calls.ts';

export const apiCalls: readonly Call[] = [
  {
    ...{ id: 'read', method: 'get', path: '/v1/kv/{key}', summary: 'READ a value' },
    parameters: [p.key, ...p.reading, p.isHeld, p.ifMatch],
    answers: { 200: value('the value'), 304: stored('it is as the client holds it') },
    errors: [...reads, 'invalid_key', 'not_found', 'precondition_failed'],
  },
  {
    ...{ id: 'write', method: 'put', path: '/v1/kv/{key}', summary: 'WRITE a value' },
    parameters: [p.key, p.ttl, p.inSession, ...p.conditions, p.idempotencyKey],
    body: bytes,
    answers: { 200: stored('it was changed'), 201: stored('it was made') },
    errors: [...changes, ...bodies, ...tied, 'invalid_key', 'precondition_failed'],
  },
  {
    ...{ id: 'operate', method: 'post', path: '/v1/kv/{key}' },
    summary: 'Change a value by what it is: increment, get-and-delete, touch',
    parameters: [
      ...[p.key, p.required(p.operation), p.by, p.touchTtl, ...p.conditions, p.idempotencyKey],
    ],
    answers: {
      200: value('the new number; the value that was deleted; nothing, of a touch'),
      201: value('the number that was made'),
    },
    errors: [...changes, ...numbers, 'invalid_key', 'not_found', 'precondition_failed'],
  },
  {
    ...{ id: 'remove', method: 'delete', path: '/v1/kv/{key}', summary: 'Delete a key' },
    parameters: [p.key, ...p.conditions, p.idempotencyKey],
    answers: { 204: { description: 'it is gone' } },
    errors: [...changes, 'invalid_key', 'not_found', 'precondition_failed'],
  },
  {
    ...{
      id: 'list',
      method: 'get',
      path: '/v1/kv',
      summary: 'List keys in the order of their bytes',
    },
    parameters: [
      ...[p.prefix, p.start, p.end, p.listLimit, p.after, p.reverse, p.values, ...p.reading],
    ],
    answers: { 200: { description: 'one page, at one revision', content: json('ListPage') } },
    errors: [...reads, 'invalid_key'],
  },
  {
    ...{
      id: 'removeRange',
      method: 'delete',
      path: '/v1/kv',
      summary: 'Delete all keys of a prefix',
    },
    parameters: [p.required(p.prefix), p.start, p.end, p.deleteLimit, p.idempotencyKey],
    answers: { 200: { description: 'at one revision', content: json('Deleted') } },
    errors: [...changes, 'invalid_key', 'too_many_keys'],
  },
  {
    ...{
      id: 'transact',
      method: 'post',
      path: '/v1/txn',
      summary: 'A transaction: all or nothing',
    },
    parameters: [p.idempotencyKey],
    body: json('Transaction'),
    answers: { 200: { description: 'it ran', content: json('TransactionResult') } },
    errors: [...changes, ...bodies, ...tied, ...numbers, 'invalid_key'],
  },
  {
    ...{ id: 'batch', method: 'post', path: '/v1/batch', summary: 'Many independent operations' },
    parameters: [p.idempotencyKey],
    body: { 'application/json': 'Batch', 'application/x-ndjson': 'text' },
    answers: {
      200: {
        description: 'a result for each, in their order',
        content: { 'application/json': 'BatchResult', 'application/x-ndjson': 'text' },
      },
    },
    errors: [...changes, ...bodies, 'invalid_key'],
  },
  {
    ...{ id: 'watch', method: 'get', path: '/v1/watch', summary: 'Changes as they happen' },
    parameters: [p.prefix, p.watchKey, p.from, p.pollWait, p.values, ...p.reading],
    answers: {
      200: {
        description: 'Server-Sent Events, or with wait what changed',
        content: { 'text/event-stream': 'text', 'application/json': 'Changes' },
      },
    },
    errors: [...reads, 'invalid_key', 'gone'],
  },
  {
    ...{ id: 'createSession', method: 'post', path: '/v1/sessions', summary: 'Begin a session' },
    parameters: [p.required(p.sessionTtl), p.idempotencyKey],
    answers: {
      201: { description: 'it lives', content: json('Session'), headers: ['Location'] },
    },
    errors: [...changes, 'session_not_found'],
  },
  {
    ...{ id: 'showSession', method: 'get', path: '/v1/sessions/{id}', summary: 'A session' },
    parameters: [p.sessionId, ...p.reading],
    answers: { 200: { description: 'it lives', content: json('Session') } },
    errors: [...reads, 'session_not_found'],
  },
  {
    ...{ id: 'keepAlive', method: 'post', path: '/v1/sessions/{id}', summary: 'Let it live on' },
    parameters: [p.sessionId, p.keepAlive, p.idempotencyKey],
    answers: { 200: { description: 'it lives on', content: json('Session') } },
    errors: [...changes, 'session_not_found'],
  },
  {
    ...{ id: 'revokeSession', method: 'delete', path: '/v1/sessions/{id}' },
    summary: 'End a session, and with it its keys and locks',
    parameters: [p.sessionId, p.idempotencyKey],
    answers: { 204: { description: 'it has ended' } },
    errors: [...changes, 'session_not_found'],
  },
  {
    ...{ id: 'acquireLock', method: 'post', path: '/v1/locks/{name}', summary: 'Acquire a lock' },
    parameters: [p.lockName, p.inSession, p.sessionTtl, p.lockWait, p.stay, p.idempotencyKey],
    answers: { 200: { description: 'it is held', content: json('HeldLock') } },
    errors: [...changes, 'invalid_key', 'lock_held', ...tied],
  },
  {
    ...{ id: 'showLock', method: 'get', path: '/v1/locks/{name}', summary: 'Who holds a lock' },
    parameters: [p.lockName, ...p.reading],
    answers: { 200: { description: 'it is held', content: json('Lock') } },
    errors: [...reads, 'invalid_key', 'not_found'],
  },
  {
    ...{ id: 'releaseLock', method: 'delete', path: '/v1/locks/{name}', summary: 'Release a lock' },
    parameters: [p.lockName, p.required(p.inSession), p.idempotencyKey],
    answers: { 204: { description: 'it is released, or no longer waited for' } },
    errors: [...changes, 'invalid_key', 'not_found', 'session_not_found'],
  },
  {
    ...{ id: 'status', method: 'get', path: '/v1/status', summary: 'The node and its cluster' },
    parameters: [],
    answers: { 200: { description: 'as this node sees it', content: json('Status') } },
    errors: [...any],
  },
  {
    ...{
      id: 'cluster',
      method: 'get',
      path: '/v1/cluster',
      summary: 'All nodes, each asked itself',
    },
    parameters: [],
    answers: { 200: { description: 'as seen from this node', content: json('Cluster') } },
    errors: [...any],
  },
  {
    ...{ id: 'live', method: 'get', path: '/livez', summary: 'Does the process answer?' },
    parameters: [],
    answers: { 200: { description: 'it does', content: { 'text/plain': 'text' } } },
    errors: [...any],
  },
  {
    ...{ id: 'ready', method: 'get', path: '/readyz', summary: 'Can this node serve?' },
    parameters: [p.verbose],
    answers: {
      200: { description: 'it can', content: { 'text/plain': 'text' } },
      503: { description: 'it cannot, and why', content: { 'text/plain': 'text' } },
    },
    errors: [...any],
  },
  {
    ...{ id: 'metrics', method: 'get', path: '/metrics', summary: 'What a monitor asks for' },
    parameters: [],
    answers: { 200: { description: 'for Prometheus', content: { 'text/plain': 'text' } } },
    errors: [...any],
  },
  {
    ...{ id: 'save', method: 'get', path: '/v1/admin/snapshot' },
    summary: 'The whole state at one revision, as a file; needs the cluster secret',
    parameters: [...p.reading],
    answers: { 200: { description: 'for dsm snapshot restore', content: bytes } },
    errors: [...reads, 'unauthorized'],
  },
  {
    ...{ id: 'document', method: 'get', path: '/openapi.json', summary: 'This document' },
    parameters: [],
    answers: { 200: { description: 'OpenAPI 3.1', content: json('OpenApi') } },
    errors: [...any],
  },
  ...unstorageCalls,
];
