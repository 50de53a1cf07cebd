import { describe, expect, it } from 'vitest';
import { call, expectProblem, expectWritten, get, keyUrl, put, remove, textOf } from './call.ts';
import { sharedCluster } from './fixture.ts';

const cluster = sharedCluster({ slaves: 1 });
const master = async () => (await cluster().active()).url;
const etag = (revision: number) => `"${revision}"`;

describe('If-None-Match on a READ', () => {
  it('is 304 while the client holds the newest revision, at every node', async () => {
    const revision = expectWritten(await put(await master(), 'held', 'v'));
    for (const url of cluster().urls) {
      const headers = { 'if-none-match': etag(revision) };
      const response = await call(`${keyUrl(url, 'held')}?min-revision=${revision}`, { headers });
      expect([response.status, response.text]).toEqual([304, '']);
      expect(response.headers.get('etag')).toBe(etag(revision));
    }
  });

  it('is 200 with the bytes after a change', async () => {
    const url = await master();
    const revision = expectWritten(await put(url, 'changed', 'old'));
    expectWritten(await put(url, 'changed', 'new'));
    const headers = { 'if-none-match': etag(revision) };
    const response = await call(keyUrl(url, 'changed'), { headers });
    expect([response.status, response.text]).toEqual([200, 'new']);
  });
});

describe('If-Match', () => {
  it('writes where the revision is the key’s, at any node', async () => {
    for (const url of cluster().urls) {
      const revision = expectWritten(await put(url, 'match', 'a'));
      const second = await put(url, 'match', 'b', { 'if-match': etag(revision) });
      expectWritten(second);
      const late = await put(url, 'match', 'c', { 'if-match': etag(revision) });
      const problem = expectProblem(late, 412, 'precondition_failed');
      expect(problem).toMatchObject({ outcome: 'not-applied', retryable: false });
      expect(etag(Number(problem.currentRevision))).toBe(second.headers.get('etag'));
      expect(await textOf(url, 'match')).toBe('b');
    }
  });

  it('* writes where there is a value', async () => {
    const url = await master();
    const headers = { 'if-match': '*' };
    const absent = await put(url, 'star', 'v', headers);
    expect(expectProblem(absent, 412, 'precondition_failed')).toMatchObject({
      currentRevision: 0,
    });
    expectWritten(await put(url, 'star', 'v'));
    expectWritten(await put(url, 'star', 'w', headers));
  });

  it('deletes only the revision that is meant', async () => {
    const url = await master();
    const revision = expectWritten(await put(url, 'delete', 'a'));
    expectWritten(await put(url, 'delete', 'b'));
    const late = await remove(url, 'delete', { 'if-match': etag(revision) });
    const problem = expectProblem(late, 412, 'precondition_failed');
    const headers = { 'if-match': etag(Number(problem.currentRevision)) };
    expect((await remove(url, 'delete', headers)).status).toBe(204);
  });

  it('lets one of many writers through', async () => {
    const revision = expectWritten(await put(await master(), 'race', 'start'));
    const headers = { 'if-match': etag(revision) };
    const responses = await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const url = cluster().urls[index % cluster().urls.length] ?? '';
        return put(url, 'race', `winner ${index}`, headers);
      }),
    );
    const winners = responses.flatMap(({ status }, index) => (status === 200 ? [index] : []));
    expect(winners).toHaveLength(1);
    expect(responses.filter(({ status }) => status === 412)).toHaveLength(19);
    expect(await textOf(await master(), 'race')).toBe(`winner ${winners[0]}`);
  });
});

describe('If-None-Match: *', () => {
  it('writes only what is not there', async () => {
    const url = await master();
    const headers = { 'if-none-match': '*' };
    const created = await put(url, 'create', 'first', headers);
    expect(created.status).toBe(201);
    const problem = expectProblem(
      await put(url, 'create', 'second', headers),
      412,
      'precondition_failed',
    );
    expect(etag(Number(problem.currentRevision))).toBe(created.headers.get('etag'));
    expect(await textOf(url, 'create')).toBe('first');
    await remove(url, 'create');
    expect((await put(url, 'create', 'third', headers)).status).toBe(201);
  });
});

it('a condition that cannot be understood is 400, and nothing happens', async () => {
  const url = await master();
  for (const headers of [
    { 'if-match': 'W/"1"' },
    { 'if-match': '"1", "2"' },
    { 'if-match': '1' },
    { 'if-none-match': '"1"' },
    { 'if-match': '*', 'if-none-match': '*' },
  ]) {
    const response = await put(url, 'misread', 'v', headers as Record<string, string>);
    expectProblem(response, 400, 'invalid_request');
  }
  expect((await get(url, 'misread')).status).toBe(404);
});

describe('an idempotency key', () => {
  it('gives a retry the first result, at whichever node it arrives', async () => {
    const headers = { 'idempotency-key': '"once-1"' };
    const first = await put(await master(), 'once', 'v', headers);
    expectWritten(await put(await master(), 'once', 'later'));
    for (const url of cluster().urls) {
      const retry = await put(url, 'once', 'v', headers);
      expect([retry.status, retry.headers.get('etag')]).toEqual([201, first.headers.get('etag')]);
    }
    expect(await textOf(await master(), 'once')).toBe('later');
  });

  it('counts attempts that run at the same time as one', async () => {
    const headers = { 'idempotency-key': 'once-2' };
    const responses = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        put(cluster().urls[index % cluster().urls.length] ?? '', 'together', 'v', headers),
      ),
    );
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(responses.map((response) => response.headers.get('etag'))).size).toBe(1);
  });

  it('remembers a refusal, and a DELETE', async () => {
    const url = await master();
    const refused = { 'idempotency-key': 'once-3', 'if-match': '"1"' };
    expectProblem(await put(url, 'refused', 'v', refused), 412, 'precondition_failed');
    expectProblem(await put(url, 'refused', 'v', refused), 412, 'precondition_failed');
    expectWritten(await put(url, 'deleted-once', 'v'));
    const headers = { 'idempotency-key': 'once-4' };
    expect((await remove(url, 'deleted-once', headers)).status).toBe(204);
    expectWritten(await put(url, 'deleted-once', 'back'));
    expect((await remove(url, 'deleted-once', headers)).status).toBe(204);
    expect(await textOf(url, 'deleted-once')).toBe('back');
  });

  it('of another request is 422', async () => {
    const url = await master();
    const headers = { 'idempotency-key': 'once-5' };
    expectWritten(await put(url, 'mismatch', 'v', headers));
    const others = [
      await put(url, 'mismatch', 'w', headers),
      await put(url, 'mismatch-2', 'v', headers),
      await put(url, 'mismatch', 'v', { ...headers, 'content-type': 'a/b' }),
      await remove(url, 'mismatch', headers),
    ];
    for (const other of others) expectProblem(other, 422, 'idempotency_mismatch');
    expect(await textOf(url, 'mismatch')).toBe('v');
  });
});
