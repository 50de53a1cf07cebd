import fc from 'fast-check';
import { expect, test } from 'vitest';
import { catalogue } from '../core/errors.ts';
import { peerCallNames, peerPaths, toHeaderJson } from './peer-calls.ts';
import { facts, setUp } from './testing/set-up.ts';

const method = fc.constantFrom('GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'PATCH', 'OPTIONS', 'X');

/** Pieces that mean something somewhere, and any others. */
const piece = fc.oneof(
  fc.constantFrom('/', '.', '..', '%', '%2F', '%2e', '%zz', '%00', '%ff', '?', '&', '=', '#', '\\'),
  fc.constantFrom('/v1/kv/', 'a', 'é', '\ud800', '__proto__', '/peer/append', '/log', '@', ':'),
  fc.string({ maxLength: 3 }),
);
const path = fc
  .tuple(
    fc.constantFrom(
      ...['/v1/kv/', '/v1/kv/', '/', '/v1/kv', '/v1/batch', '/v1/txn', '/v1/watch', '/readyz'],
      ...['/v1/unstorage/', '/v1/sessions/', '/v1/sessions', '/v1/locks/', '/v1/admin/members/'],
      ...['/v1/admin/handoff', '/v1/status', '/openapi.json'],
    ),
    fc.array(piece, { maxLength: 8 }),
  )
  .map(([start, pieces]) => start + pieces.join(''));

const headerName = fc.constantFrom(
  ...['if-match', 'if-none-match', 'content-type', 'content-length', 'idempotency-key', 'origin'],
  ...['dsm-key-revision', 'dsm-no-forward', 'dsm-message', 'dsm-secret', 'sec-fetch-site'],
);
const headerValue = fc.oneof(
  fc.constantFrom('*', '"1"', '"1", "2"', 'W/"1"', '', '1', '-1', '{}', 'null', '"', 'cross-site'),
  fc.string({ maxLength: 12 }).map((text) => text.replace(/[^\t -~\u00a0-\u00ff]/g, '')),
  fc.json().map((json) => json.replace(/[^ -~]/g, '')),
);
const headers = fc.dictionary(headerName, headerValue, { maxKeys: 4 });
const body = fc.option(fc.uint8Array({ maxLength: 40 }), { nil: null });

/** `url` may be what no URL parser lets through: Deno shows it as it came. */
function requestOf(
  name: string,
  url: string,
  more: Record<string, string>,
  bytes: BodyInit | null,
) {
  const hasBody = bytes !== null && name !== 'GET' && name !== 'HEAD';
  const init = { method: name, headers: more, ...(hasBody ? { body: bytes } : {}) };
  const request = new Request('http://127.0.0.1/', init);
  Object.defineProperty(request, 'url', { value: url });
  return request;
}

async function expectSoundAnswer(response: Response, isHead: boolean): Promise<void> {
  expect(response.status).not.toBe(500);
  expect(response.headers.get('dsm-node')).toBe(facts['dsm-node']);
  if (response.status < 400 || isHead) return;
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const problem = (await response.json()) as Readonly<Record<string, unknown>>;
  expect(Object.keys(catalogue)).toContain(problem.code);
  expect(problem.status).toBe(response.status);
  expect(['not-applied', 'unknown']).toContain(problem.outcome);
}

test('whatever a client sends, the answer is sound and no accident', async () => {
  const { app, node, errors } = setUp({ isLoopback: true, secret: 's' });
  node.limits = { ...node.limits, valueBytesMax: 30 };
  node.put('a', 'x');
  const requests = fc.tuple(method, path, headers, body);
  await fc.assert(
    fc.asyncProperty(requests, async ([name, rawPath, more, bytes]) => {
      const request = requestOf(name, `http://127.0.0.1${rawPath}`, more, bytes as BodyInit | null);
      await expectSoundAnswer(await app.fetch(request), name === 'HEAD');
      expect(errors).toEqual([]);
    }),
    { numRuns: 1500 },
  );
}, 30_000);

test('whatever another node says, the answer is sound and no accident', async () => {
  const { app, errors } = setUp();
  const value = fc.oneof(
    fc.constantFrom<unknown>(null, true, '', 'http://h:1', -1, 0, 1, 2 ** 53, {}, []),
    fc.record({ epoch: fc.nat(), lsn: fc.nat() }),
    fc.jsonValue({ maxDepth: 1 }),
  );
  const field = fc.constantFrom(
    ...[
      'clusterId',
      'epoch',
      'masterId',
      'masterUrl',
      'prev',
      'committedLsn',
      'startLsn',
      'leaseMs',
    ],
    ...['nodeId', 'url', 'promised', 'synced', 'appliedLsn', 'waitMs', 'echo', 'candidateEpoch'],
    ...['candidateId', 'candidateUrl', 'release', 'key', 'revision', 'committed', 'snapshotId'],
  );
  const message = fc.dictionary(field, value, { maxKeys: 24 });
  const calls = fc.tuple(fc.constantFrom(...peerCallNames), message, body);
  await fc.assert(
    fc.asyncProperty(calls, async ([name, said, bytes]) => {
      const more = { 'dsm-message': toHeaderJson(said) };
      const { method: verb, path: where } = peerPaths[name];
      const request = requestOf(verb, `http://h${where}`, more, bytes as BodyInit | null);
      await expectSoundAnswer(await app.fetch(request), false);
      expect(errors).toEqual([]);
    }),
    { numRuns: 1500 },
  );
}, 30_000);

test('a short cut changes no answer', async () => {
  const cold = setUp();
  const warm = setUp();
  for (const { node } of [cold, warm]) {
    node.put('a', 'x');
    node.put('b/c', 'y', 'text/html');
    node.put('d.e', 'z');
  }
  await warm.app.request('http://127.0.0.1/v1/kv/a');
  const key = fc.constantFrom(
    'a',
    'b/c',
    'b%2Fc',
    'd.e',
    'd%2Ee',
    'none',
    '%zz',
    '',
    '.',
    'a?x',
    'a?',
  );
  const inputs = fc.tuple(method, key, fc.dictionary(headerName, headerValue, { maxKeys: 1 }));
  const seen = async ({ app }: typeof cold, request: Request) => {
    const { status, headers: said, ...rest } = await app.fetch(request);
    return { status, said: [...said], rest };
  };
  await fc.assert(
    fc.asyncProperty(inputs, async ([name, rawKey, more]) => {
      fc.pre(name === 'GET' || name === 'HEAD');
      const url = `http://127.0.0.1/v1/kv/${rawKey}`;
      // The cold app never saw this host before: it has to take the long way.
      await cold.app.request('http://elsewhere/livez');
      const long = await seen(cold, requestOf(name, url, more, null));
      expect(await seen(warm, requestOf(name, url, more, null))).toEqual(long);
    }),
  );
});
