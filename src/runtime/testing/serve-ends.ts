/** The half of the contract of a server that is about beginnings and ends: ports, slowness, closing. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { ListenError, runtimeName, serve } from '../serve.ts';
import { RawClient } from './raw-client.ts';
import { aMoment, get, host, onStage, put, type ServeCase, shortLimits } from './serve-stage.ts';

const impatiently = { isImpatient: true };

const clientCases: readonly ServeCase[] = [
  {
    name: 'a body that stalls is 408, and its connection is given up',
    run: () =>
      onStage(async ({ connect, node }) => {
        const head = `PUT /v1/kv/a HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\n\r\nab`;
        const client = connect().send(head);
        assert.equal((await client.answer()).status, 408);
        // Deno keeps the connection, for the rest of the body or for ever.
        if (runtimeName() !== 'deno') await client.closed();
        assert.equal(node.store.keyCount, 0);
      }, impatiently),
  },
  {
    name: 'a body in chunks that come too slowly is 408, and harms nobody',
    run: () =>
      onStage(async ({ connect, node }) => {
        const head = `PUT /v1/kv/a HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n`;
        const client = connect().send(`${head}3\r\nabc\r\n`);
        assert.equal((await client.answer()).status, 408);
        client.send('2\r\nde\r\n0\r\n\r\n');
        if (runtimeName() !== 'deno') await client.closed();
        assert.equal((await connect().send(get('/livez')).answer()).status, 200);
        assert.equal(node.store.keyCount, 0);
      }, impatiently),
  },
  {
    name: 'a client that leaves in the middle of anything harms nobody',
    run: () =>
      onStage(async ({ connect, node }) => {
        node.hasLease = false;
        const waiting: (() => void)[] = [];
        node.read = (_key, _options, done) => void waiting.push(() => done(null, null));
        connect().send(get('/v1/kv/a')).destroy();
        connect().send(`PUT /v1/kv/a HTTP/1.1\r\nHost: ${host}\r\nContent-Le`).destroy();
        connect().send(put('/v1/kv/a', 'abc').slice(0, -1)).destroy();
        const reader = connect().send(get('/v1/kv/b'));
        await connect().send(get('/livez')).answer();
        reader.destroy();
        await connect().send(get('/livez')).answer();
        for (const answer of waiting) answer();
        assert.equal((await connect().send(get('/livez')).answer()).status, 200);
        assert.equal(node.store.keyCount, 0);
      }),
  },
  {
    name: 'garbage is refused, and the server goes on',
    run: () =>
      onStage(async ({ connect }) => {
        const requests = [
          'hello\r\n\r\n',
          '\0\0\0\0\r\n\r\n',
          `PUT /v1/kv/a HTTP/1.1\r\nHost: ${host}\r\nContent-Length: -1\r\n\r\n`,
          `PUT /v1/kv/a HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n`,
        ];
        for (const request of requests) {
          const client = connect().send(request);
          await client.closed();
        }
        assert.equal((await connect().send(get('/livez')).answer()).status, 200);
      }),
  },
];

const serverCases: readonly ServeCase[] = [
  {
    name: 'a taken port is an error that says what to do',
    run: async () => {
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(0, host, resolve));
      const address = other.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const starting = serve({ fetch: () => new Response(''), host, port });
      await assert.rejects(starting, (error: unknown) => {
        assert.ok(error instanceof ListenError);
        assert.match(error.message, new RegExp(`:${port}: port ${port} is taken: stop what`));
        return true;
      });
      await new Promise((resolve) => other.close(resolve));
    },
  },
  {
    name: 'an address of another machine is an error that says what to do',
    run: async () => {
      const starting = serve({ fetch: () => new Response(''), host: '192.0.2.1', port: 0 });
      await assert.rejects(starting, /192\.0\.2\.1/);
    },
  },
  {
    name: 'closing lets a running request end and takes no new connection',
    run: async () => {
      let finish: (response: Response) => void = () => {};
      const fetch = () => new Promise<Response>((resolve) => (finish = resolve));
      const server = await serve({ fetch, host, port: 0, limits: { closeMs: 60_000 } });
      const client = new RawClient(server.url).send(get('/'));
      await aMoment();
      const closing = server.close();
      await aMoment();
      const late = new RawClient(server.url).send(get('/'));
      await late.closed();
      finish(new Response('done'));
      assert.equal((await client.answer()).text, 'done');
      client.destroy();
      await Promise.all([closing, server.close()]);
    },
  },
  {
    name: 'closing ends connections that are in steady use, before their time is up',
    run: async () => {
      const fetch = async () => {
        await aMoment();
        return new Response('ok');
      };
      const server = await serve({ fetch, host, port: 0, limits: { closeMs: 60_000 } });
      const client = new RawClient(server.url);
      const use = async () => {
        for (;;) await client.send(get('/')).answer('GET', 1000);
      };
      const used = use().catch(() => {});
      await aMoment();
      await server.close();
      await client.closed();
      await used;
    },
  },
  {
    name: 'closing does not wait for what does not end, nor for idle connections',
    run: async () => {
      const fetch = ({ url }: Request) =>
        url.endsWith('/hang') ? new Promise<Response>(() => {}) : new Response('ok');
      const server = await serve({ fetch, host, port: 0, limits: shortLimits });
      const idle = new RawClient(server.url).send(get('/'));
      await idle.answer();
      const hanging = new RawClient(server.url).send(get('/hang'));
      await aMoment();
      await server.close();
      await idle.closed();
      if (runtimeName() !== 'deno') await hanging.closed();
      hanging.destroy();
    },
  },
];

export const endsCases: readonly ServeCase[] = [...clientCases, ...serverCases];
