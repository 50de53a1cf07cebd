import { describe, expect, test } from 'vitest';
import { DsmError } from '../core/errors.ts';
import type { ListedEntry } from '../core/list-page.ts';
import { facts, factsOf, jsonOf, setUp } from './testing/set-up.ts';

const entry = (key: string, bytes: readonly number[], contentType = 'text/plain'): ListedEntry => ({
  ...{ key, contentType, value: new Uint8Array(bytes), revision: 4 },
  ...{ expiresAtMs: 0, ttlLsn: 0, session: 0, hash: 0 },
});

describe('a list', () => {
  test('is JSON, at one revision, with values that are text as text', async () => {
    const { app, node } = setUp();
    node.page = {
      revision: 9,
      entries: [entry('a', [0x68, 0x69]), entry('b', [0xff], 'application/octet-stream')],
      next: null,
    };
    const response = await app.request('/v1/kv');
    expect([response.status, factsOf(response)]).toEqual([200, facts]);
    expect(response.headers.get('content-type')).toBe('application/json');
    const head = { revision: 4, bytes: 2, contentType: 'text/plain' };
    expect(await jsonOf(response)).toEqual({
      revision: 9,
      entries: [
        { key: 'a', ...head, value: 'hi', encoding: 'utf-8' },
        {
          ...{ key: 'b', revision: 4, bytes: 1, contentType: 'application/octet-stream' },
          ...{ value: '/w==', encoding: 'base64' },
        },
      ],
      next: null,
    });
    const withoutValues = await jsonOf(await app.request('/v1/kv?values=none'));
    expect((withoutValues.entries as object[])[0]).toEqual({ key: 'a', ...head });
  });

  test.each([
    ['', { range: { start: '', end: null }, isReverse: false, after: null, limit: 100 }],
    ['prefix=a/', { range: { start: 'a/', end: 'a0' }, hasValues: true }],
    ['prefix=a&start=ab&end=x', { range: { start: 'ab', end: 'b' } }],
    ['start=%F0%9F%98%80&reverse=true', { range: { start: '😀', end: null }, isReverse: true }],
    ['prefix=a+b%2Bc', { range: { start: 'a b+c', end: 'a b+d' } }],
    ['limit=1000&values=none', { limit: 1000, hasValues: false }],
  ])('?%s asks the node for that', async (query, expected) => {
    const { app, node } = setUp();
    expect((await app.request(`/v1/kv?${query}`)).status).toBe(200);
    expect(node.lists).toHaveLength(1);
    expect(node.lists[0]?.query).toMatchObject(expected);
    expect(node.lists[0]?.options).toEqual({ consistency: 'linearizable', minRevision: 0 });
  });

  test('takes the options of a READ', async () => {
    const { app, node } = setUp();
    await app.request('/v1/kv?consistency=stale&min-revision=7');
    expect(node.lists[0]?.options).toEqual({ consistency: 'stale', minRevision: 7 });
  });

  test.each(['a', 'ä😀', 'with space/and+plus'])(
    'goes on behind %s, by the cursor that the page gave',
    async (key) => {
      const { app, node } = setUp();
      node.page = { revision: 9, entries: [entry(key, [])], next: key };
      const { next } = await jsonOf(await app.request('/v1/kv?limit=1'));
      await app.request(`/v1/kv?limit=1&after=${next}`);
      expect(node.lists[1]?.query.after).toBe(key);
    },
  );

  test.each([
    ['limit=0', 'limit must be a whole number from 1 to 1000'],
    ['limit=1001', 'limit must be a whole number from 1 to 1000'],
    ['limit=ten', 'limit must be'],
    ['reverse=yes', 'reverse must be one of false, true'],
    ['values=hex', 'values must be one of auto, base64, none'],
    ['after=a', 'after must be the \\"next\\" of a page'],
    ['after=', 'after must be'],
    ['prefix=%zz', 'a percent sign must begin the escape of a byte'],
    ['prefix=%ff', 'the bytes must be UTF-8'],
    ['prefx=a', 'unknown query parameter \\"prefx\\"'],
    ['prefix=a&prefix=b', 'a query parameter is there twice'],
    ['consistency=no', 'consistency must be one of'],
  ])('?%s is 400 and says why', async (query, reason) => {
    const { app, node } = setUp();
    const response = await app.request(`/v1/kv?${query}`);
    const text = await response.text();
    expect([response.status, text]).toEqual([400, expect.stringContaining(reason)]);
    expect(node.lists).toEqual([]);
  });

  test('a prefix longer than any key is refused', async () => {
    const { app } = setUp();
    const ask = (prefix: string) => app.request(`/v1/kv?prefix=${encodeURIComponent(prefix)}`);
    expect((await ask('ä'.repeat(512))).status).toBe(200);
    const response = await ask('ä'.repeat(513));
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('prefix has 1026 bytes');
  });

  test('a node that cannot answer says why', async () => {
    const { app, node } = setUp();
    node.readError = new DsmError('catching_up');
    expect((await app.request('/v1/kv')).status).toBe(503);
  });

  test('PUT at the list is 405, and says what is allowed', async () => {
    const response = await setUp().app.request('/v1/kv', { method: 'PUT', body: 'x' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toContain('GET, HEAD');
  });
});
