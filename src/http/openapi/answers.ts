/** What is answered in JSON, as schemas: for the document, and for the test that holds it to the server. */
import { z } from 'zod';
import { catalogue, type ErrorCode } from '../../core/errors.ts';

const codes = Object.keys(catalogue) as [ErrorCode, ...ErrorCode[]];
const revision = z.int().min(0);
const session = z.string().meta({ description: 'id of a session' });
const token = z.int().min(1).meta({ description: 'fencing token: a later owner’s is higher' });
const expiresIn = z.number().min(0).meta({ description: 'seconds until the lifetime ends' });
const encoding = z.enum(['utf-8', 'base64']);
const current = z.strictObject({ value: z.string(), encoding, contentType: z.string() });

const problemFields = {
  status: z.int().min(400).max(599),
  detail: z.string(),
  code: z.enum(codes),
  outcome: z
    .enum(['not-applied', 'unknown'])
    .meta({ description: 'not-applied: it certainly had no effect; unknown: it may have had one' }),
  retryable: z.boolean(),
  master: z.string().optional().meta({ description: 'URL of the active master, where it helps' }),
  currentRevision: revision.optional().meta({ description: 'after a failed precondition' }),
  current: current.nullable().optional().meta({ description: 'the value then, where asked for' }),
};

export const problem = z
  .strictObject({ type: z.string(), title: z.string(), ...problemFields })
  .meta({ description: 'RFC 9457' });

export const operationResult = z.strictObject({
  op: z.enum(['put', 'delete', 'get', 'increment', 'touch']),
  key: z.string(),
  status: z.enum(['created', 'updated', 'deleted', 'found', 'not-found']),
  revision: revision.meta({ description: 'of the key now; 0 where it is absent' }),
  value: z.string().optional(),
  encoding: encoding.optional(),
  contentType: z.string().optional(),
  number: z.int().optional().meta({ description: 'the new number, of an increment' }),
  expiresIn: expiresIn.optional(),
});

export const txnResult = z.strictObject({
  succeeded: z
    .boolean()
    .meta({ description: 'the compares held: results are of then, else of else' }),
  revision,
  results: z.array(operationResult),
});

const itemFailure = z.strictObject({
  op: z.string(),
  key: z.string(),
  error: z.strictObject(problemFields),
});

export const batchResult = z.array(z.union([operationResult, itemFailure]));

export const deleted = z.strictObject({
  deleted: z.int().min(0),
  hasMore: z.boolean(),
  revision,
});

const listed = {
  key: z.string(),
  revision,
  contentType: z.string(),
  bytes: z.int().min(0).meta({ description: 'size of the value' }),
  value: z.string().optional(),
  encoding: encoding.optional(),
};

export const listPage = z.strictObject({
  revision,
  entries: z.array(z.strictObject(listed)),
  next: z.string().nullable().meta({ description: 'after of the next page; null on the last one' }),
});

const change = z.union([
  z.strictObject({ event: z.literal('put'), ...listed }),
  z.strictObject({ event: z.enum(['delete', 'expire']), key: z.string(), revision }),
]);

export const changes = z.strictObject({ revision, changes: z.array(change) });

export const sessionFacts = z.strictObject({
  session,
  ttl: z.number().meta({ description: 'seconds' }),
  expiresIn,
  keys: z.array(z.string()).meta({ description: 'what ends with it; the first 1000' }),
  locks: z.array(z.string()),
});

export const held = z.strictObject({ name: z.string(), session, token });

export const lockFacts = z.strictObject({
  name: z.string(),
  session,
  token,
  waiting: z.int().min(0).meta({ description: 'sessions that wait for it' }),
});

export const status = z.looseObject({
  nodeId: z.string(),
  state: z.string(),
  epoch: z.int(),
  appliedLsn: z.int(),
});

const nullable = z.number().nullable();

const nodeFacts = z.strictObject({
  nodeId: z.string(),
  state: z.string(),
  stateHash: z.string(),
  ...{ epoch: z.int(), lastLsn: z.int(), committedLsn: z.int(), appliedLsn: z.int() },
  ...{ keys: z.int(), memoryBytes: z.int(), reads: z.int(), writes: z.int(), watches: z.int() },
});

export const cluster = z.strictObject({
  atMs: z.number().meta({ description: 'by the wall clock of the node that was asked' }),
  url: z.string().meta({ description: 'of the node that was asked' }),
  clusterId: z.string(),
  active: z.string().nullable().meta({ description: 'URL of the active master' }),
  voters: z.int(),
  writeQuorumAcks: z.int(),
  memoryLimitBytes: z.number(),
  nodes: z.array(
    z.strictObject({
      url: z.string(),
      role: z.enum(['master', 'slave']),
      voter: z.boolean(),
      ...{ ackedLsn: nullable, silentMs: nullable },
      suspect: z.boolean().nullable(),
      status: nodeFacts.nullable().meta({ description: 'null where it did not answer' }),
    }),
  ),
  events: z.array(
    z.strictObject({
      atMs: z.number(),
      url: z.string(),
      level: z.enum(['info', 'warn', 'error']),
      message: z.string(),
      facts: z.record(z.string(), z.union([z.string(), z.number()])),
      count: z.int(),
    }),
  ),
});
