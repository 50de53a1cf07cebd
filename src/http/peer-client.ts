/** Calls to other nodes over a transport: the other end of `peer-routes.ts`. */
import type { PeerAnswer, PeerCall, PeerCallName, PeerDone, Peers } from '../ports/peers.ts';
import type { InboundReply, OutboundRequest, Transport } from '../ports/transport.ts';
import { headerNames } from './headers.ts';
import { parseObject, peerPaths, toHeaderJson } from './peer-calls.ts';

export interface PeersOptions {
  readonly transport: Transport;
  /** The cluster secret; null where there is none. */
  readonly secret: string | null;
}

export function createPeers({ transport, secret }: PeersOptions): Peers {
  return {
    call(baseUrl: string, call: PeerCall, done: PeerDone) {
      transport.send(baseUrl, requestOf(call, secret), (failure, reply) => {
        if (failure !== null || reply === null) return done(failure ?? 'broken', null);
        const answer = answerOf(call.name, reply);
        if (answer === null) done('broken', null);
        else done(null, answer);
      });
    },
  };
}

function requestOf(call: PeerCall, secret: string | null): OutboundRequest {
  const { name, message, body, timeoutMs } = call;
  const headers: Record<string, string> = { [headerNames.message]: toHeaderJson(message) };
  if (secret !== null) headers[headerNames.secret] = secret;
  if (body !== undefined) headers['content-type'] = 'application/octet-stream';
  return { ...peerPaths[name], headers, timeoutMs, ...(body === undefined ? {} : { body }) };
}

const decoder = new TextDecoder();

/** null where no node of dsm can have said this. */
function answerOf(name: PeerCallName, reply: InboundReply): PeerAnswer | null {
  const header = reply.header(headerNames.message);
  const message = parseObject(header ?? decoder.decode(reply.body));
  if (message === null) return null;
  // On the wire, an answer without records has the status that HTTP has for that.
  const status = name === 'log' && reply.status === 204 ? 200 : reply.status;
  return header === undefined ? { status, message } : { status, message, body: reply.body };
}
