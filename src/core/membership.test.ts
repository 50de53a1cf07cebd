import { describe, expect, test } from 'vitest';
import { member, members } from '../sim/fixtures.ts';
import { type Limits, makeLimits } from './limits.ts';
import { nextMembers } from './membership.ts';
import { Peer } from './peer.ts';

interface Shape {
  /** Members of the configuration; the first one is the active master. */
  readonly of: string;
  /** Not members, caught up and heard a moment ago unless they are in `behind` or `silentMs`. */
  readonly learners?: string;
  readonly behind?: string;
  /** Silence by nodeId; all others were heard a moment ago. */
  readonly silentMs?: Readonly<Record<string, number>>;
  readonly gone?: string;
  /** URL that a node has now, where it is not the one of its name. */
  readonly urls?: Readonly<Record<string, string>>;
  readonly limits?: Partial<Limits>;
}

const nowMs = 100_000;

/** The nodeIds of the next configuration, null where nothing is to change. */
function next(shape: Shape): string | null {
  return (
    nextMembers(viewOf(shape))
      ?.map(({ nodeId }) => nodeId)
      .join(' ') ?? null
  );
}

function viewOf({ of, learners = '', behind = '', silentMs = {}, gone = '', urls, limits }: Shape) {
  const voters = members(of);
  const [self = member('m1')] = voters;
  const peers = new Map<string, Peer>();
  for (const { nodeId, role, url } of [...voters.slice(1), ...members(learners)]) {
    const peer = new Peer(
      { nodeId, role, url: urls?.[nodeId] ?? url },
      1,
      nowMs,
      makeLimits(limits),
    );
    peer.heardMs = nowMs - (silentMs[nodeId] ?? 10);
    peer.isCaughtUp = !behind.split(' ').includes(nodeId);
    peer.isGone = gone.split(' ').includes(nodeId);
    peers.set(nodeId, peer);
  }
  return { members: voters, self, peers, limits: makeLimits(limits), nowMs };
}

const dead = 10_000;

describe('the next configuration (rule 11)', () => {
  test.each<[string, Shape, string | null]>([
    ['nothing to do, nothing changes', { of: 'm1 m2 s1 s2' }, null],
    ['a slave that has caught up joins', { of: 'm1', learners: 's1' }, 'm1 s1'],
    ['one that has not waits', { of: 'm1', learners: 's1', behind: 's1' }, null],
    ['one that is silent waits', { of: 'm1', learners: 's1', silentMs: { s1: 500 } }, null],
    [
      'several join in one record, which so never leaves an even number longer than needed',
      { of: 'm1', learners: 's1 s2 m2' },
      'm1 s1 s2 m2',
    ],
    [
      'a backup alone does not become a voter: two are worse than one',
      { of: 'm1', learners: 'm2' },
      null,
    ],
    ['with a slave it does', { of: 'm1 s1', learners: 'm2' }, 'm1 s1 m2'],
    ['a backup and the first slave come together', { of: 'm1', learners: 'm2 s1' }, 'm1 s1 m2'],
    [
      'L8: a dead slave is replaced in one record',
      { of: 'm1 m2 s1 s2', learners: 's9', silentMs: { s1: dead } },
      'm1 m2 s9 s2',
    ],
    [
      'a slave silent for less than removeMs is not',
      { of: 'm1 m2 s1 s2', learners: 's9', silentMs: { s1: dead - 1 } },
      'm1 m2 s1 s2 s9',
    ],
    [
      'L7: one that was reborn takes the place of its dead id at once',
      { of: 'm1 m2 s1 s2', learners: 's9', urls: { s9: 'http://s2' } },
      'm1 m2 s1 s9',
    ],
    [
      'of two at one URL the one heard last joins; both are not two backups',
      { of: 'm1', learners: 'm2 m9', urls: { m9: 'http://m2' }, silentMs: { m2: 90 } },
      null,
    ],
    [
      'one that died a moment ago does not take the place of its successor',
      { of: 'm1 m9 s1', learners: 'm2', urls: { m9: 'http://m2' }, silentMs: { m2: 90 } },
      'm1 m9 s1',
    ],
    [
      'a dead slave without successor is removed',
      { of: 'm1 m2 s1 s2', silentMs: { s1: dead } },
      'm1 m2 s2',
    ],
    [
      'M2: but only while a majority answers',
      { of: 'm1 m2 s1 s2 s3', silentMs: { s1: dead, s2: dead, s3: dead } },
      null,
    ],
    ['and never below minSlaves', { of: 'm1 m2 m3 s1', silentMs: { s1: dead } }, null],
    [
      'of several dead ones as many as minSlaves allows',
      {
        of: 'm1 m2 m3 m4 s1 s2 s3',
        silentMs: { s1: dead, s2: dead, s3: dead },
        limits: { minSlaves: 2 },
      },
      'm1 m2 m3 m4 s2 s3',
    ],
    [
      'L3: all slaves dead and one master alive: replaced when others come',
      { of: 'm1 s1', learners: 's9', silentMs: { s1: dead } },
      'm1 s9',
    ],
    ['a gone slave is dead at once', { of: 'm1 m2 s1 s2', gone: 's1' }, 'm1 m2 s2'],
    ['a silent master is never removed', { of: 'm1 m2 s1 s2', silentMs: { m2: 10 * dead } }, null],
    [
      'L6: one that lost its disk is replaced by the node at its URL',
      { of: 'm1 m2 s1', learners: 'm9', urls: { m9: 'http://m2' }, silentMs: { m2: dead } },
      'm1 m9 s1',
    ],
  ])('%s', (_, shape, expected) => {
    expect(next(shape)).toBe(expected);
  });

  test('a new URL of a known node is a new configuration', () => {
    const found = nextMembers(viewOf({ of: 'm1 m2 s1', urls: { s1: 'http://elsewhere' } }));
    expect(found?.find(({ nodeId }) => nodeId === 's1')?.url).toBe('http://elsewhere');
  });

  test('so is a new URL of the active master itself', () => {
    const view = viewOf({ of: 'm1 m2 s1' });
    const self = { ...view.self, url: 'http://moved' };
    expect(nextMembers({ ...view, self })?.[0]?.url).toBe('http://moved');
  });

  test('the active master is in every next configuration', () => {
    const silentMs = { m2: dead, s1: dead, s2: dead };
    const limits = { minSlaves: 0 };
    expect(next({ of: 'm1 s1 s2 s3 s4', silentMs, limits })).toBe('m1 s3 s4');
  });
});
