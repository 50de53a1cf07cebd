/** The answer of another node, as this node's own. */
import type { InboundReply } from '../ports/transport.ts';
import { headerNames } from './headers.ts';

/** Headers of one connection, and what the runtime says anew of the body. */
const ownHeaders = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'date',
]);

/** The answer of the master as it is: `Dsm-Node` and the rest are the master's. */
export function passOn(reply: InboundReply, url: string): Response {
  const { status } = reply;
  // Where to go directly the next time.
  const headers: Record<string, string> = { [headerNames.master]: url };
  for (const [name, value] of Object.entries(reply.headers())) {
    if (!ownHeaders.has(name)) headers[name] = value;
  }
  const hasBody = status !== 204 && status !== 304;
  const body = hasBody ? (reply.body as Uint8Array<ArrayBuffer>) : null;
  return new Response(body, { status, headers });
}
