import { describe, expect, it } from 'vitest';
import { type Answer, call, expectProblem, expectWritten, get, keyUrl } from './call.ts';
import { clusterForTest, sharedCluster } from './fixture.ts';
import { encodeRequest, RawConnection } from './raw-http.ts';
import { until } from './until.ts';

const cluster = sharedCluster({ slaves: 1 });
const send = (method: string, url: string, headers = {}): Promise<Answer> =>
  call(url, { method, headers });
const json = ({ text }: Answer) => JSON.parse(text);

const sessionAt = async (url: string, ttl: number): Promise<string> => {
  const answer = await send('POST', `${url}/v1/sessions?ttl=${ttl}`);
  expect(answer.status).toBe(201);
  return json(answer).session;
};

describe('a session', () => {
  it('takes its keys along when it is revoked, at every node', async () => {
    for (const url of cluster().urls) {
      const session = await sessionAt(url, 60);
      const put = call(`${keyUrl(url, 'tied')}?session=${session}`, { method: 'PUT', body: 'v' });
      expectWritten(await put);
      expect(json(await send('GET', `${url}/v1/sessions/${session}`))).toMatchObject({
        ttl: 60,
        keys: ['tied'],
      });
      expect((await send('DELETE', `${url}/v1/sessions/${session}`)).status).toBe(204);
      for (const other of cluster().urls) {
        expectProblem(await get(other, 'tied'), 404, 'not_found');
        const gone = await send('GET', `${other}/v1/sessions/${session}`);
        expectProblem(gone, 404, 'session_not_found');
      }
    }
  });

  it('lives while it is kept alive, and ends by itself', async () => {
    const [url = ''] = cluster().urls;
    const kept = await sessionAt(url, 1);
    const left = await sessionAt(url, 0.5);
    await call(`${keyUrl(url, 'left')}?session=${left}`, { method: 'PUT', body: 'v' });
    await until('the other one has ended', async () => {
      const answer = await send('POST', `${url}/v1/sessions/${kept}?op=keep-alive`);
      expect(answer.status).toBe(200);
      return (await get(url, 'left')).status === 404;
    });
    expectProblem(
      await send('POST', `${url}/v1/sessions/${left}?op=keep-alive`),
      404,
      'session_not_found',
    );
  });
});

describe('a lock', () => {
  it('is given to who waits, in order, with higher tokens, through every node', async () => {
    const { urls } = cluster();
    const lock = (i: number) => `${urls[i % urls.length]}/v1/locks/fair%2Flock`;
    const sessions = await Promise.all(urls.concat(urls).map((url) => sessionAt(url, 60)));
    const first = json(await send('POST', `${lock(0)}?session=${sessions[0]}`));
    const order: number[] = [];
    const waiting = [];
    for (const [i, session] of sessions.entries()) {
      if (i === 0) continue;
      const answer = send('POST', `${lock(i)}?session=${session}&wait=10`).then((got) => {
        expect(got.status).toBe(200);
        order.push(i);
        return send('DELETE', `${lock(i)}?session=${session}`).then(() => json(got).token);
      });
      waiting.push(answer);
      await until('it stands in the queue', async () =>
        json(await send('GET', lock(i))).waiting === i ? true : null,
      );
    }
    expect((await send('DELETE', `${lock(1)}?session=${sessions[0]}`)).status).toBe(204);
    const tokens: number[] = [first.token, ...(await Promise.all(waiting))];
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b));
    expectProblem(await send('GET', lock(0)), 404, 'not_found');
  });

  it('that is held is refused at once, or after the wait', async () => {
    const [url = ''] = cluster().urls;
    const own = json(await send('POST', `${url}/v1/locks/held?ttl=60`));
    for (const other of cluster().urls) {
      for (const wait of ['', '&wait=0.2']) {
        const answer = await send('POST', `${other}/v1/locks/held?ttl=60${wait}`);
        expectProblem(answer, 409, 'lock_held');
      }
    }
    const release = await send('DELETE', `${url}/v1/locks/held?session=${own.session}`);
    expect(release.status).toBe(204);
    expect((await send('POST', `${url}/v1/locks/held?ttl=60`)).status).toBe(200);
  });

  it('does not stay with who waited for it and has hung up, at whichever node', async () => {
    for (const url of cluster().urls) {
      const lock = `${url}/v1/locks/left`;
      const own = json(await send('POST', `${lock}?ttl=60`));
      const connection = await RawConnection.open(url);
      const target = '/v1/locks/left?ttl=60&wait=9';
      connection.send(encodeRequest(url, { method: 'POST', target }));
      await until('it stands in the queue', async () =>
        json(await send('GET', lock)).waiting === 1 ? true : null,
      );
      connection.destroy();
      // So many round trips later the node has noticed.
      for (let i = 0; i < 30; i += 1) await send('GET', `${url}/livez`);
      await send('DELETE', `${lock}?session=${own.session}`);
      await until('nobody holds it', async () => (await send('GET', lock)).status === 404);
    }
  });

  it('goes to who stayed in its queue, before those who came later', async () => {
    const [url = '', other = ''] = cluster().urls;
    const lock = `${url}/v1/locks/stay`;
    const [one, early, late] = await Promise.all([1, 2, 3].map(() => sessionAt(url, 60)));
    expect((await send('POST', `${lock}?session=${one}`)).status).toBe(200);
    const first = await send('POST', `${other}/v1/locks/stay?session=${early}&wait=0.1&stay=true`);
    expectProblem(first, 409, 'lock_held');
    const waiting = send('POST', `${lock}?session=${late}&wait=10`);
    await until('it stands behind the other one', async () =>
      json(await send('GET', lock)).waiting === 2 ? true : null,
    );
    await send('DELETE', `${lock}?session=${one}`);
    const got = await send('POST', `${other}/v1/locks/stay?session=${early}&stay=true`);
    expect(got.status).toBe(200);
    await send('DELETE', `${lock}?session=${early}`);
    expect(json(await waiting).token).toBeGreaterThan(json(got).token);
  });

  it('is held over a failover, and not asked for twice by a repeated request', async () => {
    const nodes = await clusterForTest({ slaves: 2 });
    const master = await nodes.active();
    const headers = { 'idempotency-key': '"lock"' };
    const got = json(await send('POST', `${master.url}/v1/locks/l?ttl=60`, headers));
    const key = `${keyUrl(master.url, 'tied')}?session=${got.session}`;
    expectWritten(await call(key, { method: 'PUT', body: 'v' }));
    await master.kill();
    const next = await nodes.active(master);
    const again = await send('POST', `${next.url}/v1/locks/l?ttl=60`, headers);
    expect(json(again)).toEqual(got);
    expectProblem(await send('POST', `${next.url}/v1/locks/l?ttl=60`), 409, 'lock_held');
    const session = await send('GET', `${next.url}/v1/sessions/${got.session}`);
    expect(json(session)).toMatchObject({ keys: ['tied'], locks: ['l'] });
    expect((await send('DELETE', `${next.url}/v1/sessions/${got.session}`)).status).toBe(204);
    expectProblem(await get(next.url, 'tied'), 404, 'not_found');
    expectProblem(await send('GET', `${next.url}/v1/locks/l`), 404, 'not_found');
  });
});
