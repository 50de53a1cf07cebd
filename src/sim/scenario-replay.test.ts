import { describe, expect, test } from 'vitest';
import type { PeerCall, PeerCallName } from '../ports/peers.ts';
import { Scenario } from './scenario.ts';
import { SeededRandom } from './seeded-random.ts';

interface Heard {
  readonly to: string;
  readonly call: PeerCall;
}

/** Keeps every call between nodes, so that each may be delivered again at any time. */
function record(story: Scenario): Heard[] {
  const heard: Heard[] = [];
  story.world.network.onCall = (_from, to, call) => heard.push({ to: to.slice(7), call });
  return heard;
}

function deliver(story: Scenario, { to, call }: Heard): void {
  const { node, clock } = story.world.seat(to);
  if (node === null || clock?.isAwake !== true) return;
  node.onPeerCall(call.name, call.message, call.body ?? new Uint8Array(0), () => {});
}

const kinds: PeerCallName[] = [
  'append',
  'log',
  'log-offset',
  'snapshot',
  'promise',
  'probe',
  'handoff',
  'register',
  'hello',
  'read-index',
];

/** An eventful life: failover, handoff, rebirth, a partition, with writes all along. */
function live(story: Scenario, between: () => void): void {
  const { world } = story;
  const steps = [
    () => world.crash(story.active),
    () => world.startAll(),
    () => world.node(story.active).handoff('', () => {}),
    () => world.crash('s1'),
    () => world.start('s1'),
    () => world.partition([story.active]),
    () => world.network.heal(),
    () => world.partition(['s2']),
    () => world.network.heal(),
  ];
  for (const step of steps) {
    step();
    for (let i = 0; i < 12; i += 1) {
      for (const name of world.activeNames()) story.begin(name);
      world.run(120);
      between();
    }
  }
}

describe('late and duplicate messages', () => {
  test.each(kinds)('an old "%s" delivered again at any later time does no harm', (kind) => {
    for (let seed = 1; seed <= 3; seed += 1) {
      const story = Scenario.ready({ seed, masters: 3, driftShare: 0.04 });
      const random = new SeededRandom(seed, 'replay');
      const heard = record(story);
      live(story, () => {
        const old = heard.filter(({ call }) => call.name === kind);
        for (let i = 0; i < 4 && old.length > 0; i += 1) deliver(story, random.pick(old));
      });
      story.world.network.onCall = null;
      story.expectHealthy();
    }
  });

  test('all kinds at once, with snapshots, lose nothing and stop nothing', () => {
    for (let seed = 11; seed <= 16; seed += 1) {
      const limits = { snapshotEveryBytes: 1500, logTailBytesMax: 1200, batchBytesMax: 400 };
      const story = Scenario.ready({ seed, masters: 2, limits, driftShare: 0.04 });
      const random = new SeededRandom(seed, 'replay');
      const heard = record(story);
      live(story, () => {
        for (let i = 0; i < 6 && heard.length > 0; i += 1) deliver(story, random.pick(heard));
      });
      story.world.network.onCall = null;
      story.expectHealthy();
    }
  });

  test('calls that arrive twice at once are done once', () => {
    const story = Scenario.ready({ seed: 2 });
    story.world.network.faults = { ...story.world.network.faults, duplicateShare: 0.5 };
    story.writes(30);
    story.world.crash('m1');
    story.writes(5);
    story.world.start('m1');
    story.expectHealthy();
  });

  test('a late promise request of the winner does not void the vow under its lease', () => {
    const story = Scenario.ready();
    const { world } = story;
    let late: Heard | null = null;
    world.network.onCall = (_from, to, call) => {
      if (call.name === 'promise' && to === 'http://s3') late = { to: 's3', call };
    };
    world.crash('m1');
    world.until(() => world.activeNames().includes('m2'), 5000);
    world.run(300);
    if (late !== null) deliver(story, late);
    const { vow } = world.node('s3').inspect();
    expect(late).not.toBeNull();
    expect(vow?.masterId).toBe(world.node('m2').nodeId);
  });
});

describe('requests of clients that come twice', () => {
  test('the same key with another payload is refused, wherever and whenever', () => {
    const story = Scenario.ready();
    const { world } = story;
    const put = (name: string, value: string, payloadHash: number) =>
      world.await(
        world.put(name, 'k', value, { request: { id: 'r', payloadHash, keyRevision: 0 } }),
      ).value;
    const first = put('m1', 'a', 1);
    expect(put('m1', 'b', 2)?.status).toBe('request-mismatch');
    world.crash('m1');
    expect(put(story.active, 'b', 2)?.status).toBe('request-mismatch');
    expect(put('m2', 'a', 1)).toEqual(first);
    expect(world.mustGet('m2', 'k')).toBe('a');
  });

  test('two at the same time are one: both get the one result', () => {
    const { world } = Scenario.ready();
    const request = { id: 'r', payloadHash: 1, keyRevision: 0 };
    const both = [world.put('m1', 'k', 'a', { request }), world.put('m1', 'k', 'a', { request })];
    const [one, other] = both.map((write) => world.await(write).value);
    expect(one).toEqual(other);
    expect(one?.status).toBe('created');
  });

  test('are remembered in a snapshot, and after a power cut', () => {
    const limits = { snapshotEveryBytes: 1500, logTailBytesMax: 1200 };
    const story = Scenario.ready({ limits });
    const { world } = story;
    const request = { id: 'r', payloadHash: 1, keyRevision: 0 };
    const first = world.await(world.put('m1', 'k', 'a', { request })).value;
    story.writes(40);
    for (const name of world.seats.keys()) world.crash(name);
    world.startAll();
    const again = world.await(world.put(story.active, 'k', 'a', { request })).value;
    expect(again).toEqual(first);
  });
});
