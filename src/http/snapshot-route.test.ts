import { describe, expect, test } from 'vitest';
import { DsmError } from '../core/errors.ts';
import { SnapshotCheck } from '../core/snapshot-check.ts';
import { viewsMax } from '../node/state-views.ts';
import { snapshotPath } from './snapshot-route.ts';
import { facts, factsOf, jsonOf, setUp } from './testing/set-up.ts';
import { stalledMs } from './watch-stream.ts';

/** Several chunks of it. */
function stage(options: Parameters<typeof setUp>[0] = {}) {
  const stage = setUp(options);
  for (let key = 0; key < 20; key += 1) stage.node.put(`key-${key}`, 'x'.repeat(50_000));
  return stage;
}

describe('a snapshot over HTTP', () => {
  test('is the whole state at the revision that it says, whatever is written meanwhile', async () => {
    const { app, node } = stage();
    const answer = await app.request(snapshotPath);
    expect([answer.status, factsOf(answer)]).toEqual([200, facts]);
    expect(answer.headers.get('dsm-revision')).toBe('20');
    expect(answer.headers.get('content-disposition')).toContain('dsm-20.snapshot');
    const check = new SnapshotCheck();
    let chunks = 0;
    for await (const chunk of answer.body ?? []) {
      check.push(chunk);
      chunks += 1;
      node.put(`later-${chunks}`, 'x');
    }
    const { position, keys } = check.finish();
    expect([position, keys]).toEqual([{ epoch: 3, lsn: 20 }, 20]);
    expect(chunks).toBeGreaterThan(2);
  });

  test('needs the secret: ids of sessions are in it', async () => {
    const { app } = stage({ secret: 's' });
    expect((await app.request(snapshotPath)).status).toBe(401);
    const headers = { 'dsm-secret': 's' };
    expect((await app.request(snapshotPath, { headers })).status).toBe(200);
  });

  test('takes what a READ takes, GET only, and is refused as a READ is', async () => {
    const { app, node } = stage();
    await app.request(`${snapshotPath}?consistency=stale&min-revision=7`);
    expect(node.reads.at(-1)).toEqual({ consistency: 'stale', minRevision: 7 });
    expect((await app.request(`${snapshotPath}?consistencie=stale`)).status).toBe(400);
    for (const method of ['HEAD', 'POST', 'PUT']) {
      const answer = await app.request(snapshotPath, { method });
      expect([method, answer.status]).toEqual([method, 405]);
    }
    node.readError = new DsmError('catching_up');
    expect((await app.request(snapshotPath)).status).toBe(503);
  });

  test('is given to few at one time, and again when one has ended or is gone', async () => {
    const { app } = stage();
    const open = await Promise.all(
      Array.from({ length: viewsMax }, () => app.request(snapshotPath)),
    );
    const refused = await app.request(snapshotPath);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10']);
    expect(await jsonOf(refused)).toMatchObject({ code: 'overloaded', outcome: 'not-applied' });
    await open[0]?.arrayBuffer();
    await open[1]?.body?.cancel();
    for (const status of [200, 200, 503]) {
      expect((await app.request(snapshotPath)).status).toBe(status);
    }
  });

  test('breaks off where the client takes nothing, and makes room', async () => {
    const { app, clock } = stage();
    const reader = (await app.request(snapshotPath)).body?.getReader();
    await reader?.read();
    await clock.advance(stalledMs - 1);
    expect((await reader?.read())?.done).toBe(false);
    await clock.advance(stalledMs);
    await expect(reader?.read()).rejects.toThrow('taken nothing for too long');
    for (let count = 0; count < viewsMax; count += 1) {
      expect((await app.request(snapshotPath)).status).toBe(200);
    }
  });

  test('leaves no timer behind', async () => {
    const { app, clock } = stage();
    await (await app.request(snapshotPath)).arrayBuffer();
    await (await app.request(snapshotPath)).body?.cancel();
    expect(clock.timers).toBe(0);
  });
});
