/** Answers of nodes as the objects that the client library returns. */
import { DsmError } from '../core/errors.ts';
import { headerNames } from '../http/headers.ts';
import type { NodeStatus } from '../node/api.ts';
import { parseObject, type Reply, revisionOf } from './reply.ts';
import { checked } from './schema.ts';
import type { Conflict, Deleted, Entry, Written } from './types.ts';

const decoder = new TextDecoder();
/** A byte order mark is a part of what was stored. */
const exactDecoder = new TextDecoder('utf-8', { ignoreBOM: true });

export function entryOf(key: string, reply: Reply): Entry {
  const contentType = reply.headers.get('content-type') ?? 'application/octet-stream';
  const entry = makeEntry(key, reply.body, contentType, requiredRevision(reply));
  const expiresIn = reply.headers.get(headerNames.expiresIn);
  return expiresIn === null ? entry : { ...entry, expiresIn: Number(expiresIn) };
}

export function makeEntry(
  key: string,
  value: Uint8Array,
  contentType: string,
  revision: number,
): Entry {
  return {
    key,
    value,
    contentType,
    revision,
    text: () => exactDecoder.decode(value),
    json: <T>(): T => JSON.parse(decoder.decode(value)),
    parse: async (schema) => checked(schema, JSON.parse(decoder.decode(value)), key),
  };
}

export function writtenOf(reply: Reply): Written | Conflict {
  if (reply.status === 412) return conflictOf(reply);
  return { ok: true, revision: requiredRevision(reply), created: reply.status === 201 };
}

export function deletedOf(reply: Reply): Deleted | Conflict {
  if (reply.status === 412) return conflictOf(reply);
  return { ok: true, deleted: reply.status !== 404 };
}

function conflictOf(reply: Reply): Conflict {
  const { currentRevision } = parseObject(reply.body);
  if (typeof currentRevision === 'number') return { ok: false, currentRevision };
  return { ok: false, currentRevision: revisionOf(reply) ?? 0 };
}

/** Throws `internal` where there is none: a browser hides headers that CORS does not expose. */
function requiredRevision(reply: Reply): number {
  const revision = revisionOf(reply);
  if (revision !== null) return revision;
  throw new DsmError('internal', `${reply.url} answered ${reply.status} without an ETag`);
}

/** Nodes of one version speak of the same fields; only what makes it a status is checked. */
export function statusOf(reply: Reply): NodeStatus {
  const body: unknown = parseObject(reply.body);
  if (isStatus(body)) return body;
  throw new DsmError('internal', `${reply.url} answered something that is no status of a node`);
}

function isStatus(body: unknown): body is NodeStatus {
  if (typeof body !== 'object' || body === null) return false;
  return 'nodeId' in body && 'state' in body && 'members' in body && Array.isArray(body.members);
}
