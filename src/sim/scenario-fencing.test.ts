import { describe, expect, test } from 'vitest';
import type { EntryView } from '../node/api.ts';
import { Scenario } from './scenario.ts';
import type { Promised, World } from './world.ts';

const decoder = new TextDecoder();
const textOf = (read: Promised<EntryView>) =>
  read.result?.value == null ? null : decoder.decode(read.result.value.value);

/** Cut off from all others; the two others elect m2 and write there. */
function deposed(): Scenario {
  const story = Scenario.ready();
  story.world.mustPut('k', 'old');
  story.world.partition(['m1']);
  story.world.until(() => story.world.activeNames().includes('m2'), 5000);
  return story;
}

/** A write at m2 that m1 has not heard of. */
function writeAtM2(world: World): void {
  const { error } = world.await(world.put('m2', 'k', 'new'));
  if (error !== null) throw error;
}

describe('an active master that is cut off', () => {
  test('acknowledges nothing, and after suspectMs refuses writes at once', () => {
    const story = Scenario.ready();
    story.world.partition(['m1']);
    const early = story.begin('m1');
    story.world.run(600);
    expect(story.outcome('m1', 1)).toBe('no_quorum not-applied');
    story.world.run(6000);
    expect(early.result?.error?.outcome).toBe('unknown');
    expect(story.done.size).toBe(0);
  });

  test('answers no read from its map once the other side may have elected another', () => {
    const story = deposed();
    writeAtM2(story.world);
    expect(story.world.node('m1').readNow('k')).toBeUndefined();
    const read = story.world.get('m1', 'k');
    story.world.run(5000);
    expect(read.result?.error).not.toBeNull();
  });

  test('its lease has ended before the other side can elect: no moment with two answers', () => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const story = Scenario.ready({ seed, driftShare: 0.04 });
      const { world } = story;
      world.mustPut('k', 'old');
      world.partition(['m1']);
      let lastLeaseReadMs = 0;
      while (!world.activeNames().includes('m2')) {
        world.queue.runNext(world.queue.nowMs + 1000);
        if (world.node('m1').readNow('k') !== undefined) lastLeaseReadMs = world.queue.nowMs;
      }
      expect(lastLeaseReadMs).toBeLessThan(world.queue.nowMs);
      expect(world.node('m1').readNow('k')).toBeUndefined();
    }
  });

  test('steps down after stepDownMs, although nobody tells it to', () => {
    const story = Scenario.ready();
    story.world.partition(['m1']);
    story.world.run(1000);
    expect(story.world.node('m1').isActive()).toBe(true);
    story.world.run(1000);
    expect(story.world.node('m1').isActive()).toBe(false);
  });

  test('is fenced when the partition heals: its tail is cut, it follows, nothing is lost', () => {
    const story = Scenario.ready();
    const { world } = story;
    story.writes(3);
    world.partition(['m1']);
    for (let i = 0; i < 5; i += 1) story.begin('m1');
    world.run(100);
    const diverged = world.node('m1').status().lastLsn;
    expect(diverged).toBeGreaterThan(world.node('m2').status().lastLsn);
    world.until(() => world.activeNames().includes('m2'), 5000);
    story.writes(2);
    world.network.heal();
    story.expectHealthy();
    expect(world.activeNames()).toEqual(['m2']);
    expect(world.node('m1').state).toBe('standby');
  });

  test('M11: a standby that was cut off does not unseat the healthy master when it returns', () => {
    const story = Scenario.ready();
    const { world } = story;
    const { epoch } = world.node('m1');
    world.partition(['m2']);
    for (let i = 0; i < 10; i += 1) {
      story.write();
      world.run(1000);
    }
    world.network.heal();
    story.expectHealthy();
    world.run(3000);
    expect(world.activeNames()).toEqual(['m1']);
    expect(world.node('m1').epoch).toBe(epoch);
  });

  test('L5: a standby that promised a higher epoch meanwhile is taken back by an election', () => {
    const story = Scenario.ready();
    const { world } = story;
    world.node('m2').inspect().promise(9, 'nobody');
    story.expectHealthy();
    expect(world.node(story.active).epoch).toBeGreaterThan(9);
  });
});

describe('a paused active master that wakes up', () => {
  for (const pauseMs of [300, 500, 850, 950, 1200, 2000, 5000, 30_000]) {
    test(`after ${pauseMs} ms: no stale read, no write of its old epoch`, () => {
      for (let seed = 1; seed <= 4; seed += 1) {
        const story = Scenario.ready({ seed, driftShare: 0.04 });
        const { world } = story;
        world.mustPut('k', 'old');
        const pausedAtMs = world.queue.nowMs;
        world.pause('m1', pauseMs);
        const others = () => world.activeNames().filter((name) => name !== 'm1');
        let isNewer = false;
        while (world.queue.nowMs < pausedAtMs + pauseMs - 1) {
          world.run(Math.min(50, pausedAtMs + pauseMs - 1 - world.queue.nowMs));
          if (!isNewer && others().length > 0) {
            writeAtM2(world);
            isNewer = true;
          }
        }
        // These arrive while it still sleeps, and are the first that it sees.
        let fast: EntryView | null | undefined;
        let slow: Promised<EntryView> | null = null;
        world.seat('m1').clock?.whenAwake(() => {
          fast = world.node('m1').readNow('k');
          slow = world.get('m1', 'k');
          story.begin('m1');
        });
        world.run(3000);
        if (isNewer) expect(fast).toBeUndefined();
        const read = slow as Promised<EntryView> | null;
        if (read?.result?.error === null) expect(textOf(read)).toBe(isNewer ? 'new' : 'old');
        story.expectHealthy();
      }
    });
  }

  test.each([1500, 4000, 30_000])(
    'a machine that slept for %d ms, and whose monotonic clock did not notice, reads nothing old',
    (sleptMs) => {
      for (let seed = 1; seed <= 6; seed += 1) {
        const story = Scenario.ready({ seed });
        const { world } = story;
        world.mustPut('k', 'old');
        // Answers of all slaves are on their way when it falls asleep: they wait in its sockets.
        world.network.faults = { ...world.network.faults, delayMs: [30, 40] };
        world.run(1000 + seed * 37);
        story.begin('m1');
        world.run(58);
        const { clock } = world.seat('m1');
        if (clock === null) throw new Error('m1 does not run');
        const monotonicMs = clock.monotonicMs.bind(clock);
        world.pause('m1', sleptMs);
        clock.monotonicMs = () => monotonicMs() - sleptMs;
        world.run(sleptMs - 10);
        const isDeposed = world.activeNames().includes('m2');
        if (isDeposed) writeAtM2(world);
        // Looks at every moment after waking: before the first answer, and between any two of them.
        const untilMs = world.queue.nowMs + 400;
        const look = () => (isDeposed ? world.node('m1').readNow('k') : undefined);
        while (world.queue.runNext(untilMs)) expect(look()).toBeUndefined();
        story.expectHealthy();
      }
    },
  );

  test('a leap of the wall clock alone ends the lease, and new heartbeats make a new one', () => {
    const story = Scenario.ready();
    const { world } = story;
    world.mustPut('k', 'old');
    const { clock } = world.seat('m1');
    expect(world.node('m1').readNow('k')).not.toBeUndefined();
    clock?.leapWall(30_000);
    expect(world.node('m1').readNow('k')).toBeUndefined();
    world.run(400);
    expect(world.node('m1').readNow('k')).not.toBeUndefined();
    story.expectHealthy();
  });
});

describe('paused others', () => {
  test.each(['m2', 's1', 's2'])(
    '%s paused for 15 s is missed by nobody, and comes back',
    (name) => {
      const story = Scenario.ready();
      const { epoch } = story.world.node('m1');
      story.world.pause(name, 15_000);
      for (let i = 0; i < 20; i += 1) {
        story.write();
        story.world.run(1000);
      }
      story.world.ready();
      story.expectHealthy();
      expect(story.world.node('m1').epoch).toBe(epoch);
    },
  );
});
