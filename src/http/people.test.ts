import { describe, expect, test } from 'vitest';
import { DsmError } from '../core/errors.ts';
import { facts, factsOf, jsonOf, replyOf, setUp } from './testing/set-up.ts';

describe('what a node says of itself', () => {
  test('/v1/status is the whole status and where to go on', async () => {
    const { app, node } = setUp();
    const response = await app.request('/v1/status');
    expect(response.headers.get('content-type')).toBe('application/json');
    const status = await jsonOf(response);
    expect(status).toMatchObject({ ...node.status() });
    expect(status.links).toMatchObject({ members: '/v1/admin/members' });
    expect(factsOf(response)).toEqual(facts);
  });

  test('/ tells how to use it', async () => {
    const { app, node } = setUp();
    const text = await (await app.request('/')).text();
    expect(text).toContain('curl http://127.0.0.1:12345/v1/kv/greeting');
    expect(text).toContain('active master: http://127.0.0.1:12345');
    node.standBy(null);
    expect(await (await app.request('/')).text()).toContain('no active master is known');
  });

  test('/livez is ok while the process answers', async () => {
    const { app, node } = setUp();
    node.checksFound = [{ name: 'master', ok: false, detail: 'none' }];
    const response = await app.request('/livez');
    expect([response.status, await response.text()]).toEqual([200, 'ok\n']);
  });

  test('/readyz is 200 where every check is ok, and names those that are not', async () => {
    const { app, node } = setUp();
    node.checksFound = [
      { name: 'running', ok: true, detail: 'running' },
      { name: 'master', ok: true, detail: 'http://127.0.0.1:1' },
    ];
    const ready = await app.request('/readyz');
    expect([ready.status, await ready.text()]).toEqual([200, 'ready\n']);
    const verbose = await app.request('/readyz?verbose');
    expect(await verbose.text()).toBe('[+]running ok\n[+]master ok\nready\n');
    node.checksFound[1] = { name: 'master', ok: false, detail: 'no active master is known' };
    for (const [path, first] of [
      ['/readyz', ''],
      ['/readyz?verbose', '[+]running ok\n'],
    ]) {
      const response = await app.request(path ?? '');
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('1');
      const text = `${first}[-]master no active master is known\nnot ready\n`;
      expect(await response.text()).toBe(text);
    }
  });
});

describe('an operator', () => {
  const handoff = (body?: string) => ({ method: 'POST', ...(body === undefined ? {} : { body }) });

  test.each([
    [undefined, 'handoff '],
    ['', 'handoff '],
    ['{}', 'handoff '],
    ['{"to":""}', 'handoff '],
    ['{"to":"node-b"}', 'handoff node-b'],
  ])('hands over with the body %j', async (body, done) => {
    const { app, node } = setUp();
    const response = await app.request('/v1/admin/handoff', handoff(body));
    expect(response.status).toBe(200);
    expect(await jsonOf(response)).toEqual({ handedOff: true, master: 'http://127.0.0.1:12345' });
    expect(node.admin).toEqual([done]);
  });

  test.each(['{', '[]', '"x"', '{"to":5}', `{"to":"${'x'.repeat(65)}"}`])(
    'is told that %s is no such request',
    async (body) => {
      const { app, node } = setUp();
      const response = await app.request('/v1/admin/handoff', handoff(body));
      expect(response.status).toBe(400);
      expect(node.admin).toEqual([]);
    },
  );

  test('is answered by any node: the call goes to the active master', async () => {
    const { app, node, transport } = setUp({ secret: 's' });
    node.standBy('http://127.0.0.1:1');
    transport.alwaysAnswer(replyOf(200, {}, '{"handedOff":true}'));
    const headers = { 'dsm-secret': 's' };
    const handing = { ...handoff('{"to":"b"}'), headers };
    expect((await app.request('/v1/admin/handoff', handing)).status).toBe(200);
    transport.alwaysAnswer(replyOf(204));
    const init = { method: 'DELETE', headers };
    expect((await app.request('/v1/admin/members/node-x', init)).status).toBe(204);
    const sent = transport.sent.map(({ request }) => [request.method, request.path]);
    expect(sent).toEqual([
      ['POST', '/v1/admin/handoff'],
      ['DELETE', '/v1/admin/members/node-x'],
    ]);
    expect(new TextDecoder().decode(transport.sent[0]?.request.body)).toBe('{"to":"b"}');
    for (const { request } of transport.sent) expect(request.headers).toMatchObject(headers);
  });

  test('lists the members', async () => {
    const { app } = setUp();
    const members = await jsonOf(await app.request('/v1/admin/members'));
    expect(members).toMatchObject({ epoch: 3, voters: 1, writeQuorumAcks: 0, members: [] });
  });

  test('hands over, removes a member and forces a configuration with the secret only', async () => {
    const { app, node } = setUp({ secret: 's' });
    const calls = [
      ['POST', '/v1/admin/handoff', 200],
      ['DELETE', '/v1/admin/members/node-x', 204],
      ['POST', '/v1/admin/force-config', 200],
    ] as const;
    for (const [method, path, status] of calls) {
      expect((await app.request(path, { method })).status).toBe(401);
      const wrong = await app.request(path, { method, headers: { 'dsm-secret': 'x' } });
      expect(wrong.status).toBe(401);
      const right = await app.request(path, { method, headers: { 'dsm-secret': 's' } });
      expect(right.status).toBe(status);
    }
    expect(node.admin).toEqual(['handoff ', 'remove node-x', 'force']);
  });

  test('is told what may be lost by force, and forces this node, wherever the master is', async () => {
    const { app, node, transport } = setUp();
    node.standBy('http://127.0.0.1:1');
    const response = await app.request('/v1/admin/force-config', { method: 'POST' });
    expect(await jsonOf(response)).toMatchObject({ warning: expect.stringContaining('are lost') });
    expect(transport.sent).toEqual([]);
  });

  test.each([
    ['POST', '/v1/admin/handoff'],
    ['DELETE', '/v1/admin/members/x'],
    ['POST', '/v1/admin/force-config'],
  ])('is told why %s %s failed', async (method, path) => {
    const { app, node } = setUp();
    node.adminError = new DsmError('conflict', 'no standby has caught up');
    const response = await app.request(path, { method });
    expect(response.status).toBe(409);
    const problem = { code: 'conflict', detail: 'no standby has caught up' };
    expect(await jsonOf(response)).toMatchObject(problem);
  });
});
