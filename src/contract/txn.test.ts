import { describe, expect, it } from 'vitest';
import {
  type Answer,
  call,
  expectProblem,
  expectWritten,
  get,
  keyUrl,
  put,
  textOf,
} from './call.ts';
import { sharedCluster } from './fixture.ts';

const cluster = sharedCluster({ slaves: 1 });
const operate = (url: string, key: string, query: string, headers = {}): Promise<Answer> =>
  call(`${keyUrl(url, key)}?${query}`, { method: 'POST', headers });
const post = (url: string, path: string, body: unknown, headers = {}): Promise<Answer> =>
  call(`${url}${path}`, { method: 'POST', body: JSON.stringify(body), headers });

describe('increment, get-and-delete and touch', () => {
  it('work at every node', async () => {
    for (const [index, url] of cluster().urls.entries()) {
      const added = await operate(url, 'count', 'op=increment&by=2');
      expect([added.status, added.text]).toEqual([index === 0 ? 201 : 200, String(2 * index + 2)]);
      expectWritten(await put(url, 'taken', `of ${index}`));
      expect((await operate(url, 'taken', 'op=get-and-delete')).text).toBe(`of ${index}`);
      expectProblem(await operate(url, 'taken', 'op=get-and-delete'), 404, 'not_found');
      const revision = expectWritten(await put(url, 'touched', 'v'));
      const touched = await operate(url, 'touched', 'op=touch&ttl=60');
      expect(touched.headers.get('etag')).toBe(`"${revision}"`);
      const expiresIn = Number(touched.headers.get('dsm-expires-in'));
      expect([expiresIn > 30, expiresIn <= 60]).toEqual([true, true]);
      const kept = await operate(url, 'touched', 'op=touch&ttl=none');
      expect(kept.headers.get('dsm-expires-in')).toBeNull();
    }
  });

  it('refuse what they cannot do, and say why', async () => {
    for (const url of cluster().urls) {
      expectWritten(await put(url, 'text', 'abc'));
      expectProblem(await operate(url, 'text', 'op=increment'), 409, 'not_a_number');
      expectProblem(await operate(url, 'text', 'op=double'), 400, 'invalid_request');
      expectProblem(await operate(url, 'none', 'op=touch&ttl=5'), 404, 'not_found');
      const headers = { 'if-match': '"1"', prefer: 'return=representation' };
      const failed = await operate(url, 'text', 'op=increment', headers);
      expect(expectProblem(failed, 412, 'precondition_failed').current).toMatchObject({
        value: 'abc',
      });
    }
  });

  it('count exactly with many clients at once', async () => {
    const { urls } = cluster();
    const numbers = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        operate(urls[i % urls.length] ?? '', 'busy', 'op=increment').then(({ text }) =>
          Number(text),
        ),
      ),
    );
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  });
});

describe('a transaction', () => {
  it('moves between two keys, all or nothing, at every node', async () => {
    for (const url of cluster().urls) {
      await put(url, 'from', '10');
      const before = expectWritten(await put(url, 'to', '0'));
      const move = {
        if: [{ key: 'to', revision: before }],
        then: [
          { op: 'increment', key: 'from', by: -4 },
          { op: 'increment', key: 'to', by: 4 },
        ],
        else: [{ op: 'get', key: 'to' }],
      };
      const first = JSON.parse((await post(url, '/v1/txn', move)).text);
      expect(first).toMatchObject({ succeeded: true, results: [{ number: 6 }, { number: 4 }] });
      const second = JSON.parse((await post(url, '/v1/txn', move)).text);
      expect(second).toMatchObject({
        succeeded: false,
        results: [{ value: '4', revision: first.revision }],
      });
      expect([await textOf(url, 'from'), await textOf(url, 'to')]).toEqual(['6', '4']);
    }
  });

  it('is refused as a whole', async () => {
    const url = cluster().urls.at(-1) ?? '';
    await put(url, 'word', 'abc');
    const body = {
      then: [
        { op: 'put', key: 'never', value: '' },
        { op: 'increment', key: 'word' },
      ],
    };
    const problem = expectProblem(await post(url, '/v1/txn', body), 409, 'not_a_number');
    expect(problem.detail).toContain('then[1]');
    expectProblem(await get(url, 'never'), 404, 'not_found');
    expectProblem(await post(url, '/v1/txn', { then: 3 }), 400, 'invalid_request');
  });
});

describe('a batch', () => {
  it('writes and reads many keys, at every node', async () => {
    for (const url of cluster().urls) {
      const keys = Array.from({ length: 50 }, (_, i) => `batch/${i}`);
      const puts = keys.map((key) => ({ op: 'put', key, value: `value of ${key}` }));
      const written = JSON.parse((await post(url, '/v1/batch', puts)).text);
      expect(written.every(({ status }: { status: string }) => /ated$/.test(status))).toBe(true);
      const gets = keys.map((key) => ({ op: 'get', key }));
      const read = JSON.parse((await post(url, '/v1/batch', gets)).text);
      expect(read.map(({ value }: { value: string }) => value)).toEqual(
        keys.map((key) => `value of ${key}`),
      );
      const removed = await call(`${url}/v1/kv?prefix=batch/`, { method: 'DELETE' });
      expect(JSON.parse(removed.text)).toMatchObject({ deleted: 50, hasMore: false });
      expectProblem(await get(url, 'batch/7'), 404, 'not_found');
    }
  });
});

describe('the same idempotency key', () => {
  it('gives the first result of everything, at another node too, also while it runs', async () => {
    const { urls } = cluster();
    const calls = [
      (url: string, headers: object) => operate(url, 'once', 'op=increment', headers),
      (url: string, headers: object) => operate(url, 'gone', 'op=get-and-delete', headers),
      (url: string, headers: object) =>
        post(url, '/v1/txn', { then: [{ op: 'increment', key: 'once' }] }, headers),
      (url: string, headers: object) =>
        post(url, '/v1/batch', [{ op: 'increment', key: 'once' }], headers),
    ];
    await put(urls[0] ?? '', 'gone', 'v');
    for (const [index, run] of calls.entries()) {
      const headers = { 'idempotency-key': `"request ${index}"` };
      const answers = await Promise.all(urls.map((url) => run(url, headers)));
      expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    }
    expect(await textOf(urls[0] ?? '', 'once')).toBe('3');
    const headers = { 'idempotency-key': '"request 0"' };
    expectProblem(
      await operate(urls[0] ?? '', 'other', 'op=increment', headers),
      422,
      'idempotency_mismatch',
    );
  });
});
