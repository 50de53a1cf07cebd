import { describe, expect, test } from 'vitest';
import type { PeerAnswer, PeerCall, PeerCallName } from '../ports/peers.ts';
import type { Transport } from '../ports/transport.ts';
import { toHeaderJson } from './peer-calls.ts';
import { createPeers } from './peer-client.ts';
import { FakeTransport, jsonOf, replyOf, setUp } from './testing/set-up.ts';

const url = 'http://127.0.0.1:2';
const position = { epoch: 2, lsn: 7 };

const messages: Readonly<Record<PeerCallName, object>> = {
  append: {
    ...{ clusterId: 'c', epoch: 3, masterId: 'm', masterUrl: url, prev: position },
    ...{ committedLsn: 7, startLsn: 1, leaseMs: 900 },
  },
  promise: { clusterId: 'c', epoch: 4, candidateId: 'b', candidateUrl: url, release: null },
  probe: {
    ...{ clusterId: 'c', epoch: 4, candidateId: 'b', candidateUrl: url },
    release: { epoch: 3, masterId: 'm' },
  },
  handoff: { clusterId: 'c', epoch: 3, masterId: 'm', candidateId: 'b' },
  register: { clusterId: '', nodeId: 's', url },
  'read-index': { clusterId: 'c', nodeId: 's1', forceRound: true },
  read: { clusterId: 'c', nodeId: 's', key: 'schlüssel/鍵', revision: 7, committed: position },
  hello: {},
  log: {
    ...{ clusterId: 'c', nodeId: 'b', url, promised: 3, synced: position, appliedLsn: 6 },
    ...{ waitMs: 150, echo: { epoch: 3, sentAtMs: 12.5 }, candidateEpoch: 0 },
  },
  'log-offset': {},
  snapshot: { clusterId: 'c', nodeId: 'b', candidateEpoch: 0, snapshotId: '', index: 0 },
};

const names = Object.keys(messages) as PeerCallName[];

/** A transport whose other end is an app in this process. */
function transportTo(app: ReturnType<typeof setUp>['app']): Transport {
  return {
    send(baseUrl, { method, path, headers, body }, done) {
      const init = { method, headers, ...(body && { body: body as Uint8Array<ArrayBuffer> }) };
      const answering = Promise.resolve(app.request(baseUrl + path, init));
      void answering.then(async (response) => {
        done(null, {
          status: response.status,
          header: (name) => response.headers.get(name) ?? undefined,
          headers: () => Object.fromEntries(response.headers),
          body: new Uint8Array(await response.arrayBuffer()),
        });
      });
    },
    close() {},
  };
}

function call(
  transport: Transport,
  options: Partial<PeerCall> & { name: PeerCallName },
  secret = '',
) {
  const peers = createPeers({ transport, secret: secret === '' ? null : secret });
  const whole = { message: messages[options.name], timeoutMs: 100, ...options };
  return new Promise<PeerAnswer | string | null>((resolve) => {
    peers.call(url, whole, (failure, answer) => resolve(failure ?? answer));
  });
}

const bytes = Uint8Array.of(0, 1, 254, 255);

describe('a call from node to node', () => {
  test.each(names)('%s arrives as it was sent, and its answer too', async (name) => {
    const { app, node } = setUp();
    node.peerAnswer = { status: 200, message: { said: 'grüße', n: 1.5 } };
    const hasBody = name === 'append';
    const sent = hasBody ? { name, body: bytes } : { name };
    const answer = await call(transportTo(app), sent);
    expect(node.peerCalls).toHaveLength(1);
    expect(node.peerCalls[0]).toMatchObject({ name, message: messages[name] });
    expect([...(node.peerCalls[0]?.body ?? [])]).toEqual(hasBody ? [...bytes] : []);
    expect(answer).toMatchObject(node.peerAnswer);
  });

  test.each(['log', 'snapshot', 'read'] as const)('an answer of %s has bytes', async (name) => {
    const { app, node } = setUp();
    node.peerAnswer = { status: 200, message: { a: 1 }, body: bytes };
    expect(await call(transportTo(app), { name })).toEqual(node.peerAnswer);
  });

  test.each([409, 410, 421, 423, 503, 400])('a refusal %i is an answer', async (status) => {
    const { app, node } = setUp();
    node.peerAnswer = { status, message: { reason: 'gap', promised: 4 } };
    expect(await call(transportTo(app), { name: 'log' })).toEqual(node.peerAnswer);
  });

  test.each(names)(
    'a message of %s that lacks a field, or has another type, is 400',
    async (name) => {
      const { app, node } = setUp();
      const fields = Object.keys(messages[name]);
      for (const field of fields) {
        for (const wrong of [undefined, -1, 1.5e300, [], { a: 1 }]) {
          const message = { ...messages[name], [field]: wrong };
          const headers = { 'dsm-message': toHeaderJson(message) };
          const method = ['hello', 'log', 'log-offset', 'snapshot'].includes(name) ? 'GET' : 'POST';
          const path = pathOf(name);
          const response = await app.request(path, { method, headers });
          // A time may be as large as it likes.
          if (wrong === 1.5e300 && field.endsWith('Ms')) continue;
          expect([response.status, field, wrong]).toEqual([400, field, wrong]);
          expect(await jsonOf(response)).toMatchObject({ code: 'invalid_request' });
        }
      }
      const accepted = node.peerCalls.length;
      expect(accepted).toBeLessThanOrEqual(fields.length);
    },
  );

  const pathOf = (name: PeerCallName): string => {
    if (name === 'log-offset') return '/log/offset';
    return name === 'log' || name === 'snapshot' ? `/${name}` : `/peer/${name}`;
  };

  test.each(['{"clusterId"', '[]', 'null', '"text"', '{"__proto__":{"clusterId":"c"}}'])(
    'a message %s is 400',
    async (json) => {
      const { app, node } = setUp();
      const init = { method: 'POST', headers: { 'dsm-message': json } };
      expect((await app.request('/peer/read-index', init)).status).toBe(400);
      expect(node.peerCalls).toEqual([]);
    },
  );

  test.each([
    'ftp://h:1',
    'http://h:1/',
    'http://h:1/path',
    'http://user@h:1',
    'http://h:1?q',
    'h:1',
    'http://',
    '',
  ])('a node cannot say that it is found at %j', async (wrong) => {
    const { app } = setUp();
    const message = { clusterId: 'c', nodeId: 's', url: wrong };
    const init = { method: 'POST', headers: { 'dsm-message': toHeaderJson(message) } };
    const response = await app.request('/peer/register', init);
    expect(await jsonOf(response)).toMatchObject({ detail: expect.stringContaining('base URL') });
  });

  test('frames that are too long are 413', async () => {
    const { app, node } = setUp();
    node.limits = { ...node.limits, batchBytesMax: 10, valueBytesMax: 10 };
    const body = new Uint8Array(64 * 1024 + 21);
    expect(await call(transportTo(app), { name: 'append', body })).toMatchObject({ status: 413 });
    expect(node.peerCalls).toEqual([]);
  });

  test.each(['broken', 'refused', 'timeout'] as const)('a failure %s is one', async (failure) => {
    const transport = new FakeTransport();
    transport.alwaysFail(failure);
    expect(await call(transport, { name: 'hello' })).toBe(failure);
  });

  test('an answer that no node can have given is broken', async () => {
    const transport = new FakeTransport();
    for (const text of ['<html>', '', '[]', '3']) {
      transport.alwaysAnswer(replyOf(200, {}, text));
      expect(await call(transport, { name: 'hello' })).toBe('broken');
    }
    transport.alwaysAnswer(replyOf(200, { 'dsm-message': 'x' }, '{}'));
    expect(await call(transport, { name: 'hello' })).toBe('broken');
  });
});

describe('the log on the wire', () => {
  const place = { clusterId: 'c', epoch: 3, lastLsn: 9, committedLsn: 8 };

  test('no records are 204, with the place in headers for people', async () => {
    const { app, node } = setUp();
    node.peerAnswer = { status: 200, message: place };
    const headers = { 'dsm-message': toHeaderJson(messages.log) };
    const response = await app.request('/log', { headers });
    expect([response.status, await response.text()]).toEqual([204, '']);
    expect(response.headers.get('dsm-cluster')).toBe('c');
    expect(response.headers.get('dsm-epoch')).toBe('3');
    expect(response.headers.get('dsm-last-lsn')).toBe('9');
    expect(response.headers.get('dsm-committed-lsn')).toBe('8');
    expect(JSON.parse(response.headers.get('dsm-message') ?? '')).toEqual(place);
  });

  test('people ask for the offset with curl', async () => {
    const { app, node } = setUp();
    node.peerAnswer = { status: 200, message: place };
    const response = await app.request('/log/offset');
    expect(response.status).toBe(200);
    expect(response.headers.get('dsm-last-lsn')).toBe('9');
    expect(await jsonOf(response)).toEqual(place);
    expect(node.peerCalls).toEqual([{ name: 'log-offset', message: {}, body: new Uint8Array(0) }]);
  });
});

describe('the cluster secret', () => {
  test('is sent with every call, and lets it in', async () => {
    const { app, node } = setUp({ secret: 's3cret' });
    node.peerAnswer = { status: 200, message: { ok: true } };
    expect(await call(transportTo(app), { name: 'hello' }, 's3cret')).toMatchObject({
      status: 200,
    });
  });

  test.each(names)('keeps everybody else out of %s', async (name) => {
    const { app, node } = setUp({ secret: 's3cret' });
    for (const secret of ['', 's3cre', 's3cret ', 'S3cret']) {
      expect(
        await call(transportTo(app), { name }, secret.trim() === 's3cret' ? 'x' : secret),
      ).toEqual(expect.objectContaining({ status: 401 }));
    }
    expect(node.peerCalls).toEqual([]);
  });

  test('is never said in an answer', async () => {
    const { app } = setUp({ secret: 's3cret' });
    const response = await app.request('/peer/hello', { headers: { 'dsm-secret': 'wrong' } });
    expect(await response.text()).not.toContain('s3cret');
  });
});
