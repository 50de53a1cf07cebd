/** A node on the wire without a protocol behind it, and requests as they stand on the wire. */
import { createSystemClock } from '../../adapters/system-clock.ts';
import { createSystemRandom } from '../../adapters/system-random.ts';
import { createApp } from '../../http/app.ts';
import { FakeNode } from '../../http/testing/fake-node.ts';
import { silentLogger } from '../../ports/logger.ts';
import { answerOptions } from '../answer-options.ts';
import { type RunningServer, serve } from '../serve.ts';
import { RawClient } from './raw-client.ts';

export interface ServeCase {
  readonly name: string;
  run(): Promise<void>;
}

export interface Stage {
  readonly node: FakeNode;
  readonly server: RunningServer;
  connect(): RawClient;
}

export const host = '127.0.0.1';
export const valueBytesMax = 100_000;

/** For a case that waits for them in earnest; any other would take a busy machine for a slow client. */
export const shortLimits = { headersMs: 300, requestMs: 1000, checkMs: 50, closeMs: 300 };
const shortBodyMs = 300;

/** Plays with a node of its own, on a free port. Its limits are those of any node, or short. */
export async function onStage(
  play: (stage: Stage) => Promise<void>,
  { isImpatient = false } = {},
): Promise<void> {
  const node = new FakeNode();
  node.limits = { ...node.limits, valueBytesMax };
  const app = createApp({
    node,
    clock: createSystemClock(),
    random: createSystemRandom(),
    logger: silentLogger,
    transport: { send: () => {}, close: () => {} },
    secret: null,
    isLoopback: true,
    ...answerOptions(),
    ...(isImpatient ? { bodyTimeoutMs: shortBodyMs } : {}),
  });
  const limits = isImpatient ? shortLimits : { closeMs: shortLimits.closeMs };
  const server = await serve({ fetch: app.fetch, host, port: 0, limits });
  const clients: RawClient[] = [];
  const connect = () => {
    const client = new RawClient(server.url);
    clients.push(client);
    return client;
  };
  try {
    await play({ node, server, connect });
  } finally {
    for (const client of clients) client.destroy();
    await server.close();
  }
}

export const get = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`;

export const put = (path: string, body: string, more = ''): string =>
  `PUT ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;

/** Lets sockets do what they are about to. */
export const aMoment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));
