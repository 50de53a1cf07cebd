/** The administrative calls of a cluster; none is repeated once it may have had its effect. */
import { Caller } from '../client/caller.ts';
import { realEnvironment } from '../client/environment.ts';
import { parseObject } from '../client/reply.ts';
import { DsmError } from '../core/errors.ts';
import { headerNames } from '../http/headers.ts';
import type { ClientFlags } from './client-flags.ts';

export interface AdminCall {
  /** For messages: `HANDOFF`. */
  readonly title: string;
  readonly method: 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: object;
  /** Ask this node and no other. */
  readonly node?: string;
}

export const adminCalls = Object.freeze({
  /** To the best standby where `nodeId` is ''. */
  handoff: (nodeId: string): AdminCall => ({
    title: 'HANDOFF',
    method: 'POST',
    path: '/v1/admin/handoff',
    body: nodeId === '' ? {} : { to: nodeId },
  }),
  remove: (nodeId: string): AdminCall => ({
    title: `REMOVE ${nodeId}`,
    method: 'DELETE',
    path: `/v1/admin/members/${encodeURIComponent(nodeId)}`,
  }),
  forceConfig: (node: string): AdminCall => ({
    title: `FORCE-CONFIG ${node}`,
    method: 'POST',
    path: '/v1/admin/force-config',
    node,
  }),
});

/** Throws a DsmError. `secret` is that of the cluster, null where it has none. */
export async function callAdmin(
  flags: ClientFlags,
  secret: string | null,
  { title, method, path, body, node }: AdminCall,
): Promise<void> {
  const caller = new Caller({
    masters: flags.masters,
    headers: secret === null ? {} : { [headerNames.secret]: secret },
    timeoutMs: flags.timeoutMs,
    // Taking the log over can need as long as the call has.
    attemptTimeoutMs: flags.timeoutMs,
    backoffMsMin: 10,
    backoffMsMax: 500,
    replyBytesMax: 1024 * 1024,
    signal: undefined,
    environment: realEnvironment,
    onMasterChange: () => {},
  });
  const reply = await caller.call({
    title,
    method,
    path,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(body)),
    isMutation: true,
    isRepeatable: false,
    node,
  });
  if (reply.status !== 404) return;
  const { detail } = parseObject(reply.body);
  throw new DsmError('not_found', typeof detail === 'string' ? detail : undefined);
}
