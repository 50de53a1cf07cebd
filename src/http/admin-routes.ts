/** What an operator does to a cluster: look at its members, hand over, remove, and force. */
import type { Hono } from 'hono';
import { DsmError } from '../core/errors.ts';
import type { NodeStatus } from '../node/api.ts';
import { answerLater } from './answer-later.ts';
import { isForwarded, type Parcel } from './forward.ts';
import { headerNames } from './headers.ts';
import { parseObject } from './peer-calls.ts';
import type { RouteOptions } from './route-options.ts';

const paths = {
  handoff: '/v1/admin/handoff',
  members: '/v1/admin/members',
  forceConfig: '/v1/admin/force-config',
} as const;

const bodyBytesMax = 4096;

export function addAdminRoutes(app: Hono, options: RouteOptions): void {
  const { node, answers, checkSecret } = options;
  app.get(paths.members, () => answers.json(200, membersOf(node.status())));
  app.post(paths.handoff, (c) => {
    checkSecret(c.req.raw.headers);
    return onHandoff(options, c.req.raw);
  });
  app.delete(`${paths.members}/:nodeId`, (c) => {
    checkSecret(c.req.raw.headers);
    return onRemove(options, c.req.raw, c.req.param('nodeId'));
  });
  app.post(paths.forceConfig, (c) => {
    checkSecret(c.req.raw.headers);
    return onForceConfig(options);
  });
}

function membersOf(status: NodeStatus) {
  const { epoch, voters, writeQuorumAcks, master, members } = status;
  return { epoch, master, voters, writeQuorumAcks, members };
}

/** `{"to": "<nodeId>"}`; without it, or without a body, to the best standby. */
async function onHandoff(options: RouteOptions, request: Request): Promise<Response> {
  const { node, answers, bodies } = options;
  const { headers } = request;
  const [isSentOn, secret] = [isForwarded(headers), secretOf(headers)];
  const body = await bodies.read(request, bodyBytesMax);
  const to = parseSuccessor(new TextDecoder().decode(body));
  return options.forwarder.run({
    isForwarded: isSentOn,
    bodyBytes: body.length,
    isRepeatable: () => false,
    runHere: (done) =>
      node.handoff(to, (error) =>
        done(error, () => answers.json(200, { handedOff: true, master: node.activeUrl() })),
      ),
    pack: (): Parcel => ({
      method: 'POST',
      path: paths.handoff,
      headers: { 'content-type': 'application/json', ...secret },
      body: new TextEncoder().encode(JSON.stringify({ to })),
    }),
  });
}

function parseSuccessor(text: string): string {
  if (text.trim() === '') return '';
  const request = parseObject(text);
  const to = request !== null && 'to' in request ? request.to : request && '';
  if (typeof to === 'string' && to.length <= 64) return to;
  throw new DsmError('invalid_request', 'The body must be JSON like {"to": "<nodeId>"}, or empty');
}

function onRemove(options: RouteOptions, request: Request, nodeId: string): Promise<Response> {
  const { node, answers } = options;
  const { headers } = request;
  const secret = secretOf(headers);
  return options.forwarder.run({
    isForwarded: isForwarded(headers),
    bodyBytes: 0,
    isRepeatable: () => false,
    runHere: (done) => node.removeMember(nodeId, (error) => done(error, () => answers.empty(204))),
    pack: (): Parcel => ({
      method: 'DELETE',
      path: `${paths.members}/${encodeURIComponent(nodeId)}`,
      headers: secret,
    }),
  });
}

/** The secret that a call came with, to be sent on with it. */
function secretOf(headers: Headers): Readonly<Record<string, string>> {
  const secret = headers.get(headerNames.secret);
  return secret === null ? {} : { [headerNames.secret]: secret };
}

/** Never forwarded: it is about this node and its log. */
function onForceConfig({ node, answers }: RouteOptions): Promise<Response> {
  const warning =
    'Writes that were acknowledged but are not in the log of this node are lost; ' +
    'wipe the other masters before they are started again';
  return answerLater((settle) =>
    node.forceConfig((error) =>
      settle(() =>
        error === null
          ? answers.json(200, { forced: true, lastLsn: node.status().lastLsn, warning })
          : answers.problem(error),
      ),
    ),
  );
}
