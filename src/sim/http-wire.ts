/**
 * The real HTTP side of a simulated node: its Hono app, and the real client of peers over a
 * transport that carries requests through the simulated network. Only sockets are missing, and what
 * the runtimes do around them.
 */
import { createApp } from '../http/app.ts';
import { keysPath } from '../http/keys.ts';
import { createPeers } from '../http/peer-client.ts';
import type { DsmNode } from '../node/node.ts';
import type { Logger } from '../ports/logger.ts';
import type { PeerCall, Peers } from '../ports/peers.ts';
import type { InboundReply, OutboundRequest, Transport } from '../ports/transport.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { SimClock } from './sim-clock.ts';
import type { Endpoint, Fetch, SimNetwork } from './sim-network.ts';

const secret = 'the secret of the simulated cluster';

export interface HttpOptions {
  readonly network: SimNetwork;
  readonly url: string;
  readonly clock: SimClock;
  readonly random: SeededRandom;
  readonly logger: Logger;
}

export interface SimHttp {
  readonly peers: Peers;
  /** The app of the node, as a server calls it. */
  serve(node: DsmNode): Fetch;
}

export function openHttp({ network, url, clock, random, logger }: HttpOptions): SimHttp {
  const transport = simTransport(network, url, clock);
  return {
    peers: createPeers({ transport, secret }),
    serve(node) {
      watchCalls(node, network, url);
      const options = { node, transport, clock, random, logger, secret, isLoopback: false };
      return createApp(options).fetch;
    },
  };
}

/** Calls between nodes are seen where they leave HTTP, as they are in a world without it. */
function watchCalls(node: DsmNode, network: SimNetwork, url: string): void {
  const onPeerCall = node.onPeerCall.bind(node);
  node.onPeerCall = (name, message, body, reply) => {
    const call: PeerCall = { name, message: message as object, body, timeoutMs: 0 };
    network.noteCall(unnamed, url, call);
    onPeerCall(name, message, body, (answer) => {
      network.noteAnswer(url, unnamed, call, answer);
      reply(answer);
    });
  };
}

/** HTTP does not say which node calls. */
const unnamed = 'a node';

function simTransport(network: SimNetwork, from: string, clock: SimClock): Transport {
  return {
    send: (to, request, done) =>
      network.exchange<InboundReply>({
        from,
        to,
        clock,
        timeoutMs: request.timeoutMs,
        // A forwarded change carries its key, and what is said of it is believed by a client.
        repeats: request.path.startsWith(keysPath) ? 're-sent' : 'any-time',
        deliver: (endpoint, answer) => deliver(endpoint, request, answer),
        finish: done,
      }),
    close() {},
  };
}

export type HttpRequest = Omit<OutboundRequest, 'timeoutMs'>;

/** Runs a request through the app at `endpoint`, as its server does. */
export async function deliver(
  { fetch, url }: Endpoint,
  { method, path, headers, body }: HttpRequest,
  answer: (reply: InboundReply) => void,
): Promise<void> {
  if (fetch === undefined) throw new Error(`nothing speaks HTTP at ${url}`);
  const announced = body === undefined ? headers : withLength(headers, body);
  const init = {
    method,
    headers: announced,
    ...(body === undefined ? {} : { body: body.slice() }),
  };
  const response = await fetch(new Request(url + path, init));
  const bytes = new Uint8Array(await response.arrayBuffer());
  answer({
    status: response.status,
    header: (name) => response.headers.get(name) ?? undefined,
    headers: () => Object.fromEntries(response.headers),
    body: bytes,
  });
}

/** A runtime makes this header of the body; a Request made by hand has none. */
function withLength(headers: HttpRequest['headers'], body: Uint8Array): Record<string, string> {
  return { ...headers, 'content-length': String(body.length) };
}

/** Lets everything run that waits for nothing but promises. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
