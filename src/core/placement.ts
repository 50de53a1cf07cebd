/** Which slaves get a batch at once (DESIGN.md §5 rule 3). */
import { crc32 } from 'node:zlib';
import type { Peer } from './peer.ts';

/** The default first. */
export const placements = ['least-lag', 'hash', 'random'] as const;
export type Placement = (typeof placements)[number];

/**
 * `count` of `slaves`, the best first. `hash` is rendezvous hashing (Thaler and Ravishankar, 1998):
 * a slave that comes or goes moves only its own share of the keys. `least-lag` keeps to those that
 * hold most of the log, so that little is sent to reach the quorum, and among equals to those that
 * answer fastest. `random` is in [0, 1).
 */
export function chooseSlaves(
  slaves: readonly Peer[],
  count: number,
  placement: Placement,
  key: string,
  random: () => number,
): Peer[] {
  if (count >= slaves.length) return [...slaves];
  if (placement === 'least-lag') return [...slaves].sort(compareLag).slice(0, count);
  const weight = (peer: Peer): number =>
    placement === 'random' ? random() : mix(crc32(key, crc32(peer.nodeId)));
  return slaves
    .map((peer) => ({ peer, weight: weight(peer) }))
    .sort((a, b) => b.weight - a.weight)
    .slice(0, count)
    .map(({ peer }) => peer);
}

const compareLag = (a: Peer, b: Peer): number => b.matchLsn - a.matchLsn || a.ackMs - b.ackMs;

/** A CRC is linear in its input, so two nodes' values move together; this breaks it up. */
function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
