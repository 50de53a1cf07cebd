/**
 * What a node on the wire must do alike on every runtime, as cases that know no test runner. Looked
 * at through raw sockets: what a client library shows is not what was sent.
 */
import assert from 'node:assert/strict';
import { endsCases } from './serve-ends.ts';
import { get, host, onStage, put, type ServeCase, valueBytesMax } from './serve-stage.ts';

const wireCases: readonly ServeCase[] = [
  {
    name: 'a value goes in and comes out, over one connection, with lengths announced',
    run: () =>
      onStage(async ({ connect }) => {
        const client = connect();
        const stored = await client.send(put('/v1/kv/a', 'hello')).answer();
        assert.equal(stored.status, 201);
        assert.equal(stored.headers.get('content-length'), '0');
        assert.equal(stored.headers.get('content-type'), undefined);
        for (let call = 0; call < 3; call += 1) {
          const read = await client.send(get('/v1/kv/a')).answer();
          assert.deepEqual([read.status, read.text], [200, 'hello']);
          assert.equal(read.headers.get('content-length'), '5');
          assert.equal(read.headers.get('content-type'), 'application/octet-stream');
          assert.equal(read.headers.get('etag'), '"1"');
          assert.equal(read.headers.get('dsm-node'), 'node-a');
          assert.equal(read.headers.get('dsm-role'), 'active');
          assert.equal(read.headers.get('dsm-epoch'), '3');
          assert.equal(read.headers.get('dsm-revision'), '1');
        }
      }),
  },
  {
    name: 'answers without a body have none: 204, 304, HEAD',
    run: () =>
      onStage(async ({ connect, node }) => {
        node.put('a', 'hello');
        const client = connect();
        const head = await client.send(get('/v1/kv/a').replace('GET', 'HEAD')).answer('HEAD');
        assert.deepEqual([head.status, head.headers.get('content-length')], [200, '5']);
        const held = await client.send(get('/v1/kv/a', 'If-None-Match: "1"\r\n')).answer();
        assert.deepEqual([held.status, held.headers.get('etag')], [304, '"1"']);
        const gone = await client.send(get('/v1/kv/a').replace('GET', 'DELETE')).answer();
        assert.equal(gone.status, 204);
        // Bun and Deno send a byte with a DELETE that they forward.
        const withBody = put('/v1/kv/a', 'x').replace('PUT', 'DELETE');
        assert.equal((await client.send(withBody).answer()).status, 404);
        // Nothing was left over on the connection.
        assert.equal((await client.send(get('/livez')).answer()).text, 'ok\n');
      }),
  },
  {
    name: 'a call whose host is none is refused by the node, as a problem',
    run: () =>
      onStage(async ({ connect }) => {
        const request = 'GET /v1/status HTTP/1.1\r\nHost: a b\r\n\r\n';
        const { status, headers, text } = await connect().send(request).answer();
        assert.deepEqual([status, headers.get('dsm-node')], [400, 'node-a']);
        assert.equal(headers.get('content-type'), 'application/problem+json');
        assert.equal(JSON.parse(text).code, 'invalid_request');
      }),
  },
  {
    name: 'a key is the same however its URL spells it, and a bad escape is none',
    run: () =>
      onStage(async ({ connect }) => {
        const client = connect();
        await client.send(put('/v1/kv/a%2Fb', 'x')).answer();
        assert.equal((await client.send(get('/v1/kv/a/b')).answer()).text, 'x');
        await client.send(put('/v1/kv/%00%C3%A9', 'y')).answer();
        assert.equal((await client.send(get('/v1/kv/%00%c3%a9')).answer()).text, 'y');
        for (const path of ['%zz', '%', '%E0%A4', '%ED%A0%80', '']) {
          const answer = await client.send(get(`/v1/kv/${path}`)).answer();
          assert.equal(answer.status, 400, path);
          assert.equal(JSON.parse(answer.text).code, 'invalid_key');
        }
      }),
  },
  {
    name: 'no spelling of dots reads another key, or another resource',
    run: () =>
      onStage(async ({ connect, node }) => {
        node.put('a/../b', 'kept apart');
        node.put('b', 'b');
        const client = connect();
        assert.equal((await client.send(get('/v1/kv/a%2F..%2Fb')).answer()).text, 'kept apart');
        // Node and Bun resolve these before the app sees them, Deno does not: then they are refused.
        const dots = await client.send(get('/v1/kv/a/../b')).answer();
        assert.ok(dots.status === 400 || dots.text === 'b', `${dots.status} ${dots.text}`);
      }),
  },
  {
    name: 'only loopback names are served, however a request names its host',
    run: () =>
      onStage(async ({ connect, node }) => {
        node.put('a', 'x');
        const evil = 'GET /v1/kv/a HTTP/1.1\r\nHost: evil.example\r\n\r\n';
        for (const request of [get('/v1/kv/a'), evil, get('http://evil.example/v1/kv/a')]) {
          const { status } = await connect().send(request).answer();
          // Bun takes the host of the Host header, where the target names another.
          const isOk = request === evil ? status === 403 : status === 403 || status === 200;
          assert.ok(isOk, `${status} for ${request}`);
        }
      }),
  },
  {
    name: 'a value of the largest size passes, a larger one is 413 and ends the connection',
    run: () =>
      onStage(async ({ connect, node }) => {
        const largest = 'x'.repeat(valueBytesMax);
        const client = connect();
        assert.equal((await client.send(put('/v1/kv/a', largest)).answer()).status, 201);
        assert.equal((await client.send(get('/v1/kv/a')).answer()).text, largest);
        const announced = connect().send(put('/v1/kv/b', `${largest}x`));
        assert.equal((await announced.answer()).status, 413);
        await announced.closed();
        const chunked = connect().send(
          `PUT /v1/kv/b HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n`,
        );
        const chunk = `${(50_000).toString(16)}\r\n${'x'.repeat(50_000)}\r\n`;
        chunked.send(chunk).send(chunk).send(chunk);
        assert.equal((await chunked.answer()).status, 413);
        assert.equal(node.store.get('b'), undefined);
      }),
  },
  {
    name: 'bytes in chunks are a value',
    run: () =>
      onStage(async ({ connect, node }) => {
        const head = `PUT /v1/kv/a HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n`;
        const client = connect().send(`${head}3\r\nabc\r\n`);
        assert.equal((await client.send('2\r\nde\r\n0\r\n\r\n').answer()).status, 201);
        assert.equal(node.textOf('a'), 'abcde');
      }),
  },
];

export const serveContract: readonly ServeCase[] = [...wireCases, ...endsCases];
