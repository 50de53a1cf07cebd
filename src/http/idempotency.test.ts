import { describe, expect, test } from 'vitest';
import { jsonOf, setUp } from './testing/set-up.ts';

describe('an idempotency key', () => {
  const tagOf = async (headers: Record<string, string>, body = 'v', path = 'a', method = 'PUT') => {
    const { app, node } = setUp();
    const init = method === 'PUT' ? { method, headers, body } : { method, headers };
    const response = await app.request(`/v1/kv/${path}`, init);
    return { response, tag: node.writes[0]?.request };
  };

  test.each([
    ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['8e03978e', '8e03978e'],
    ['"with space"', 'with space'],
    ['a=b/c', 'a=b/c'],
  ])('%s is taken as %s', async (given, id) => {
    const { tag } = await tagOf({ 'idempotency-key': given });
    expect(tag).toMatchObject({ id, keyRevision: 0 });
  });

  test('the revision seen when it was made goes with it', async () => {
    const headers = { 'idempotency-key': 'k', 'dsm-key-revision': '41' };
    expect((await tagOf(headers)).tag).toMatchObject({ id: 'k', keyRevision: 41 });
  });

  test.each([
    [{ 'idempotency-key': '' }],
    [{ 'idempotency-key': '""' }],
    [{ 'idempotency-key': '"open' }],
    [{ 'idempotency-key': 'two, three' }],
    [{ 'idempotency-key': '"a";p=1' }],
    [{ 'idempotency-key': 'x'.repeat(256) }],
    [{ 'idempotency-key': 'k', 'dsm-key-revision': '-1' }],
    [{ 'idempotency-key': 'k', 'dsm-key-revision': '1.5' }],
    [{ 'idempotency-key': 'k', 'dsm-key-revision': '99999999999999999' }],
  ])('%o is refused', async (headers) => {
    const { response, tag } = await tagOf(headers as Record<string, string>);
    expect(response.status).toBe(400);
    expect(await jsonOf(response)).toMatchObject({ code: 'invalid_request' });
    expect(tag).toBeUndefined();
  });

  test('the hash of a payload is the same for the same request, and for no other', async () => {
    const headers = { 'idempotency-key': 'k', 'content-type': 'text/plain' };
    const hashOf = async (...args: Parameters<typeof tagOf>) =>
      (await tagOf(...args)).tag?.payloadHash;
    const hash = await hashOf(headers);
    expect(await hashOf({ ...headers, 'dsm-key-revision': '7' })).toBe(hash);
    const others = await Promise.all([
      hashOf(headers, 'w'),
      hashOf(headers, ''),
      hashOf(headers, 'v', 'b'),
      hashOf({ ...headers, 'if-match': '*' }),
      hashOf({ ...headers, 'if-none-match': '*' }),
      hashOf({ ...headers, 'if-match': '"1"' }),
      hashOf({ ...headers, 'content-type': 'text/html' }),
      hashOf(headers, '', 'a', 'DELETE'),
    ]);
    expect(new Set([hash, ...others]).size).toBe(others.length + 1);
  });

  test('one spelling of a key in its URL is as good as the other', async () => {
    const headers = { 'idempotency-key': 'k' };
    const slash = await tagOf(headers, 'v', 'a/b');
    const escaped = await tagOf(headers, 'v', 'a%2Fb');
    expect(slash.tag).toEqual(escaped.tag);
  });
});
