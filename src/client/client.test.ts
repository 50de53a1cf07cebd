import { describe, expect, it } from 'vitest';
import { createClient } from './client.ts';
import { answer, FakeNetwork, type FakeNode } from './testing.ts';
import type { ClientOptions } from './types.ts';

const a = 'http://a:1';
const b = 'http://b:1';

/** A client of two masters; `a` is the primary. */
function setUp(nodes: Record<string, FakeNode>, options: Partial<ClientOptions> = {}) {
  const network = new FakeNetwork();
  for (const [url, node] of Object.entries(nodes)) network.nodes.set(url, node);
  const { environment, time } = network;
  const client = createClient({ masters: [a, b], environment, ...options });
  return { client, network, time };
}

const stored: FakeNode = ({ path, method }) => {
  if (path === '/livez') return answer(200);
  if (method === 'PUT') return answer(201, null, { etag: '"8"' });
  if (method === 'DELETE') return answer(204);
  return answer(200, '{"n":1}', { etag: '"5"', 'content-type': 'application/json' });
};

const circle: unknown[] = [];
circle.push(circle);

const epoch = '1970-01-01T00:00:00.000Z';

describe('a client of a healthy cluster', () => {
  it('reads an entry with its revision, content type, text and JSON', async () => {
    const { client, time } = setUp({ [a]: stored });
    const entry = await time.run(client.get('k'));
    expect(entry).toMatchObject({ key: 'k', revision: 5, contentType: 'application/json' });
    expect(entry?.text()).toBe('{"n":1}');
    expect(entry?.json()).toEqual({ n: 1 });
    expect(entry?.value).toEqual(new TextEncoder().encode('{"n":1}'));
  });

  it('reads a byte order mark as a part of a text, and JSON without it', async () => {
    const { client, time } = setUp({ [a]: () => answer(200, '\ufeff1', { etag: '"5"' }) });
    const entry = await time.run(client.get('k'));
    expect(entry?.text()).toBe('\ufeff1');
    expect(entry?.json()).toBe(1);
  });

  it('reads null where the key is absent', async () => {
    const { client, time } = setUp({ [a]: () => answer(404, { code: 'not_found' }) });
    expect(await time.run(client.get('k'))).toBeNull();
  });

  it('does not take the 404 of a missing route for an absent key', async () => {
    const { client, time } = setUp({ [a]: () => answer(404, { code: 'no_route' }) });
    await expect(time.run(client.get('k'))).rejects.toMatchObject({ code: 'no_route' });
  });

  it('asks for the consistency and the revision that it was told to', async () => {
    const { client, network, time } = setUp({ [a]: stored });
    await time.run(client.get('k', { consistency: 'stale', minRevision: 12 }));
    expect(network.requests[0]?.path).toBe('/v1/kv/k?consistency=stale&min-revision=12');
  });

  it.each([
    ['text', 'é', 'text/plain;charset=utf-8', 'é'],
    ['bytes', new Uint8Array([65]), 'application/octet-stream', 'A'],
    ['JSON', { x: [1, null] }, 'application/json', '{"x":[1,null]}'],
    ['a date within', { at: new Date(0), no: undefined }, 'application/json', `{"at":"${epoch}"}`],
    ['a number', 5, 'application/json', '5'],
  ])('stores %s', async (_, value, contentType, body) => {
    const { client, network, time } = setUp({ [a]: stored });
    const written = await time.run(client.put('k', value));
    expect(written).toEqual({ ok: true, revision: 8, created: true });
    const put = network.requests.at(-1);
    expect(put?.headers.get('content-type')).toBe(contentType);
    expect(put?.body).toBe(body);
  });

  it.each([
    ['a Map', new Map()],
    ['a function', () => 1],
    ['other views of bytes', new Uint16Array(2)],
    ['a circle', circle],
    ['half a surrogate pair', 'x\ud800'],
    ['what is no number', Number.NaN],
    ['what JSON would lose', { deep: [{ at: Number.POSITIVE_INFINITY }] }],
    ['a Map within', { names: new Map() }],
    ['a function within', [() => 1]],
  ])('refuses to store %s before sending', async (_, value) => {
    const { client, network, time } = setUp({ [a]: stored });
    await expect(time.run(client.put('k', value))).rejects.toMatchObject({
      code: 'invalid_request',
    });
    expect(network.requests).toEqual([]);
  });

  it('tells whether a delete found something', async () => {
    const { client, time } = setUp({ [a]: stored, [b]: stored });
    expect(await time.run(client.delete('k'))).toEqual({ ok: true, deleted: true });
    const absent = setUp({
      [a]: ({ path }) => (path === '/livez' ? answer(200) : answer(404, { code: 'not_found' })),
    });
    expect(await absent.time.run(absent.client.delete('k'))).toEqual({ ok: true, deleted: false });
  });

  it('encodes the key as a whole', async () => {
    const { client, network, time } = setUp({ [a]: stored });
    await time.run(client.get('a/../%2e?#é'));
    expect(network.requests[0]?.path).toBe('/v1/kv/a%2F..%2F%252e%3F%23%C3%A9');
  });

  it.each([
    ['empty', ''],
    ['a dot', '.'],
    ['two dots', '..'],
    ['half a surrogate pair', 'x\ud800'],
    ['too long', 'k'.repeat(1025)],
    ['too long in UTF-8', 'é'.repeat(513)],
  ])('refuses a key that is %s before sending', async (_, key) => {
    const { client, network, time } = setUp({ [a]: stored });
    await expect(time.run(client.get(key))).rejects.toMatchObject({ code: 'invalid_key' });
    await expect(time.run(client.put(key, 'v'))).rejects.toMatchObject({ code: 'invalid_key' });
    await expect(time.run(client.delete(key))).rejects.toMatchObject({ code: 'invalid_key' });
    expect(network.requests).toEqual([]);
  });
});

describe('preconditions', () => {
  const conflicting: FakeNode = ({ path }) =>
    path === '/livez'
      ? answer(200)
      : answer(412, { code: 'precondition_failed', currentRevision: 42 });

  it('are values, not exceptions, when they do not hold', async () => {
    const { client, time } = setUp({ [a]: conflicting });
    const conflict = { ok: false, currentRevision: 42 };
    expect(await time.run(client.put('k', 'v', { ifRevision: 3 }))).toEqual(conflict);
    expect(await time.run(client.delete('k', { ifRevision: 3 }))).toEqual(conflict);
  });

  it.each([
    [{ ifRevision: 3 } as const, 'if-match', '"3"'],
    // As a read says it of an absent key, and a conflict.
    [{ ifRevision: 0 } as const, 'if-none-match', '*'],
    [{ ifPresent: true } as const, 'if-match', '*'],
    [{ ifAbsent: true } as const, 'if-none-match', '*'],
  ])('%j is sent as %s: %s', async (condition, name, value) => {
    const { client, network, time } = setUp({ [a]: stored });
    await time.run(client.put('k', 'v', condition));
    expect(network.requests.at(-1)?.headers.get(name)).toBe(value);
  });

  it.each([-1, 1.5, Number.NaN])('refuses the revision %d', async (ifRevision) => {
    const { client, time } = setUp({ [a]: stored });
    await expect(time.run(client.put('k', 'v', { ifRevision }))).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });
});

describe('exactly once', () => {
  it('sends the same idempotency key and key revision with every attempt', async () => {
    const { client, network, time } = setUp({
      [a]: ({ path }) => (path === '/livez' ? answer(200) : 'break'),
      [b]: stored,
    });
    await time.run(client.put('k', 'v'));
    const puts = network.requests.filter((request) => request.method === 'PUT');
    const keys = puts.map((put) => put.headers.get('idempotency-key'));
    expect(keys).toEqual(['"key-1"', '"key-1"']);
    expect(puts.map((put) => put.headers.get('dsm-key-revision'))).toEqual(['7', '7']);
  });

  it('makes another key for another call', async () => {
    const { client, network, time } = setUp({ [a]: stored });
    await time.run(client.put('k', 'v'));
    await time.run(client.delete('k'));
    const keys = network.requests.map((request) => request.headers.get('idempotency-key'));
    expect(keys).toEqual([null, '"key-1"', '"key-2"']);
  });

  it('asks for the revision again after a pause, so that the key is not too old', async () => {
    const { client, network, time } = setUp({ [a]: stored });
    const paths = () => network.requests.map((request) => request.path);
    await time.run(client.put('k', 'v'));
    await time.run(client.put('k', 'v'));
    expect(paths()).toEqual(['/livez', '/v1/kv/k', '/v1/kv/k']);
    time.nowMs += 1001;
    await time.run(client.put('k', 'v'));
    expect(paths().slice(3)).toEqual(['/livez', '/v1/kv/k']);
  });

  it('uses the key and the revision that it is given', async () => {
    const { client, network, time } = setUp({ [a]: stored });
    await time.run(client.put('k', 'v', { idempotencyKey: 'order 17', keyRevision: 3 }));
    expect(network.requests).toHaveLength(1);
    expect(network.requests[0]?.headers.get('idempotency-key')).toBe('"order 17"');
    expect(network.requests[0]?.headers.get('dsm-key-revision')).toBe('3');
  });

  it.each(['', 'a"b', 'é', 'x'.repeat(256)])('refuses the idempotency key %j', async (key) => {
    const { client, time } = setUp({ [a]: stored });
    await expect(time.run(client.put('k', 'v', { idempotencyKey: key }))).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });
});

describe('the status', () => {
  it('is that of the node that was named', async () => {
    const status = { nodeId: 'n2', state: 'standby', members: [] };
    const { client, network, time } = setUp({ [b]: () => answer(200, status) });
    expect(await time.run(client.status({ node: b }))).toMatchObject(status);
    expect(network.log).toEqual([`GET ${b}`]);
  });

  it('of a standby tells who is active', async () => {
    const status = { nodeId: 'n1', state: 'standby', members: [], epoch: 1, master: { url: b } };
    const { client, network, time } = setUp({
      [a]: () => answer(200, status, { 'dsm-role': 'standby' }),
      [b]: stored,
    });
    await time.run(client.status());
    await time.run(client.get('k'));
    expect(network.log).toEqual([`GET ${a}`, `GET ${b}`]);
  });

  it('is refused where it is none', async () => {
    const { client, time } = setUp({ [a]: () => answer(200, { hello: 'world' }) });
    await expect(time.run(client.status())).rejects.toMatchObject({ code: 'internal' });
  });
});

describe('what cannot be sent', () => {
  it('is refused at once: no node has anything to do with it', async () => {
    const { client, network, time } = setUp({ [a]: stored });
    const contentType = 'text/plain\r\nx: y';
    await expect(time.run(client.put('k', 'v', { contentType }))).rejects.toMatchObject({
      code: 'invalid_request',
      outcome: 'not-applied',
    });
    expect(network.requests.filter(({ method }) => method === 'PUT')).toEqual([]);
    expect(() => createClient({ masters: [a], headers: { 'x y': 'z' } })).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
  });

  it('is a port that fetch refuses, and that is said', async () => {
    const client = createClient({ masters: ['http://127.0.0.1:1'] });
    await expect(client.get('k')).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('a client is refused', () => {
  it.each([
    ['no masters', []],
    ['something that is no URL', ['127.0.0.1:12345']],
    ['another protocol', ['ftp://a']],
    ['a query', ['http://a/?x=1']],
  ])('for %s', (_, masters) => {
    expect(() => createClient({ masters })).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
  });
});
