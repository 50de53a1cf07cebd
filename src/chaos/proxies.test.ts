import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import process from 'node:process';
import { describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../contract/until.ts';
import { clients } from './links.ts';
import { Proxies } from './proxies.ts';

const isLinux = process.platform === 'linux';
if (!isLinux) process.stdout.write('proxies: skipped: they need /proc and 127.0.0.2 of Linux\n');

interface Stage {
  readonly proxies: Proxies;
  /** What the node has received on each of its connections. */
  readonly received: string[];
  /** A client of the node, by way of its proxy, and what it was sent. */
  readonly client: Socket;
  readonly answers: { text: string };
}

/** A node that answers everything with "ok", on the address that a proxied node listens on. */
async function setUp(): Promise<Stage> {
  const received: string[] = [];
  const server = createServer((socket) => {
    const place = received.push('') - 1;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received[place] += String(chunk);
      socket.write('ok');
    });
  });
  server.listen(0, '127.0.0.2');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const proxies = new Proxies();
  const url = `http://127.0.0.1:${port}`;
  await proxies.open([{ name: 'n', url, isRunning: true, child: { pid: 1 } }]);
  const { client, answers } = await connectTo(port);
  onTestFinished(() => {
    client.destroy();
    proxies.close();
    server.close();
  });
  return { proxies, received, client, answers };
}

async function connectTo(port: number) {
  const client = connect(port, '127.0.0.1');
  const answers = { text: '' };
  client.on('error', () => {});
  client.on('data', (chunk) => {
    answers.text += String(chunk);
  });
  await once(client, 'connect');
  return { client, answers };
}

/** Time in which a packet would have arrived; only what must not arrive is waited for so. */
const passes = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(!isLinux)('a proxy before a node', () => {
  test('passes on what both say', async () => {
    const { client, received, answers } = await setUp();
    client.write('hello');
    await until('the answer is there', () => answers.text === 'ok');
    expect(received).toEqual(['hello']);
  });

  test('cut: one direction holds everything back until it is healed, the other does not', async () => {
    const { proxies, client, received, answers } = await setUp();
    proxies.cut('n', clients);
    client.write('one');
    await until('the node has the request', () => received[0] === 'one');
    expect(answers.text).toBe('');
    proxies.cut(clients, 'n');
    client.write('two');
    await passes(50);
    expect([received[0], answers.text]).toEqual(['one', '']);
    proxies.heal();
    await until('both are answered', () => answers.text === 'okok');
    expect(received[0]).toBe('onetwo');
  });

  test('slow: what is said arrives, in order', async () => {
    const { proxies, client, received } = await setUp();
    proxies.slow(clients, 'n');
    for (const word of ['a', 'b', 'c']) client.write(word);
    await until('all is there', () => received[0] === 'abc');
  });

  test('reset: the connection is gone', async () => {
    const { proxies, client, answers } = await setUp();
    client.write('x');
    await until('it is connected', () => answers.text === 'ok');
    const closed = once(client, 'close');
    proxies.reset('n', clients);
    await closed;
  });

  test('duplicate: a new connection delivers everything twice, and is answered once', async () => {
    const { proxies, client, received } = await setUp();
    proxies.duplicate(clients, 'n');
    const again = await connectTo(client.remotePort ?? 0);
    onTestFinished(() => void again.client.destroy());
    again.client.write('twice');
    await until('both copies are there', () => received.filter((t) => t === 'twice').length === 2);
    await until('it is answered', () => again.answers.text !== '');
    expect(again.answers.text).toBe('ok');
  });
});
