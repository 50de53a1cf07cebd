import { describe, expect, it } from 'vitest';
import { answer, type FakeRequest } from './testing.ts';
import { a, onWrite, setUp } from './testing-client.ts';

/** A node that answers every change so, and keeps what it was asked. */
function answering(give: () => Response) {
  const asked: FakeRequest[] = [];
  const node = onWrite((request) => {
    asked.push(request);
    return give();
  });
  return { ...setUp({ [a]: node }), asked };
}

const pathOf = (asked: readonly FakeRequest[]) =>
  asked.map(({ method, path }) => `${method} ${path}`);
const jsonOf = (asked: readonly FakeRequest[]): unknown => JSON.parse(asked[0]?.body ?? '');

describe('changes of one key', () => {
  it('increment gives the new number', async () => {
    const { client, time, asked } = answering(() => answer(201, '5', { etag: '"7"' }));
    const result = await time.run(client.increment('n', { by: 5, ttl: 60 }));
    expect(result).toEqual({ number: 5, revision: 7, created: true });
    expect(pathOf(asked)).toEqual(['POST /v1/kv/n?op=increment&by=5&ttl=60']);
    expect(asked[0]?.headers.get('idempotency-key')).toBe('"key-1"');
    await time.run(client.increment('n'));
    expect(asked[1]?.path).toBe('/v1/kv/n?op=increment&by=1');
  });

  it('times are rounded to what nodes take, and nothing given becomes another parameter', async () => {
    const { client, time, asked } = answering(() => answer(200, '5', { etag: '"7"' }));
    await time.run(client.put('k', 'v', { ttl: 0.1 + 0.2 }));
    await time.run(client.touch('k', 100 / 3));
    await time.run(client.increment('k', { by: '1&ttl=0.5' as never, ttl: 1e-4 + 1 }));
    expect(pathOf(asked)).toEqual([
      'PUT /v1/kv/k?ttl=0.3',
      'POST /v1/kv/k?op=touch&ttl=33.333',
      'POST /v1/kv/k?op=increment&by=1%26ttl%3D0.5&ttl=1',
    ]);
  });

  it('increment of something else throws, and nothing was done', async () => {
    const problem = {
      code: 'not_a_number',
      outcome: 'not-applied',
      retryable: false,
      detail: 'no',
    };
    const { client, time } = answering(() => answer(409, problem));
    const failed = time.run(client.increment('n'));
    await expect(failed).rejects.toMatchObject({ code: 'not_a_number', outcome: 'not-applied' });
  });

  it('getAndDelete gives the entry, or null', async () => {
    const there = answering(() => answer(200, 'v', { etag: '"7"', 'content-type': 'a/b' }));
    const entry = await there.time.run(there.client.getAndDelete('k'));
    expect([entry?.text(), entry?.revision, entry?.contentType]).toEqual(['v', 7, 'a/b']);
    expect(pathOf(there.asked)).toEqual(['POST /v1/kv/k?op=get-and-delete']);
    const absent = answering(() => answer(404, { code: 'not_found' }));
    expect(await absent.time.run(absent.client.getAndDelete('k'))).toBeNull();
  });

  it('touch says whether the key was there', async () => {
    const { client, time, asked } = answering(() => answer(200, null, { etag: '"7"' }));
    expect(await time.run(client.touch('k', 1.5))).toBe(true);
    expect(await time.run(client.touch('k', null))).toBe(true);
    expect(pathOf(asked)).toEqual([
      'POST /v1/kv/k?op=touch&ttl=1.5',
      'POST /v1/kv/k?op=touch&ttl=none',
    ]);
    const absent = answering(() => answer(404, { code: 'not_found' }));
    expect(await absent.time.run(absent.client.touch('k', 1))).toBe(false);
  });

  it('create and update are puts with a precondition; a lifetime is in seconds', async () => {
    const { client, time, asked } = answering(() => answer(412, { currentRevision: 9 }));
    const conflict = { ok: false, currentRevision: 9 };
    expect(await time.run(client.create('k', 'v', { ttl: 30 }))).toEqual(conflict);
    expect(await time.run(client.update('k', 'v', 8))).toEqual(conflict);
    expect(pathOf(asked)).toEqual(['PUT /v1/kv/k?ttl=30', 'PUT /v1/kv/k']);
    const conditions = asked.map(({ headers }) => [
      headers.get('if-none-match'),
      headers.get('if-match'),
    ]);
    expect(conditions).toEqual([
      ['*', null],
      [null, '"8"'],
    ]);
  });
});

describe('a transaction', () => {
  it('is sent as a whole, and gives a result for each operation', async () => {
    const results = [
      { op: 'put', key: 'a', status: 'created', revision: 9 },
      { op: 'increment', key: 'n', status: 'updated', revision: 9, number: 4, expiresIn: 1.5 },
      {
        ...{ op: 'get', key: 'g', status: 'found', revision: 3 },
        ...{ value: 'AP8=', encoding: 'base64', contentType: 'a/b' },
      },
    ];
    const whole = { succeeded: true, revision: 9, results };
    const { client, time, asked } = answering(() => answer(200, whole));
    const txn = client
      .txn()
      .check('a', { exists: false })
      .check('v', { value: 'old', revision: 4 })
      .put('a', { x: 1 }, { ttl: 5 })
      .put('b', new Uint8Array([0, 255]))
      .increment('n', -2)
      .get('g')
      .delete('d')
      .touch('t', null)
      .else((list) => list.get('a'));
    const result = await time.run(txn.commit({ idempotencyKey: 'once' }));
    expect(result).toMatchObject({ ok: true, revision: 9, results: [{ entry: null }, {}, {}] });
    expect(result.results[1]).toMatchObject({ number: 4, expiresIn: 1.5 });
    expect(result.results[2]?.entry?.value).toEqual(new Uint8Array([0, 255]));
    expect(pathOf(asked)).toEqual(['POST /v1/txn']);
    expect(asked[0]?.headers.get('idempotency-key')).toBe('"once"');
    expect(jsonOf(asked)).toEqual({
      if: [
        { key: 'a', exists: false },
        { key: 'v', revision: 4, value: 'old', encoding: 'utf-8' },
      ],
      then: [
        {
          ...{ op: 'put', key: 'a', ttl: 5, value: '{"x":1}', encoding: 'utf-8' },
          contentType: 'application/json',
        },
        {
          ...{ op: 'put', key: 'b', value: 'AP8=', encoding: 'base64' },
          contentType: 'application/octet-stream',
        },
        { op: 'increment', key: 'n', by: -2 },
        { op: 'get', key: 'g' },
        { op: 'delete', key: 'd' },
        { op: 'touch', key: 't', ttl: null },
      ],
      else: [{ op: 'get', key: 'a' }],
    });
  });

  it('whose check does not hold is a result', async () => {
    const { client, time } = answering(() =>
      answer(200, { succeeded: false, revision: 9, results: [] }),
    );
    const result = await time.run(client.txn().check('a', { revision: 3 }).delete('a').commit());
    expect(result).toEqual({ ok: false, revision: 9, results: [] });
  });

  it('with a key that is none is not sent', async () => {
    const { client, time, asked } = answering(() => answer(200));
    const commit = time.run(client.txn().put('..', 1).commit());
    await expect(commit).rejects.toMatchObject({ code: 'invalid_key' });
    expect(asked).toEqual([]);
  });

  it.each([{}, { succeeded: true, revision: 1, results: [{ op: 'get' }] }])(
    'answered by %o is an error',
    async (body) => {
      const { client, time } = answering(() => answer(200, body));
      const commit = time.run(client.txn().get('a').commit());
      await expect(commit).rejects.toMatchObject({ code: 'internal' });
    },
  );
});
