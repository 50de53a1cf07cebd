/** Nodes as they are born in the simulator and on walks: from what their disks hold, or from nothing. */
import type { Limits } from '../core/limits.ts';
import type { Placement } from '../core/placement.ts';
import { MasterNode } from '../node/master-node.ts';
import { recoverState } from '../node/recovery.ts';
import { SlaveNode } from '../node/slave-node.ts';
import type { Storage } from '../ports/storage.ts';

export interface Life {
  readonly url: string;
  readonly limits: Limits;
  readonly ports: ConstructorParameters<typeof SlaveNode>[0]['ports'];
  readonly masterUrls: readonly string[];
  readonly onFatal: (error: Error) => void;
}

/** A slave has no disk, and so a new name each time. */
export function bearSlave({ url, ...life }: Life): SlaveNode {
  const nodeId = life.ports.random.id();
  return new SlaveNode({ ...life, self: { nodeId, role: 'slave', url } });
}

export interface MasterLife extends Life {
  readonly storage: Storage;
  readonly placement: Placement;
  readonly readFrom: 'master' | 'slaves';
}

/** Throws a CorruptLogError where its disk is damaged. */
export function bearMaster({ url, ...life }: MasterLife): MasterNode {
  const recovered = life.storage.recover();
  const nodeId = recovered.meta?.nodeId ?? life.ports.random.id();
  return new MasterNode({
    ...life,
    ...recoverState(recovered),
    self: { nodeId, role: 'master', url },
    recovered,
    newCluster: false,
    mayFound: true,
  });
}
