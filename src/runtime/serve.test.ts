import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { serve, urlOf } from './serve.ts';
import { RawClient } from './testing/raw-client.ts';
import { serveContract } from './testing/serve-contract.ts';
import { host, shortLimits } from './testing/serve-stage.ts';

describe('a server on Node', () => {
  test.each(serveContract)('$name', ({ run }) => run());

  const onServer = async (more: object, play: (url: string) => Promise<void>) => {
    const fetch = async (request: Request) => new Response(await request.text());
    const limits = { ...shortLimits, ...more };
    const server = await serve({ fetch, host, port: 0, limits });
    try {
      await play(server.url);
    } finally {
      await server.close();
    }
  };

  /** Sends `piece` again and again, so that the connection is never idle. */
  const drip = (client: RawClient, piece: string) => {
    const timer = setInterval(() => client.send(piece), 50);
    return () => clearInterval(timer);
  };

  test('headers that do not end are given up', () =>
    onServer({ requestMs: 60_000 }, async (url) => {
      const client = new RawClient(url).send('GET / HTTP/1.1\r\nHost: a\r\n');
      const stop = drip(client, 'X: y\r\n');
      expect((await client.answer()).status).toBe(408);
      await client.closed();
      stop();
    }));

  test('a body that comes byte by byte is given up', () =>
    onServer({}, async (url) => {
      const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n';
      const client = new RawClient(url).send(head);
      const stop = drip(client, 'z');
      await client.closed();
      stop();
    }));

  test('a connection too many is closed at once, and does not harm the others', async () => {
    const limits = { ...shortLimits, connectionsMax: 1 };
    const server = await serve({ fetch: () => new Response('ok'), host, port: 0, limits });
    const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
    const first = new RawClient(server.url).send(request);
    expect((await first.answer()).text).toBe('ok');
    await new RawClient(server.url).send(request).closed();
    expect((await first.send(request).answer()).text).toBe('ok');
    first.destroy();
    await server.close();
  });
});

/** A runtime by itself, with the transport that is chosen there. */
function runContracts(runtime: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(runtime, [...args, 'src/runtime/testing/contracts.ts']);
    let said = '';
    child.stdout.on('data', (text) => {
      said += text;
    });
    child.stderr.on('data', (text) => {
      said += text;
    });
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code) => resolve(`${said}exit ${code}`));
  });
}

test.each([
  ['node', []],
  ['bun', []],
  ['deno', ['run', '--allow-all', '--no-check', '--quiet']],
])(
  '%s keeps the contracts of servers and transports',
  async (runtime, args) => {
    const said = await runContracts(runtime, args);
    const [, passed, all] = /: (\d+) of (\d+) passed\nexit 0$/.exec(said) ?? [];
    expect(passed, said).toBeDefined();
    expect(passed).toBe(all);
  },
  60_000,
);

test.each([
  ['127.0.0.1', 'http://127.0.0.1:80'],
  ['::1', 'http://[::1]:80'],
  ['0.0.0.0', 'http://127.0.0.1:80'],
  ['::', 'http://[::1]:80'],
  ['node-1.internal', 'http://node-1.internal:80'],
])('a server on %s is found at %s', (name, url) => {
  expect(urlOf(name, 80)).toBe(url);
});
