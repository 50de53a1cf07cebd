/**
 * Answers of nodes, checked before anybody acts on them: on a port that a node has left another
 * program may listen and answer 200 to everything (DESIGN.md §5 rule 2). What no node of dsm can
 * have said counts as a connection that broke.
 */
import type { PeerAnswer, PeerCallName, Peers } from '../ports/peers.ts';

type Check = (value: unknown) => boolean;
type Shape = Readonly<Record<string, Check>>;

const isText: Check = (value) => typeof value === 'string';
const isId: Check = (value) => typeof value === 'string' && value !== '';
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isTime: Check = (value) => Number.isFinite(value) && Number(value) >= 0;
const isFlag: Check = (value) => typeof value === 'boolean';
const isPosition: Check = (value) => hasShape(value, { epoch: isCount, lsn: isCount });
const isRole: Check = (value) => value === 'master' || value === 'slave';
const isMember: Check = (value) => hasShape(value, { nodeId: isId, role: isRole, url: isId });
const isConfigs: Check = (value) =>
  Array.isArray(value) && value.every((voters) => Array.isArray(voters) && voters.every(isMember));

function hasShape(value: unknown, shape: Shape): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  return Object.entries(shape).every(([name, check]) => check(fields[name]));
}

const refusal: Shape = {
  nodeId: isId,
  reason: isText,
  promised: isCount,
  lastLsn: isCount,
  committedLsn: isCount,
};
const promiseGrant: Shape = {
  nodeId: isId,
  epoch: isCount,
  last: isPosition,
  committedLsn: isCount,
  configs: isConfigs,
  configLsn: isCount,
};
const promiseRefusal: Shape = {
  nodeId: isId,
  promised: isCount,
  remainingMs: isTime,
  configs: isConfigs,
};
const promise = { 200: promiseGrant, 409: promiseRefusal, 423: promiseRefusal };

/** By call and status; a status that is not named here carries nothing that is acted on. */
const shapes: Readonly<Record<PeerCallName, Readonly<Record<number, Shape>>>> = {
  append: {
    200: { nodeId: isId, epoch: isCount, ackedLsn: isCount, appliedLsn: isCount },
    409: refusal,
  },
  log: {
    200: {
      clusterId: isId,
      epoch: isCount,
      masterId: isText,
      masterUrl: isText,
      prev: isPosition,
      committedLsn: isCount,
      startLsn: isCount,
      leaseMs: isTime,
      lastLsn: isCount,
      sentAtMs: isTime,
    },
    409: refusal,
    410: refusal,
  },
  'log-offset': { 200: { clusterId: isId, epoch: isCount, masterId: isId, masterUrl: isId } },
  snapshot: {
    200: { snapshotId: isId, position: isPosition, epoch: isCount, index: isCount, isLast: isFlag },
  },
  promise,
  probe: promise,
  handoff: {},
  register: { 200: { clusterId: isId, masterId: isId, masterUrl: isId } },
  hello: { 200: { nodeId: isId, clusterId: isText, role: isRole, state: isText, epoch: isCount } },
  'read-index': { 200: { clusterId: isId, epoch: isCount, committed: isPosition } },
  read: { 200: { nodeId: isId, revision: isCount, contentType: isText } },
};

export function checkedPeers(peers: Peers): Peers {
  return {
    call(baseUrl, call, done) {
      peers.call(baseUrl, call, (failure, answer) => {
        if (answer !== null && !isOfNode(call.name, answer)) done('broken', null);
        else done(failure, answer);
      });
    },
  };
}

function isOfNode(name: PeerCallName, { status, message }: PeerAnswer): boolean {
  const shape = shapes[name][status];
  return shape === undefined || hasShape(message, shape);
}
