/** A server on raw sockets that does to a connection what a test says, to see what a transport makes of it. */
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import type {
  InboundReply,
  OutboundRequest,
  Transport,
  TransportFailure,
} from '../ports/transport.ts';
import { createSystemClock } from './system-clock.ts';
import type { TransportOptions } from './transport-options.ts';

export type Outcome = TransportFailure | InboundReply;

/** A server that is told, for each request that arrives, what to do with its connection. */
export interface Stage {
  readonly url: string;
  readonly transport: Transport;
  /** Whole requests in the order of their arrival, as text. */
  readonly requests: string[];
  connections: number;
  /** Refuses further connections; those that are open stay. */
  refuse(): void;
  ask(request?: Partial<OutboundRequest>): Promise<Outcome>;
}

export type CreateTransport = (options: TransportOptions) => Transport | Promise<Transport>;

export type Script = (socket: Socket, request: string, stage: Stage) => void;

/** What the transport on stage accepts. */
export const replyBytesMax = 1000;

export function httpAnswer(body: string, head = '200 OK', headers = ''): string {
  return `HTTP/1.1 ${head}\r\ncontent-length: ${body.length}\r\n${headers}\r\n${body}`;
}

export const answerOk: Script = (socket) => socket.write(httpAnswer('ok'));

/** True when `text` is a whole request: the head and, where announced, the body. */
function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const head = text.slice(0, end).toLowerCase();
  if (head.includes('transfer-encoding: chunked')) return text.endsWith('0\r\n\r\n');
  const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0);
  return text.length >= end + 4 + length;
}

/** Plays against a server that follows `script`, and clears the stage afterwards. */
export async function onStage(
  create: CreateTransport,
  script: Script,
  play: (stage: Stage) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    stage.connections += 1;
    let text = '';
    socket.on('error', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (!isWhole(text)) return;
      stage.requests.push(text);
      const request = text;
      text = '';
      script(socket, request, stage);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert(typeof address === 'object' && address !== null);
  const transport = await create({ clock: createSystemClock(), replyBytesMax });
  const url = `http://127.0.0.1:${address.port}`;
  const stage: Stage = {
    url,
    transport,
    requests: [],
    connections: 0,
    refuse: () => void server.close(),
    ask: (request) => ask(transport, url, request),
  };
  try {
    await play(stage);
  } finally {
    transport.close();
    server.close();
    for (const socket of sockets) socket.destroy();
  }
}

function ask(
  transport: Transport,
  url: string,
  request: Partial<OutboundRequest> = {},
): Promise<Outcome> {
  const whole = { method: 'GET', path: '/', headers: {}, timeoutMs: 5000, ...request } as const;
  return new Promise((resolve, reject) => {
    let isInside = true;
    let calls = 0;
    transport.send(url, whole, (failure, reply) => {
      calls += 1;
      if (isInside) reject(new Error('done was called inside send'));
      if (calls > 1) reject(new Error('done was called twice'));
      resolve(failure ?? reply ?? reject(new Error('neither a failure nor a reply')) ?? 'broken');
    });
    isInside = false;
  });
}

export function replyOf(outcome: Outcome): InboundReply {
  assert(typeof outcome === 'object', `expected a reply, not ${outcome}`);
  return outcome;
}

export const textOf = (outcome: Outcome): string => new TextDecoder().decode(replyOf(outcome).body);
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Lets the runtime see that a connection is idle. */
export const aMoment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

/** Waits for what the other end of a connection does: a busy machine does it late. */
export async function until(holds: () => boolean): Promise<void> {
  for (let moments = 0; !holds() && moments < 250; moments += 1) await aMoment();
  assert(holds());
}
