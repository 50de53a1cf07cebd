/** The half of the contract of a transport that is about failures: which kind, and that it is certain. */
import assert from 'node:assert/strict';
import type { ContractCase } from './transport-contract.ts';
import {
  aMoment,
  answerOk,
  bytesOf,
  httpAnswer,
  onStage,
  replyBytesMax,
  type Script,
  textOf,
  until,
} from './transport-stage.ts';

/** Answers the first request and leaves the next ones to `then`. */
function afterFirst(then: Script): Script {
  return (socket, request, stage) => {
    if (stage.requests.length === 1) answerOk(socket, request, stage);
    else then(socket, request, stage);
  };
}

export const failureCases: readonly ContractCase[] = [
  {
    name: 'a closed port is refused',
    run: (create) =>
      onStage(create, answerOk, async (stage) => {
        stage.refuse();
        for (const method of ['GET', 'PUT', 'POST', 'DELETE'] as const) {
          assert.equal(await stage.ask({ method }), 'refused');
        }
      }),
  },
  {
    name: 'a node that answered and died is refused to a change: it is not sent twice',
    run: (create) => {
      let hasEnded = false;
      return onStage(
        create,
        (socket) => socket.on('close', () => (hasEnded = true)).end(httpAnswer('ok')),
        async (stage) => {
          await stage.ask();
          stage.refuse();
          await until(() => hasEnded);
          await aMoment();
          assert.equal(await stage.ask({ method: 'PUT', body: bytesOf('x') }), 'refused');
          assert.equal(await stage.ask({ method: 'DELETE' }), 'refused');
        },
      );
    },
  },
  {
    name: 'a connection that ends before the answer is broken',
    run: (create) =>
      onStage(
        create,
        (socket) => socket.destroy(),
        async (stage) => {
          for (const method of ['PUT', 'POST', 'DELETE', 'GET'] as const) {
            assert.equal(await stage.ask({ method, body: bytesOf('x') }), 'broken');
          }
        },
      ),
  },
  {
    name: 'a connection that ends within the answer is broken',
    run: (create) =>
      onStage(
        create,
        (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc'),
        async (stage) => assert.equal(await stage.ask({ method: 'POST' }), 'broken'),
      ),
  },
  ...(['GET', 'PUT', 'POST', 'DELETE'] as const).map(
    (method): ContractCase => ({
      name: `a ${method} that broke is never called refused, though the port is closed by then`,
      run: (create) =>
        onStage(
          create,
          afterFirst((socket, _request, stage) => {
            stage.refuse();
            socket.resetAndDestroy();
          }),
          async (stage) => {
            await stage.ask();
            await aMoment();
            const body = method === 'GET' || method === 'DELETE' ? {} : { body: bytesOf('x') };
            assert.equal(await stage.ask({ method, ...body }), 'broken');
          },
        ),
    }),
  ),
  {
    name: 'no answer in time is a timeout, and the connection is given up',
    run: (create) => {
      let hasEnded = false;
      return onStage(
        create,
        (socket) => socket.on('close', () => (hasEnded = true)),
        async (stage) => {
          assert.equal(await stage.ask({ timeoutMs: 50 }), 'timeout');
          await until(() => hasEnded);
        },
      );
    },
  },
  {
    name: 'the time limit covers the body, though bytes keep coming',
    run: (create) =>
      onStage(
        create,
        (socket) => {
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n');
          const drip = setInterval(() => socket.write('x'), 10);
          socket.on('close', () => clearInterval(drip));
        },
        async (stage) => assert.equal(await stage.ask({ timeoutMs: 100 }), 'timeout'),
      ),
  },
  {
    name: 'an answer that announces too many bytes is broken',
    run: (create) =>
      onStage(
        create,
        (socket) => socket.write(httpAnswer('x'.repeat(replyBytesMax + 1))),
        async (stage) => assert.equal(await stage.ask(), 'broken'),
      ),
  },
  {
    name: 'an answer of too many bytes in chunks is broken; one of just enough is not',
    run: (create) =>
      onStage(
        create,
        (socket, _request, stage) => {
          const size = replyBytesMax - (stage.requests.length === 1 ? 0 : -1);
          socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
          socket.write(`${size.toString(16)}\r\n${'x'.repeat(size)}\r\n0\r\n\r\n`);
        },
        async (stage) => {
          assert.equal(textOf(await stage.ask()).length, replyBytesMax);
          assert.equal(await stage.ask(), 'broken');
        },
      ),
  },
  {
    name: 'closing breaks what is under way, and everything after it',
    run: (create) =>
      onStage(
        create,
        (_socket, _request, stage) => stage.transport.close(),
        async (stage) => {
          assert.equal(await stage.ask(), 'broken');
          assert.equal(await stage.ask(), 'broken');
        },
      ),
  },
];
