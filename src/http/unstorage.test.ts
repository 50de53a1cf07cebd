import { expect, test } from 'vitest';
import { createTestStore } from '../testing.ts';
import { deleteMax } from './operation-results.ts';

const at = 'http://dsm.test/v1/unstorage/';

test('a base of more keys than one record deletes is cleared whole', async () => {
  await using store = createTestStore();
  const { client } = store;
  const keys = Array.from({ length: deleteMax + 1 }, (_, i) => `many/${i}`);
  for (let from = 0; from < keys.length; from += 1000) {
    const part = keys.slice(from, from + 1000);
    await client.batch(part.map((key) => ({ op: 'put', key, value: '' })));
  }
  await client.put('other', 'stays');
  // The key of the request is not that of its parts: the second would repeat the first for ever.
  const headers = { 'idempotency-key': '"clear"' };
  const request = new Request(`${at}many/:`, { method: 'DELETE', headers });
  expect((await store.fetch(request)).status).toBe(204);
  const left = [];
  for await (const key of client.keys()) left.push(key);
  expect(left).toEqual(['other']);
});

test.each(['', '/', 'users/'])(
  'a key that was left out by mistake clears nothing: DELETE %j',
  async (path) => {
    await using store = createTestStore();
    await store.client.put('users/alice', 'here');
    const clear = (headers = {}) =>
      store.fetch(new Request(at + path, { method: 'DELETE', headers }));
    expect((await clear()).status).toBe(400);
    expect(await store.client.get('users/alice')).not.toBeNull();
    expect((await clear({ 'dsm-base': '' })).status).toBe(204);
    expect(await store.client.get('users/alice')).toBeNull();
  },
);

test.each([
  ['1e3', 1000],
  ['0.30000000000000004', 0.3],
  ['0', undefined],
])('a lifetime of %s is what JavaScript means by it', async (ttl, seconds) => {
  await using store = createTestStore();
  const init = { method: 'PUT', body: 'v', headers: { 'x-ttl': ttl } };
  expect((await store.fetch(new Request(`${at}k`, init))).status).toBe(201);
  const expiresIn = (await store.client.get('k'))?.expiresIn;
  if (seconds === undefined) expect(expiresIn).toBeUndefined();
  else expect(expiresIn).toBeLessThanOrEqual(seconds);
  const bad = { ...init, headers: { 'x-ttl': 'soon' } };
  expect((await store.fetch(new Request(`${at}k`, bad))).status).toBe(400);
});

test('a text is never answered as something that a browser would run', async () => {
  await using store = createTestStore();
  await store.client.put('page', '<script>', { contentType: 'text/html' });
  const read = await store.fetch(new Request(`${at}page`));
  expect(read.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(read.headers.get('x-content-type-options')).toBe('nosniff');
  const headers = { accept: 'application/octet-stream' };
  const raw = await store.fetch(new Request(`${at}page`, { headers }));
  expect(raw.headers.get('content-type')).toBe('application/octet-stream');
  expect(await raw.text()).toBe('<script>');
});
