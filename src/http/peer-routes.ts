/** Calls of other nodes, behind the cluster secret. Everything is decided by the node. */
import type { Hono } from 'hono';
import { DsmError } from '../core/errors.ts';
import type { Limits } from '../core/limits.ts';
import type { PeerAnswer, PeerCallName } from '../ports/peers.ts';
import { answerLater } from './answer-later.ts';
import type { Answers, HeaderFields } from './answers.ts';
import type { IncomingBody } from './bodies.ts';
import { expectSameSite } from './browser-guard.ts';
import { headerNames } from './headers.ts';
import { parseObject, peerCallNames, peerPaths, toHeaderJson } from './peer-calls.ts';
import { parseMessage } from './peer-messages.ts';
import type { RouteOptions } from './route-options.ts';

/** Frame, key and the rest of a record that exceeds a batch alone. */
const recordOverheadBytes = 64 * 1024;

const noBytes = new Uint8Array(0);

export function addPeerRoutes(app: Hono, options: RouteOptions): void {
  for (const name of peerCallNames) {
    const { method, path } = peerPaths[name];
    app.on(method, path, (c) => onPeerCall(options, name, c.req.raw));
  }
}

/** Throws a DsmError, or rejects with one. */
export function onPeerCall(
  { node, answers, bodies, checkSecret }: RouteOptions,
  name: PeerCallName,
  request: Request,
  incoming?: IncomingBody,
): Promise<Response> {
  expectSameSite(request);
  checkSecret(request.headers);
  const message = parseMessage(name, messageOf(request.headers));
  return answerLater((settle, reject) => {
    const call = (body: Uint8Array): void =>
      node.onPeerCall(name, message, body, (answer) =>
        settle(() => toResponse(answers, name, answer)),
      );
    if (peerPaths[name].method !== 'POST') return call(noBytes);
    bodies.take(request, bodyBytesMax(node.limits), call, reject, incoming);
  });
}

function bodyBytesMax({ batchBytesMax, valueBytesMax }: Limits): number {
  return batchBytesMax + valueBytesMax + recordOverheadBytes;
}

/** No header is an empty message: people ask `/log/offset` and `/peer/hello` with curl. */
function messageOf(headers: Headers): object {
  const json = headers.get(headerNames.message);
  const message = json === null ? {} : parseObject(json);
  if (message !== null) return message;
  throw new DsmError('invalid_request', `The header ${headerNames.message} must be a JSON object`);
}

function toResponse(answers: Answers, name: PeerCallName, answer: PeerAnswer): Response {
  const { status, message, body } = answer;
  const forPeople = status === 200 ? placeInLog(name, message) : {};
  if (body !== undefined && body.length > 0) {
    const header = { [headerNames.message]: toHeaderJson(message) };
    const type = { 'content-type': 'application/octet-stream' };
    return answers.make(status, body, { ...type, ...header, ...forPeople });
  }
  if (name === 'log' && status === 200) {
    return answers.empty(204, { [headerNames.message]: toHeaderJson(message), ...forPeople });
  }
  return answers.json(status, message, forPeople);
}

/** What people look for in an answer of the log, without reading JSON (DESIGN.md §5 rule 8). */
function placeInLog(name: PeerCallName, message: object): HeaderFields {
  if (name !== 'log' && name !== 'log-offset') return {};
  const fields: Record<string, string> = {};
  const facts = message as Readonly<Record<string, unknown>>;
  for (const [header, fact] of placeHeaders) {
    if (facts[fact] !== undefined) fields[header] = String(facts[fact]);
  }
  return fields;
}

const placeHeaders = [
  [headerNames.cluster, 'clusterId'],
  [headerNames.lastLsn, 'lastLsn'],
  [headerNames.committedLsn, 'committedLsn'],
] as const;
