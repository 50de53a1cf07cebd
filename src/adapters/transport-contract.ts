/**
 * The contract of `ports/transport.ts` as cases that know no test runner: vitest runs them on Node,
 * `runtime/contracts.ts` runs the same list under Bun and Deno.
 */
import assert from 'node:assert/strict';
import { failureCases } from './transport-failures.ts';
import {
  aMoment,
  answerOk,
  bytesOf,
  type CreateTransport,
  httpAnswer,
  onStage,
  replyOf,
  textOf,
} from './transport-stage.ts';

export interface ContractCase {
  readonly name: string;
  run(create: CreateTransport): Promise<void>;
}

const answerCases: readonly ContractCase[] = [
  {
    name: 'a request arrives as it was given: method, raw path, headers, bytes',
    run: (create) =>
      onStage(create, answerOk, async (stage) => {
        const headers = { 'dsm-message': '{"a":1}' };
        await stage.ask({
          method: 'POST',
          path: '/v1/kv/a%2Fb?x=%20',
          headers,
          body: bytesOf('xyz'),
        });
        const [request = ''] = stage.requests;
        assert.match(request, /^POST \/v1\/kv\/a%2Fb\?x=%20 HTTP\/1\.1\r\n/);
        assert.match(request, /\r\ndsm-message: \{"a":1\}\r\n/i);
        assert.match(request, /\r\n\r\nxyz$/);
      }),
  },
  {
    name: 'the bytes of a PUT arrive, however they are sent',
    run: (create) =>
      onStage(create, answerOk, async (stage) => {
        await stage.ask({ method: 'PUT', body: bytesOf('value') });
        assert.match(stage.requests[0] ?? '', /\r\nvalue(\r\n0\r\n\r\n)?$/);
      }),
  },
  {
    name: 'an answer of any status is a reply with its headers and bytes',
    run: (create) =>
      onStage(
        create,
        (socket) => socket.write(httpAnswer('no', '503 Busy', 'Retry-After: 1\r\n')),
        async (stage) => {
          const reply = replyOf(await stage.ask());
          assert.equal(reply.status, 503);
          assert.equal(reply.header('retry-after'), '1');
          assert.equal(reply.headers()['retry-after'], '1');
          assert.equal(reply.header('toString'), undefined);
          assert.equal(textOf(reply), 'no');
        },
      ),
  },
  {
    name: 'an answer without a body has no bytes',
    run: (create) =>
      onStage(
        create,
        (socket, request) => {
          const head = request.startsWith('HEAD') ? '200 OK' : '204 No Content';
          const length = request.startsWith('HEAD') ? 'content-length: 7\r\n' : '';
          socket.write(`HTTP/1.1 ${head}\r\n${length}\r\n`);
        },
        async (stage) => {
          assert.equal(textOf(await stage.ask()), '');
          assert.equal(textOf(await stage.ask({ method: 'HEAD' })), '');
        },
      ),
  },
  {
    name: 'an answer in chunks is put together',
    run: (create) =>
      onStage(
        create,
        (socket) => {
          socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n');
          socket.write('2\r\nde\r\n0\r\n\r\n');
        },
        async (stage) => assert.equal(textOf(await stage.ask()), 'abcde'),
      ),
  },
  {
    name: 'a redirect is an answer and is not followed',
    run: (create) =>
      onStage(
        create,
        (socket) => socket.write(httpAnswer('', '307 Moved', 'location: /elsewhere\r\n')),
        async (stage) => {
          assert.equal(replyOf(await stage.ask()).status, 307);
          assert.equal(stage.requests.length, 1);
        },
      ),
  },
  {
    name: 'requests one after the other use one connection',
    run: (create) =>
      onStage(create, answerOk, async (stage) => {
        for (let turn = 0; turn < 5; turn += 1) {
          await stage.ask();
          await aMoment();
        }
        assert.equal(stage.connections, 1);
      }),
  },
  {
    name: 'of many requests at once each gets its own answer',
    run: (create) =>
      onStage(
        create,
        (socket, request) => socket.write(httpAnswer(request.split(' ')[1] ?? '')),
        async (stage) => {
          const paths = Array.from({ length: 100 }, (_, index) => `/${index}`);
          const replies = await Promise.all(paths.map((path) => stage.ask({ path })));
          assert.deepEqual(replies.map(textOf), paths);
        },
      ),
  },
];

export const transportContract: readonly ContractCase[] = [...answerCases, ...failureCases];
