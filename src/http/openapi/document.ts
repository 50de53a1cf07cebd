/** `/openapi.json`: the document of the API, made from the schemas that validate what is sent. */
import { z } from 'zod';
import { catalogue, type ErrorCode } from '../../core/errors.ts';
import { itemsMax } from '../batch-routes.ts';
import { batchItemSchema, compareSchema, operationSchema, txnSchema } from '../operations-json.ts';
import * as answers from './answers.ts';
import type { Answer, Call, HeaderName } from './call.ts';
import { apiCalls } from './calls.ts';

const sent = {
  Operation: operationSchema,
  Compare: compareSchema,
  Transaction: txnSchema,
  BatchItem: batchItemSchema,
  Batch: z.array(batchItemSchema).max(itemsMax),
};

/** Also for the test of what is answered. */
export const answered = {
  Problem: answers.problem,
  OperationResult: answers.operationResult,
  TransactionResult: answers.txnResult,
  BatchResult: answers.batchResult,
  Deleted: answers.deleted,
  ListPage: answers.listPage,
  Changes: answers.changes,
  Session: answers.sessionFacts,
  HeldLock: answers.held,
  Lock: answers.lockFacts,
  Status: answers.status,
  UnstorageKeys: z.array(z.string()),
  Cluster: answers.cluster,
  OpenApi: z.looseObject({ openapi: z.string() }),
};

/** Made when it is first asked for: most nodes never are. */
let text: string | null = null;

export function openApiText(): string {
  text ??= JSON.stringify(openApi());
  return text;
}

export function openApi() {
  const paths: Record<string, Record<string, object>> = {};
  for (const call of apiCalls) {
    paths[call.path] = { ...paths[call.path], [call.method]: operationOf(call) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'dsm',
      version: '1',
      description:
        'A replicated key-value store. Every node answers every call; changes are sent on to the ' +
        'active master. Every answer says Dsm-Node, Dsm-Role, Dsm-Epoch and Dsm-Revision.',
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { ...schemasOf(sent, 'input'), ...schemasOf(answered, 'output') },
      headers: headerObjects,
    },
  };
}

function schemasOf(schemas: Record<string, z.ZodType>, io: 'input' | 'output') {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { uri: refOf, io });
  const plain = Object.entries(made.schemas).map(([id, schema]) => {
    const { $schema: _, $id: __, ...rest } = schema;
    return [id, rest] as const;
  });
  return Object.fromEntries(plain);
}

function refOf(id: string): string {
  return `#/components/schemas/${id}`;
}

function schemaOf(name: string): object {
  if (name === 'bytes') return {};
  return name === 'text' ? { type: 'string' } : { $ref: refOf(name) };
}

function contentOf(content: Readonly<Record<string, string>>) {
  const types = Object.entries(content).map(
    ([type, name]) => [type, { schema: schemaOf(name) }] as const,
  );
  return Object.fromEntries(types);
}

function operationOf({ id, summary, parameters, body, answers: given, errors }: Call) {
  return {
    operationId: id,
    summary,
    parameters,
    ...(body === undefined ? {} : { requestBody: { content: contentOf(body) } }),
    responses: { ...problemsOf(errors), ...answersOf(given) },
  };
}

function answersOf(given: Call['answers']) {
  const made = Object.entries(given).map(([status, answer]) => [status, answerOf(answer)] as const);
  return Object.fromEntries(made);
}

function answerOf({ description, content, headers }: Answer) {
  return {
    description,
    ...(content === undefined ? {} : { content: contentOf(content) }),
    ...(headers === undefined ? {} : { headers: refsOf(headers) }),
  };
}

function refsOf(names: readonly HeaderName[]) {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

const headerObjects: Readonly<Record<HeaderName, object>> = {
  ETag: { description: 'the revision of the key, in quotes', schema: { type: 'string' } },
  'Dsm-Expires-In': {
    description: 'seconds until the lifetime of the key ends, where it has one',
    schema: { type: 'number', minimum: 0 },
  },
  'X-Ttl': {
    description: 'as Dsm-Expires-In, in whole seconds, as unstorage reads it',
    schema: { type: 'integer', minimum: 0 },
  },
  Location: { description: 'path of what was made', schema: { type: 'string' } },
  'Preference-Applied': { description: 'what of Prefer was done', schema: { type: 'string' } },
};

/** One response for each status: the codes that it may carry are named in it. */
function problemsOf(errors: readonly ErrorCode[]) {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errors) {
    const { status } = catalogue[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const made = [...byStatus].map(([status, codes]) => [status, problemResponse(codes)] as const);
  return Object.fromEntries(made);
}

function problemResponse(codes: readonly ErrorCode[]) {
  const description = codes.map((code) => `${code}: ${catalogue[code].title}`).join('; ');
  const known = { properties: { code: { enum: codes } } };
  const schema = { allOf: [{ $ref: refOf('Problem') }, known] };
  return { description, content: { 'application/problem+json': { schema } } };
}
