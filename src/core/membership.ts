/**
 * Which configuration comes next (DESIGN.md §4 and §5 rule 11): learners that have caught up take
 * the places of dead members, or join; a member that stays silent is removed only while a majority
 * answers. All changes that are due go into one record, so that the number of voters does not rise
 * while dead ones still count.
 */
import type { Limits } from './limits.ts';
import type { Peer } from './peer.ts';
import { isMajority } from './quorum.ts';
import type { Member } from './record.ts';

export interface MembershipView {
  /** The newest configuration, committed. */
  readonly members: readonly Member[];
  readonly self: Member;
  readonly peers: ReadonlyMap<string, Peer>;
  readonly limits: Limits;
  readonly nowMs: number;
}

/** The next configuration, or null where nothing is to change. */
export function nextMembers(view: MembershipView): readonly Member[] | null {
  const { members, peers } = view;
  const learners = [...peers.values()].filter((peer) => isReadyToJoin(peer, view));
  const next = withNewUrls(members, view);
  for (const learner of learners) {
    if (learner.role === 'slave') joinSlave(next, learner, view);
  }
  // Backups after slaves: whether three voters result is known only then.
  const masters = learners.filter(({ role }) => role === 'master');
  for (const learner of masters) joinMaster(next, learner, masters.length);
  removeSilent(next, view);
  return sameMembers(members, next) ? null : next;
}

/** A learner that has caught up and answers. */
function isReadyToJoin(peer: Peer, { members, peers, limits, nowMs }: MembershipView): boolean {
  const isMember = members.some((member) => member.nodeId === peer.nodeId);
  if (isMember || !peer.isCaughtUp || peer.isSuspect(nowMs, limits)) return false;
  // Its successor answers at its URL: it died so shortly ago that it is not missed yet.
  return ![...peers.values()].some(
    ({ url, heardMs }) => url === peer.url && heardMs > peer.heardMs,
  );
}

/** A known node that answers at another URL, this master included. */
function withNewUrls(members: readonly Member[], { peers, self }: MembershipView): Member[] {
  return members.map((member) => {
    const isSelf = member.nodeId === self.nodeId;
    const url = isSelf ? self.url : (peers.get(member.nodeId)?.url ?? member.url);
    return url === member.url ? member : { ...member, url };
  });
}

function joinSlave(next: Member[], learner: Peer, view: MembershipView): void {
  const slaves = next.filter((member) => member.role === 'slave');
  const place =
    slaves.find((member) => member.url === learner.url) ??
    slaves.find((member) => isDead(member, view));
  const member = memberOf(learner);
  if (place === undefined) next.push(member);
  else next[next.indexOf(place)] = member;
}

function joinMaster(next: Member[], learner: Peer, readyCount: number): void {
  const place = next.findIndex(({ role, url }) => role === 'master' && url === learner.url);
  // §4: a backup becomes a voter only in a record that leaves at least three of them, of which
  // other backups that are ready may be some.
  if (place >= 0) next[place] = memberOf(learner);
  else if (next.length + readyCount >= 3) next.push(memberOf(learner));
}

/** A slave that is gone, or silent for `removeMs`. */
function isDead(member: Member, { peers, limits, nowMs }: MembershipView): boolean {
  const peer = peers.get(member.nodeId);
  if (peer === undefined || member.role !== 'slave') return false;
  return peer.isGone || nowMs - peer.heardMs >= limits.removeMs;
}

/** Never shrinks without a majority that answers, nor below `minSlaves`, nor by a master. */
function removeSilent(next: Member[], view: MembershipView): void {
  const { members, self, peers, limits, nowMs } = view;
  const answers = (nodeId: string) =>
    nodeId === self.nodeId || peers.get(nodeId)?.isSuspect(nowMs, limits) === false;
  if (!isMajority([members], answers)) return;
  for (const member of [...next]) {
    const slaves = next.filter(({ role }) => role === 'slave').length;
    if (slaves > limits.minSlaves && isDead(member, view)) next.splice(next.indexOf(member), 1);
  }
}

function memberOf({ nodeId, role, url }: Peer): Member {
  return { nodeId, role, url };
}

function sameMembers(a: readonly Member[], b: readonly Member[]): boolean {
  return (
    a.length === b.length &&
    a.every((member, i) => member.nodeId === b[i]?.nodeId && member.url === b[i]?.url)
  );
}

/**
 * True where the last `config` record dropped a master. That it is committed is known to memories
 * only: after a power cut of all, the quorum before it would be asked for too, and "every master"
 * would wait for the one that was dropped, for ever. Another `config` record, though it changes
 * nothing, is the proof on disk: one is proposed only after the last is committed.
 */
export function hasDroppedMaster({
  members,
  formerMembers,
}: {
  readonly members: readonly Member[];
  readonly formerMembers: readonly Member[];
}): boolean {
  const isMember = ({ nodeId }: Member) => members.some((member) => member.nodeId === nodeId);
  return formerMembers.some((former) => former.role === 'master' && !isMember(former));
}
