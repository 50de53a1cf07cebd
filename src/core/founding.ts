/**
 * A saved state as the beginning of a new cluster. What was written after it was saved is lost, but
 * not forgotten by everybody: clients hold revisions, watches want to go on behind one, what locks
 * protect has seen fencing tokens, and all of them rely on numbers that only grow. So the new cluster
 * goes on far above every number that the old one can have reached since, as etcd does with
 * `--bump-revision`: then whoever comes with one of these is behind, and is told so, instead of
 * meeting something else under the same number.
 */
import type { Member } from './record.ts';
import type { SnapshotHeader } from './snapshot-reader.ts';
import type { FrozenStore } from './store.ts';

/** A week of 1500 writes a second, and more failovers than anybody has. */
export const lsnLeap = 1_000_000_000;
export const epochLeap = 1_000_000;

export interface Founding {
  readonly header: SnapshotHeader;
  readonly frozen: FrozenStore;
}

/** `founder` is alone in the new cluster; others join it empty. */
export function foundFrom(
  header: SnapshotHeader,
  frozen: FrozenStore,
  clusterId: string,
  founder: Member,
): Founding {
  const { lsn, epoch } = header.position;
  const position = { lsn: lsn + lsnLeap, epoch: epoch + epochLeap };
  return {
    header: { clusterId, position, members: [founder] },
    frozen: { ...frozen, appliedLsn: position.lsn },
  };
}
