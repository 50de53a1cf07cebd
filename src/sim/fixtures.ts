/**
 * What tests of the core are made of: members, records, voters and messages with everything that a
 * test does not care about filled in.
 */
import { crc32 } from 'node:zlib';
import { type DedupeWindow, type Limits, makeLimits } from '../core/limits.ts';
import { Log } from '../core/log.ts';
import type { Append, Position, PromiseRequest } from '../core/messages.ts';
import {
  type Command,
  type Condition,
  encodeBatch,
  type Member,
  type PutCommand,
  type Record,
  type RequestTag,
} from '../core/record.ts';
import { encodeSnapshot, SnapshotDecoder } from '../core/snapshot.ts';
import { Store } from '../core/store.ts';
import { Voter, type VoterOptions } from '../core/voter.ts';

const encoder = new TextEncoder();

/** `m…` are masters, all others slaves; everyone lives at a URL of its own name. */
export function member(nodeId: string): Member {
  return { nodeId, role: nodeId.startsWith('m') ? 'master' : 'slave', url: `http://${nodeId}` };
}

/** `members('m1 s1 s2')`. */
export function members(nodeIds: string): Member[] {
  return nodeIds.split(' ').filter(Boolean).map(member);
}

export function put(
  key: string,
  value: string,
  options: { condition?: Condition; request?: RequestTag | null; ttlMs?: number } = {},
): PutCommand {
  return {
    kind: 'put',
    key,
    value: encoder.encode(value),
    contentType: 'text/plain',
    ttlMs: options.ttlMs ?? 0,
    condition: options.condition ?? 'none',
    request: options.request ?? null,
  };
}

/** What another node makes of the store's snapshot. */
export function throughSnapshot(store: Store, window?: DedupeWindow): Store {
  const decoder = new SnapshotDecoder(window);
  const header = { clusterId: 'c', position: { epoch: 1, lsn: store.appliedLsn }, members: [] };
  for (const chunk of encodeSnapshot(header, store.freeze())) decoder.push(chunk);
  return decoder.finish().store;
}

/** Records of `epoch` from `firstLsn` on, as an active master makes them. */
export function records(
  commands: readonly Command[],
  firstLsn: number,
  epoch = 1,
  logTimeMs = 0,
): Record[] {
  return encodeBatch(commands, firstLsn, epoch, logTimeMs).records;
}

/** `bytes`, which are one frame, with one byte of the body changed and a right checksum: not damage, but news. */
export function withBody(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const changed = bytes.slice();
  changed[8 + at] = value;
  const checksum = crc32(changed.subarray(8), changed.length - 8);
  new DataView(changed.buffer).setUint32(4, checksum, true);
  return changed;
}

/** `count` different puts of `epoch` from `firstLsn` on. */
export function puts(count: number, firstLsn: number, epoch = 1): Record[] {
  const commands = Array.from({ length: count }, (_, i) =>
    put(`k${i}`, `e${epoch} ${firstLsn + i}`),
  );
  return records(commands, firstLsn, epoch);
}

export function config(before: string, after: string): Command {
  return { kind: 'config', before: members(before), after: members(after) };
}

/** A log whose first record makes `nodeIds` the voters. */
export function logOf(nodeIds: string, more: readonly Record[] = []): Log {
  const log = new Log();
  for (const record of [...records([config(nodeIds, nodeIds)], 1), ...more]) log.append(record);
  return log;
}

export interface VoterFixture extends Partial<Omit<VoterOptions, 'self' | 'limits'>> {
  readonly limits?: Partial<Limits>;
}

/** A member of cluster `c` with an empty log, no disk and no promise, but for `options`. */
export function makeVoter(nodeId: string, options: VoterFixture = {}): Voter {
  const { limits, ...rest } = options;
  return new Voter({
    self: member(nodeId),
    limits: makeLimits(limits),
    hasDisk: false,
    clusterId: 'c',
    promised: 0,
    promisedTo: '',
    leaseGrantedMs: 0,
    quietUntilMs: 0,
    log: new Log(),
    store: new Store(),
    onApplied: () => {},
    ...rest,
  });
}

/** An append of m1 that asks for no vow. */
export function append(epoch: number, prev: Position, options: Partial<Append> = {}): Append {
  return {
    clusterId: 'c',
    epoch,
    masterId: 'm1',
    masterUrl: 'http://m1',
    prev,
    committedLsn: 0,
    startLsn: 1,
    leaseMs: 0,
    ...options,
  };
}

export function request(
  epoch: number,
  candidateId: string,
  release: PromiseRequest['release'] = null,
): PromiseRequest {
  const candidateUrl = `http://${candidateId}`;
  return { clusterId: 'c', epoch, candidateId, candidateUrl, release };
}

export const origin: Position = { epoch: 0, lsn: 0 };
