import { Validator } from '@seriousme/openapi-schema-validator';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DsmError, type ErrorCode } from '../core/errors.ts';
import { answered } from './openapi/document.ts';
import { callsExcept, document, faultOf, operations } from './testing/document-requests.ts';
import { setUp } from './testing/set-up.ts';

/** `/` is for people, the others for nodes and their operators. */
const undocumented = /^\/(?:peer|log|snapshot|v1\/admin(?!\/snapshot))(?:\/|$)|^\/$/;

const pathOf = (route: string) =>
  route
    .replace('/v1/kv/', '/v1/kv/{key}')
    .replace('/v1/locks/', '/v1/locks/{name}')
    .replace('/v1/unstorage/', '/v1/unstorage/{key}')
    .replace(':id', '{id}');

describe('the OpenAPI document', () => {
  test('is valid', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(document));
    expect([valid, errors]).toEqual([true, undefined]);
  });

  test('is served, and names every call of the app and no other', async () => {
    const { app } = setUp();
    const response = await app.request('/openapi.json');
    expect(await response.json()).toEqual(document);
    const routes = app.routes
      .filter(({ path }) => !undocumented.test(path))
      .map(({ method, path }) => `${method.toLowerCase()} ${pathOf(path)}`);
    const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(new Set(calls)).toEqual(new Set(routes));
  });

  test('has a schema for all that it refers to', () => {
    const names = JSON.stringify(document).matchAll(/"#\/components\/(\w+)\/([\w-]+)"/g);
    const components = document.components as unknown as Record<string, Record<string, unknown>>;
    for (const [, kind = '', name = ''] of names) expect(components[kind]?.[name]).toBeDefined();
    for (const name of Object.keys(answered)) expect(components.schemas?.[name]).toBeDefined();
  });
});

describe('the server and its document', () => {
  test('agree: requests derived from it end as it says, and none with a 5xx', async () => {
    const succeeded = new Set<string>();
    // A watch is a stream; it is asked of real nodes.
    const lists = fc.array(callsExcept(['watch']), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(lists, async (calls) => {
        const { app, errors } = setUp();
        // A session, a lock, a text and a number: so that there is something to meet.
        await app.request('/v1/sessions?ttl=60', { method: 'POST' });
        await app.request('/v1/locks/a?session=1', { method: 'POST' });
        await app.request('/v1/kv/a', { method: 'PUT', body: 'text' });
        await app.request('/v1/kv/n?op=increment', { method: 'POST' });
        for (const { id, method, target, headers, body } of calls) {
          const answer = await app.request(target, { method, headers, body });
          expect(answer.status, await answer.clone().text()).toBeLessThan(500);
          if (answer.ok) succeeded.add(id);
          expect(await faultOf(id, answer)).toBeNull();
        }
        expect(errors).toEqual([]);
      }),
      { numRuns: 300 },
    );
    // Refusals alone would prove little.
    const ids = operations.map(({ operationId }) => operationId);
    expect([...succeeded].toSorted()).toEqual(ids.filter((id) => id !== 'watch').toSorted());
  });

  test.each([
    ...(['no_quorum', 'overloaded', 'memory_quota', 'write_timeout'] as const),
    ...(['stepped_down', 'shutting_down', 'disk_failed', 'misdirected'] as const),
  ] satisfies ErrorCode[])('agree on a change that fails with %s', async (code) => {
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const isChange = operation.parameters.some(({ name }) => name === 'Idempotency-Key');
        if (!isChange) continue;
        const { app, node } = setUp();
        node.writeError = new DsmError(code);
        const answer = await app.request(`${path.replace(/\{\w+\}/, '1')}${queryOf(operation)}`, {
          method: method.toUpperCase(),
          headers: { 'dsm-no-forward': '1' },
          body:
            path === '/v1/txn' ? '{}' : path === '/v1/batch' ? '[{"op":"delete","key":"a"}]' : null,
        });
        expect(await faultOf(operation.operationId, answer.clone())).toBeNull();
        // A batch says so of each of its items.
        const text = await answer.text();
        expect(text).toContain(`"code":"${code}"`);
      }
    }
  });

  const queryOf = ({ operationId }: { readonly operationId: string }) =>
    ({
      operate: '?op=increment',
      removeRange: '?prefix=a',
      createSession: '?ttl=1',
      keepAlive: '?op=keep-alive',
      acquireLock: '?ttl=1',
      releaseLock: '?session=1',
    })[operationId] ?? '';
});
