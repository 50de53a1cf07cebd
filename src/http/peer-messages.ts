/** Messages of other nodes, from JSON into the types of `core/messages.ts`. */
import type {
  Append,
  Handoff,
  PeerRead,
  Poll,
  PromiseRequest,
  ReadIndexQuestion,
  Registration,
} from '../core/messages.ts';
import type { SnapshotRequest } from '../node/snapshot-server.ts';
import type { PeerCallName } from '../ports/peers.ts';
import { MessageFields } from './message-fields.ts';

type Parse = (fields: MessageFields) => object;

const parsers: Readonly<Record<PeerCallName, Parse>> = Object.freeze({
  append: parseAppend,
  promise: parsePromiseRequest,
  probe: parsePromiseRequest,
  handoff: parseHandoff,
  register: parseRegistration,
  'read-index': parseReadIndexQuestion,
  read: parsePeerRead,
  hello: parseNothing,
  log: parsePoll,
  'log-offset': parseNothing,
  snapshot: parseSnapshotRequest,
});

/** Throws `invalid_request` that names what is wrong. */
export function parseMessage(name: PeerCallName, message: unknown): object {
  return parsers[name](new MessageFields(message));
}

function parseAppend(fields: MessageFields): Append {
  return {
    clusterId: fields.text('clusterId'),
    epoch: fields.count('epoch'),
    masterId: fields.text('masterId'),
    masterUrl: fields.baseUrl('masterUrl'),
    prev: fields.position('prev'),
    committedLsn: fields.count('committedLsn'),
    startLsn: fields.count('startLsn'),
    leaseMs: fields.ms('leaseMs'),
  };
}

function parsePoll(fields: MessageFields): Poll {
  return {
    clusterId: fields.text('clusterId'),
    nodeId: fields.text('nodeId'),
    url: fields.baseUrl('url'),
    promised: fields.count('promised'),
    synced: fields.position('synced'),
    appliedLsn: fields.count('appliedLsn'),
    waitMs: fields.ms('waitMs'),
    echo: fields.optional('echo', (echo) => ({
      epoch: echo.count('epoch'),
      sentAtMs: echo.ms('sentAtMs'),
    })),
    candidateEpoch: fields.count('candidateEpoch'),
  };
}

function parsePromiseRequest(fields: MessageFields): PromiseRequest {
  return {
    clusterId: fields.text('clusterId'),
    epoch: fields.count('epoch'),
    candidateId: fields.text('candidateId'),
    candidateUrl: fields.baseUrl('candidateUrl'),
    release: fields.optional('release', (release) => ({
      epoch: release.count('epoch'),
      masterId: release.text('masterId'),
    })),
  };
}

function parseHandoff(fields: MessageFields): Handoff {
  return {
    clusterId: fields.text('clusterId'),
    epoch: fields.count('epoch'),
    masterId: fields.text('masterId'),
    candidateId: fields.text('candidateId'),
  };
}

function parseRegistration(fields: MessageFields): Registration {
  return {
    clusterId: fields.text('clusterId'),
    nodeId: fields.text('nodeId'),
    url: fields.baseUrl('url'),
  };
}

function parseReadIndexQuestion(fields: MessageFields): ReadIndexQuestion {
  return {
    clusterId: fields.text('clusterId'),
    nodeId: fields.text('nodeId'),
    forceRound: fields.flag('forceRound'),
  };
}

function parsePeerRead(fields: MessageFields): PeerRead {
  return {
    clusterId: fields.text('clusterId'),
    nodeId: fields.text('nodeId'),
    key: fields.text('key'),
    revision: fields.count('revision'),
    committed: fields.position('committed'),
  };
}

function parseSnapshotRequest(fields: MessageFields): SnapshotRequest {
  return {
    clusterId: fields.text('clusterId'),
    nodeId: fields.text('nodeId'),
    candidateEpoch: fields.count('candidateEpoch'),
    snapshotId: fields.text('snapshotId'),
    index: fields.count('index'),
  };
}

/** Asked by everybody who knows the secret, without saying anything. */
function parseNothing(): object {
  return {};
}
