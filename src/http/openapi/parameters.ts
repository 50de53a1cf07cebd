/** Parameters of the calls. They are read by hand (queries.ts), and a test holds the two together. */
import { sessionPattern, ttlSecondsMax } from '../queries.ts';

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description: string;
  readonly schema: object;
}

type Make = (description: string, schema: object) => Parameter;

const query =
  (name: string): Make =>
  (description, schema) => ({ name, in: 'query', description, schema });
const header =
  (name: string): Make =>
  (description, schema) => ({ name, in: 'header', description, schema });
const path =
  (name: string): Make =>
  (description, schema) => ({ name, in: 'path', required: true, description, schema });

export const required = (parameter: Parameter): Parameter => ({ ...parameter, required: true });

const text = { type: 'string' };
const revision = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const keyText = { type: 'string', minLength: 1, maxLength: 1024 };
const seconds = (minimum: number, maximum: number) => ({ type: 'number', minimum, maximum });
const session = { type: 'string', pattern: sessionPattern.source };

export const key = path('key')('everything behind the path, percent-decoded once', keyText);
export const unstorageKey = path('key')(
  'a key as unstorage names it; with ":" or "/" at its end, as they are, all keys below it',
  { ...keyText, examples: ['users:alice', 'users:'] },
);
export const lockName = path('name')('name of the lock, as a key is', keyText);
export const sessionId = path('id')('the session', session);

export const consistency = query('consistency')('how new what is read must be', {
  enum: ['linearizable', 'quorum', 'stale'],
  default: 'linearizable',
});
export const minRevision = query('min-revision')('the node must have applied it', revision);
export const reading = [consistency, minRevision];

export const prefix = query('prefix')('keys that begin with it', text);
export const start = query('start')('keys from it on', text);
export const end = query('end')('keys below it', text);
export const listLimit = query('limit')('entries of one page', {
  type: 'integer',
  minimum: 1,
  maximum: 1000,
  default: 100,
});
export const deleteLimit = query('limit')('delete the first so many, not all', {
  type: 'integer',
  minimum: 1,
  maximum: 10_000,
});
export const after = query('after')('next of the page before', text);
export const reverse = query('reverse')('from the last key to the first', {
  enum: ['false', 'true'],
  default: 'false',
});
export const values = query('values')('how values stand in the answer', {
  enum: ['auto', 'base64', 'none'],
  default: 'auto',
});
export const watchKey = query('key')('this key alone', keyText);
export const from = query('from')('changes after this revision', revision);
export const pollWait = query('wait')('seconds to wait for a change: a poll, and no stream', {
  type: 'integer',
  minimum: 0,
  maximum: 10,
});

export const ttl = query('ttl')(
  'lifetime in seconds, to the millisecond',
  seconds(0.001, ttlSecondsMax),
);
export const touchTtl = query('ttl')('lifetime in seconds; none: for ever', {
  anyOf: [seconds(0.001, ttlSecondsMax), { const: 'none' }],
});
export const sessionTtl = query('ttl')('seconds after its last keep-alive', seconds(0.1, 86_400));
export const inSession = query('session')('the session that it belongs to', session);
export const lockWait = query('wait')('seconds to wait for it', seconds(0, 10));
export const stay = query('stay')('keep the place in the queue when the wait is over', {
  enum: ['false', 'true'],
  default: 'false',
});
export const by = query('by')('what is added', {
  type: 'integer',
  minimum: Number.MIN_SAFE_INTEGER,
  maximum: Number.MAX_SAFE_INTEGER,
  default: 1,
});
export const operation = query('op')('what to do', {
  enum: ['increment', 'get-and-delete', 'touch'],
});
export const keepAlive = query('op')('what to do', { enum: ['keep-alive'], default: 'keep-alive' });
export const verbose = query('verbose')('name every check', text);

export const ifMatch = header('If-Match')('the ETag that the key must have, or *', {
  type: 'string',
  pattern: '^(?:\\*|"[1-9][0-9]{0,14}")$',
});
export const ifNoneMatch = header('If-None-Match')('only where the key is absent', { enum: ['*'] });
export const isHeld = header('If-None-Match')('304 where the key has one of these ETags', text);
export const prefer = header('Prefer')('a 412 then says the value that stands in the way', {
  enum: ['return=representation'],
});
export const idempotencyKey = header('Idempotency-Key')(
  'the same request with the same key is done once, and answered as the first time',
  { type: 'string', pattern: '^"[a-zA-Z0-9_-]{1,64}"$' },
);
export const base = header('Dsm-Base')('keys are those below it', { type: 'string' });
export const unstorageTtl = header('X-Ttl')('lifetime in seconds; 0: for ever', {
  anyOf: [{ const: 0 }, seconds(0.001, ttlSecondsMax)],
});
export const conditions = [ifMatch, ifNoneMatch, prefer];
