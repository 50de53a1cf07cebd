import { describe, expect, it } from 'vitest';
import { askStatus } from '../cli/cluster-view.ts';
import { call, expectProblem, expectWritten, get, keyUrl, put, remove, textOf } from './call.ts';
import { sharedCluster } from './fixture.ts';
import { exchange } from './raw-http.ts';

const cluster = sharedCluster({ slaves: 3 });

describe('any node', () => {
  it('takes a WRITE and a DELETE, and reads what was written elsewhere at once', async () => {
    const { urls } = cluster();
    for (const [index, url] of urls.entries()) {
      expectWritten(await put(url, 'any', `from ${index}`));
      for (const other of urls) expect(await textOf(other, 'any')).toBe(`from ${index}`);
    }
    for (const url of urls) {
      expectWritten(await put(url, 'any-deleted', 'v'));
      expect((await remove(url, 'any-deleted')).status).toBe(204);
      for (const other of urls) expect((await get(other, 'any-deleted')).status).toBe(404);
    }
  });

  it('answers a READ itself; a WRITE is answered by the active master', async () => {
    const active = await (await cluster().active()).status();
    for (const node of cluster().nodes) {
      const status = await node.status();
      const written = await put(node.url, 'who', 'v');
      expect(written.headers.get('dsm-node')).toBe(active?.nodeId);
      expect(written.headers.get('dsm-role')).toBe('active');
      const read = await get(node.url, 'who');
      expect(read.headers.get('dsm-node')).toBe(status?.nodeId);
      expect(read.headers.get('dsm-role')).toBe(status?.state);
    }
  });

  it('sends nothing on with Dsm-No-Forward, but says who is active', async () => {
    const active = await cluster().active();
    for (const { url, name } of cluster().nodes) {
      // Not by `fetch`: it repeats a request that was answered 421.
      const target = '/v1/kv/no-forward';
      const headers = { 'Dsm-No-Forward': '1' };
      const answer = await exchange(url, { method: 'PUT', target, headers, body: name });
      if (url === active.url) {
        expect(answer.status).toBe(201);
        continue;
      }
      expect([answer.status, answer.headers.get('dsm-master')]).toEqual([421, active.url]);
      const problem = { code: 'misdirected', outcome: 'not-applied', master: active.url };
      expect(JSON.parse(answer.body.toString())).toMatchObject(problem);
    }
    expect(await textOf(active.url, 'no-forward')).toBe(active.name);
  });
});

describe('consistency', () => {
  it('quorum and linearizable see every write that was answered, at every node', async () => {
    const { urls } = cluster();
    for (let round = 0; round < 10; round += 1) {
      const writer = urls[round % urls.length] ?? '';
      expectWritten(await put(writer, 'consistent', `round ${round}`));
      for (const url of urls) {
        for (const query of ['', '?consistency=linearizable', '?consistency=quorum']) {
          expect(await textOf(url, 'consistent', query)).toBe(`round ${round}`);
        }
      }
    }
  });

  it('stale is some value of the past, and says its revision', async () => {
    const { urls } = cluster();
    const revisions = new Map<string, string>();
    for (let round = 0; round < 5; round += 1) {
      const value = `round ${round}`;
      const response = await put(urls[0] ?? '', 'stale', value);
      revisions.set(response.headers.get('etag') ?? '', value);
      for (const url of urls) {
        const stale = await get(url, 'stale', '?consistency=stale');
        if (stale.status === 404) continue;
        expect(stale.text).toBe(revisions.get(stale.headers.get('etag') ?? ''));
      }
    }
  });

  it('with a min-revision a stale read is as new as that', async () => {
    const { urls } = cluster();
    for (let round = 0; round < 10; round += 1) {
      const value = `round ${round}`;
      const revision = expectWritten(await put(urls[0] ?? '', 'session', value));
      for (const url of urls) {
        const query = `?consistency=stale&min-revision=${revision}`;
        expect(await textOf(url, 'session', query)).toBe(value);
      }
    }
  });

  it('a min-revision that nobody has reached is 503 after a while', async () => {
    const url = (await cluster().active()).url;
    const response = await get(url, 'session', '?min-revision=999999999');
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
    expectProblem(response, 503, 'catching_up');
  });
});

describe('what a node tells of itself', () => {
  it('/v1/status: role, place in the log, members and quorum, the same members at every node', async () => {
    const statuses = await cluster().settled();
    const [first] = statuses;
    for (const [index, status] of statuses.entries()) {
      const node = cluster().nodes[index];
      expect(status.url).toBe(node?.url);
      expect(status.role).toBe(node?.verb === 'slave' ? 'slave' : 'master');
      expect(status.clusterId).toBe(first?.clusterId);
      expect(status.voters).toBe(5);
      // ⌊V/2⌋ ACKs beside the master's own log, which is ⌈(n+1)/2⌉ for n slaves and one backup.
      expect(status.writeQuorumAcks).toBe(2);
      expect(new Set(status.members.map(({ url }) => url))).toEqual(new Set(cluster().urls));
      expect(status.lastLsn).toBeGreaterThanOrEqual(status.committedLsn);
      expect(status.committedLsn).toBeGreaterThanOrEqual(status.appliedLsn);
    }
    expect(statuses.filter(({ state }) => state === 'active')).toHaveLength(1);
    expect(new Set(statuses.map(({ stateHash }) => stateHash)).size).toBe(1);
  });

  it('/livez and /readyz are 200, and say more when they are asked to', async () => {
    for (const url of cluster().urls) {
      const live = await call(`${url}/livez`);
      expect([live.status, live.text]).toEqual([200, 'ok\n']);
      expect((await call(`${url}/readyz`)).status).toBe(200);
      const verbose = (await call(`${url}/readyz?verbose`)).text;
      expect(verbose).toMatch(/^(\[\+\][\w-]+ ok\n)+ready\n$/);
      expect((await call(url)).text).toContain('/v1/kv/');
    }
  });

  it('a node that has lost its masters is alive, not ready, and says so', async () => {
    const slave = cluster().node('slave-3');
    const masters = cluster().masters;
    for (const master of masters) master.pause();
    try {
      const response = await call(keyUrl(slave.url, 'alone'));
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
      const refused = await put(slave.url, 'alone', 'v');
      expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
      expectProblem(refused, 503, 'no_master');
      expect((await call(`${slave.url}/livez`)).status).toBe(200);
      const ready = await call(`${slave.url}/readyz`);
      expect([ready.status, ready.text]).toEqual([503, expect.stringContaining('master')]);
      expect((await askStatus(slave.url))?.master).toBeNull();
    } finally {
      for (const master of masters) master.resume();
    }
    await cluster().ready();
    expect((await get(slave.url, 'alone')).status).toBe(404);
  });
});

describe('calls between nodes', () => {
  const calls = [
    ['GET', '/log'],
    ['GET', '/log/offset'],
    ['GET', '/snapshot'],
    ['GET', '/peer/hello'],
    ['POST', '/peer/append'],
    ['POST', '/peer/promise'],
    ['POST', '/peer/probe'],
    ['POST', '/peer/handoff'],
    ['POST', '/peer/register'],
    ['POST', '/peer/read-index'],
    ['POST', '/peer/read'],
    ['POST', '/v1/admin/handoff'],
    ['POST', '/v1/admin/force-config'],
    ['DELETE', '/v1/admin/members/abc'],
  ] as const;

  it.each(calls)('%s %s needs the cluster secret', async (method, path) => {
    for (const url of cluster().urls) {
      const missing = await call(url + path, { method });
      expectProblem(missing, 401, 'unauthorized');
      const headers = { 'dsm-secret': `${cluster().secret}x` };
      expectProblem(await call(url + path, { method, headers }), 401, 'unauthorized');
    }
  });

  it('with the secret /log/offset tells a person where the log is', async () => {
    const active = await cluster().active();
    const headers = { 'dsm-secret': cluster().secret };
    const response = await call(`${active.url}/log/offset`, { headers });
    expect(response.status).toBe(200);
    const status = await active.status();
    expect(response.headers.get('dsm-cluster')).toBe(status?.clusterId);
    expect(Number(response.headers.get('dsm-last-lsn'))).toBeGreaterThan(0);
    expect(Number(response.headers.get('dsm-committed-lsn'))).toBeGreaterThan(0);
  });

  it('a web page of another site changes nothing', async () => {
    const { url } = await cluster().active();
    const headers = { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' };
    for (const method of ['PUT', 'DELETE']) {
      const response = await call(keyUrl(url, 'forged'), { method, headers });
      expect([401, 403]).toContain(response.status);
    }
    expect((await get(url, 'forged')).status).toBe(404);
  });
});
