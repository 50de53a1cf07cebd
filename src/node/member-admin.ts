/** What an administrator does to the members of a cluster (DESIGN.md §5 rule 11). */
import { DsmError } from '../core/errors.ts';
import { encodeBatch } from '../core/record.ts';
import type { ActiveRole } from './active-role.ts';
import type { NodeContext } from './context.ts';
import type { Waited } from './waiters.ts';

export function removeMember(
  { voter, self, logger }: NodeContext,
  active: ActiveRole,
  nodeId: string,
  done: Waited,
): void {
  const { members } = voter;
  const after = members.filter((member) => member.nodeId !== nodeId);
  if (nodeId === self.nodeId) {
    return done(new DsmError('conflict', 'The active master cannot be removed; hand off first'));
  }
  if (after.length === members.length) {
    return done(new DsmError('not_found', `No member has the nodeId ${nodeId}`));
  }
  if (!active.master.canReconfigure) {
    return done(new DsmError('conflict', 'Another change of members is under way; try again'));
  }
  logger.warn('an administrator removes a member', { nodeId });
  active.proposeMembers(after, done);
}

/** Makes this master, which is not active, the only voter: the way out where no quorum is left. */
export function forceConfig(context: NodeContext, done: Waited): void {
  const { voter, self, random, logger, persistence } = context;
  const epoch = voter.promised + 1;
  const members = [self];
  const command = { kind: 'config', before: members, after: members } as const;
  const prev = voter.log.last;
  const { records } = encodeBatch([command], prev.lsn + 1, epoch, voter.store.logTimeMs);
  // Another cluster from here on: a node that holds what this log lacks must not mix with it.
  voter.clusterId = random.id();
  voter.heardCommittedLsn = 0;
  voter.promise(epoch, self.nodeId);
  voter.master = null;
  voter.takeRecords(prev, records);
  logger.warn('this master was made the only voter', { lastLsn: prev.lsn });
  persistence.flush(() => done(null));
  context.changed();
}
