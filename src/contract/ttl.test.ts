import { describe, expect, it } from 'vitest';
import { type Answer, call, expectProblem, expectWritten, get, keyUrl, put } from './call.ts';
import { clusterForTest, sharedCluster } from './fixture.ts';
import { until } from './until.ts';

const cluster = sharedCluster({ slaves: 1 });
const putFor = (url: string, key: string, ttl: string): Promise<Answer> =>
  call(`${keyUrl(url, key)}?ttl=${ttl}`, { method: 'PUT', body: 'v' });
const expiresIn = ({ headers }: Answer) => Number(headers.get('dsm-expires-in') ?? Number.NaN);

describe('a key with a lifetime', () => {
  it('says at every node how long it has to live', async () => {
    for (const url of cluster().urls) {
      const revision = expectWritten(await putFor(url, 'lives', '600'));
      for (const other of cluster().urls) {
        const answer = await get(other, 'lives', `?min-revision=${revision}`);
        expect([answer.status, answer.text]).toEqual([200, 'v']);
        expect(expiresIn(answer)).toBeGreaterThan(500);
        expect(expiresIn(answer)).toBeLessThanOrEqual(600);
      }
    }
  });

  it('is gone when it has ended, at every node alike', async () => {
    const [first = ''] = cluster().urls;
    expectWritten(await putFor(first, 'ends', '0.3'));
    await until('it has ended', async () => (await get(first, 'ends')).status === 404);
    // Whoever asks after somebody was told that it is gone is told the same.
    for (const url of cluster().urls) expectProblem(await get(url, 'ends'), 404, 'not_found');
    const created = await put(first, 'ends', 'v', { 'if-none-match': '*' });
    expect(created.status).toBe(201);
    expect((await get(first, 'ends')).headers.get('dsm-expires-in')).toBeNull();
  });

  it('lives for ever after a plain write', async () => {
    const [first = ''] = cluster().urls;
    expectWritten(await putFor(first, 'kept', '1'));
    expectWritten(await put(first, 'kept', 'for ever'));
    expectWritten(await putFor(first, 'clock', '1.2'));
    await until('the old end has passed', async () => (await get(first, 'clock')).status === 404);
    for (const url of cluster().urls) expect((await get(url, 'kept')).text).toBe('for ever');
  });

  it('refuses what is no lifetime, and says what is', async () => {
    for (const url of cluster().urls) {
      const problem = expectProblem(await putFor(url, 'bad', '0'), 400, 'invalid_request');
      expect(problem.detail).toContain('ttl must be seconds from 0.001');
    }
  });

  it('is not lost and not kept by a failover', async () => {
    const own = await clusterForTest({ slaves: 2 });
    const master = await own.active();
    expectWritten(await putFor(master.url, 'long', '600'));
    expectWritten(await putFor(master.url, 'short', '3'));
    await master.kill();
    const next = await own.active(master);
    const long = await get(next.url, 'long');
    expect([long.status, expiresIn(long) > 500]).toEqual([200, true]);
    await until('the short one ends', async () => (await get(next.url, 'short')).status === 404);
  });
});
