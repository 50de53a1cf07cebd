/** What the tests of the storages share: records, and calls as promises. */
import { encodeBatch, type Record } from '../core/record.ts';
import type { DiskDone } from '../ports/disk.ts';
import type { Meta } from '../ports/storage.ts';

export interface RecordsOptions {
  readonly epoch?: number;
  readonly valueBytes?: number;
  /** Tells records of one (lsn, epoch) apart. */
  readonly tag?: string;
}

/** `count` records from `firstLsn` on, encoded side by side as a batch is. */
export function makeRecords(
  firstLsn: number,
  count: number,
  { epoch = 1, valueBytes = 20, tag = '' }: RecordsOptions = {},
): Record[] {
  const commands = Array.from({ length: count }, (_, index) => ({
    kind: 'put' as const,
    key: `key-${firstLsn + index}${tag}`,
    value: new Uint8Array(valueBytes).fill((firstLsn + index) % 251),
    contentType: 'text/plain',
    ttlMs: 0,
    condition: 'none' as const,
    request: null,
  }));
  return encodeBatch(commands, firstLsn, epoch, 1000).records;
}

export function makeMeta(promised: number): Meta {
  return { nodeId: 'node-1', clusterId: 'cluster', promised, promisedTo: 'b', leaseGrantedMs: 900 };
}

/** What a record is, for comparing: its place and its bytes. */
export function nameOf({ lsn, epoch, frame }: Record): string {
  return `${lsn}/${epoch}/${Buffer.from(frame).toString('base64')}`;
}

/** A call by callback as a promise. */
export function call(start: (done: DiskDone) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error === undefined ? resolve() : reject(error)));
  });
}
