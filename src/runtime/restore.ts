/**
 * A saved snapshot as the data directory of the first master of a new cluster. Done by files and not
 * through the log of a running cluster: one record for a whole state would be as large as the state,
 * and many would let everybody see a half of it; a directory is whole when its meta is written, and a
 * node refuses one without. The new clusterId keeps nodes of the old cluster, and what they hold,
 * out of the new one.
 */
import { readdirSync } from 'node:fs';
import { lockDataDirectory } from '../adapters/data-lock.ts';
import { createFileLog } from '../adapters/file-log.ts';
import { roleOf } from '../adapters/log-names.ts';
import { createNodeDisk } from '../adapters/node-disk.ts';
import { createSystemClock } from '../adapters/system-clock.ts';
import { createSystemRandom } from '../adapters/system-random.ts';
import { DsmError } from '../core/errors.ts';
import { type Founding, foundFrom } from '../core/founding.ts';
import { makeLimits } from '../core/limits.ts';
import { encodeSnapshot, SnapshotDecoder } from '../core/snapshot.ts';
import type { DiskDone } from '../ports/disk.ts';
import { silentLogger } from '../ports/logger.ts';

export interface RestoreOptions {
  /** The bytes of the snapshot, in order. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Made where it does not exist; must be empty. */
  readonly dataDir: string;
  /** Where the master will be reached; a node that starts at another URL says so to the others. */
  readonly url: string;
}

export interface Restored {
  readonly clusterId: string;
  readonly keys: number;
  /** The first revision that the new cluster gives is above this one. */
  readonly revision: number;
}

/**
 * Rejects with a FrameError where the snapshot is damaged, before anything is written, and with a
 * sentence for a person where the directory cannot be taken (DsmError `conflict`: it is not empty).
 */
export async function restoreSnapshot(options: RestoreOptions): Promise<Restored> {
  const { chunks, dataDir, url } = options;
  const decoder = new SnapshotDecoder();
  for await (const chunk of chunks) decoder.push(chunk);
  const { header, store } = decoder.finish();
  const lock = lockDataDirectory(dataDir);
  try {
    expectEmpty(dataDir);
    const random = createSystemRandom();
    const [clusterId, nodeId] = [random.id(), random.id()];
    const founder = { nodeId, role: 'master', url } as const;
    const founding = foundFrom(header, store.freeze(), clusterId, founder);
    await write(dataDir, founding, nodeId);
    return { clusterId, keys: store.keyCount, revision: founding.header.position.lsn };
  } finally {
    lock.release();
  }
}

/** Files of others are left alone, as by a node. */
function expectEmpty(dataDir: string): void {
  const name = readdirSync(dataDir).find(
    (each) => !['lock', 'foreign'].includes(roleOf(each).kind),
  );
  if (name === undefined) return;
  throw new DsmError(
    'conflict',
    `${dataDir} holds the data of a node already (${name}): ` +
      'give an empty directory, or move what is in it away',
  );
}

/** The snapshot first, the meta last: only then is the directory one that a node starts from. */
async function write(dataDir: string, { header, frozen }: Founding, nodeId: string): Promise<void> {
  const disk = createNodeDisk(dataDir);
  const clock = createSystemClock();
  const storage = createFileLog({ disk, limits: makeLimits(), logger: silentLogger, clock });
  storage.recover();
  const { clusterId, position } = header;
  const chunks = encodeSnapshot(header, frozen);
  try {
    await synced((done) => storage.saveSnapshot(position.lsn, chunks, { replaceLog: true }, done));
    const promised = position.epoch;
    const meta = { nodeId, clusterId, promised, promisedTo: '', leaseGrantedMs: 0 };
    await synced((done) => storage.saveMeta(meta, done));
  } finally {
    storage.close();
  }
}

function synced(start: (done: DiskDone) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error === undefined ? resolve() : reject(error)));
  });
}
