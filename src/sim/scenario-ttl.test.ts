import { describe, expect, test } from 'vitest';
import { Scenario } from './scenario.ts';
import type { World } from './world.ts';

const nodes = ['m1', 'm2', 's1', 's2', 's3'];

function put(world: World, key: string, ttlMs: number): void {
  const [active = 'm1'] = world.activeNames();
  const { error } = world.await(world.put(active, key, 'x', { ttlMs }));
  if (error !== null) throw error;
}

const keyCounts = (world: World) =>
  [...world.seats.values()].flatMap(({ node }) => (node === null ? [] : [node.status().keys]));

describe('a key with a lifetime', () => {
  test('is there until it ends, at every node, and not a moment after', () => {
    const { world } = Scenario.ready();
    put(world, 'k', 1000);
    const bornMs = world.queue.nowMs;
    world.run(900);
    for (const name of nodes) expect(world.mustGet(name, 'k')).toBe('x');
    // One ms for the log's whole milliseconds, and nothing for the record that is to come.
    world.run(bornMs + 1001 - world.queue.nowMs);
    for (const name of nodes) expect(world.mustGet(name, 'k')).toBeNull();
    world.run(200);
    expect(keyCounts(world)).toEqual([0, 0, 0, 0, 0]);
  });

  test.each(['master', 'slaves'] as const)(
    'is not seen again by a read that began after another one missed it (read from %s)',
    (readFrom) => {
      for (const seed of [1, 2, 3, 4]) {
        const { world } = Scenario.ready({ seed, readFrom });
        put(world, 'k', 500);
        let hasEnded = false;
        let late = 0;
        for (let step = 0; step < 120; step += 1) {
          for (const name of nodes) {
            const began = hasEnded;
            const read = world.get(name, 'k');
            const check = () => {
              if (read.result === null) return world.queue.after(1, check);
              if (read.result.error !== null) return;
              if (read.result.value === null) hasEnded = true;
              else if (began) late += 1;
            };
            world.queue.after(0, check);
          }
          world.run(7);
        }
        expect([hasEnded, late]).toEqual([true, 0]);
      }
    },
  );

  test('a backlog of a thousand ends at once for readers, and is cleared away', () => {
    const { world } = Scenario.ready();
    const writes = Array.from({ length: 1100 }, (_, i) =>
      world.put('m1', `k${i}`, 'x', { ttlMs: 2000 }),
    );
    for (const write of writes) world.await(write);
    world.run(2000);
    for (const name of nodes) expect(world.mustGet(name, 'k1099')).toBeNull();
    world.run(500);
    expect(keyCounts(world)).toEqual([0, 0, 0, 0, 0]);
  });

  test('a takeover never shortens the lifetime, and adds about as much as it takes', () => {
    const story = Scenario.ready();
    const { world } = story;
    put(world, 'k', 4000);
    const bornMs = world.queue.nowMs;
    world.run(3000);
    world.crash('m1');
    world.until(() => world.activeNames().includes('m2'), 10_000, 'a takeover');
    while (world.queue.nowMs < bornMs + 3990) expect(world.mustGet('m2', 'k')).toBe('x');
    // The tick of a cluster at rest is at most 5 s old; then the outage.
    world.until(() => world.mustGet('m2', 'k') === null, 12_000, 'the end of the lifetime');
    expect(world.queue.nowMs).toBeGreaterThan(bornMs + 4000);
  });

  test('restarts again and again do not keep it alive, though nobody writes', () => {
    const story = Scenario.ready({ slaves: 2 });
    const { world } = story;
    put(world, 'k', 60_000);
    let restarts = 0;
    while (world.mustGet(story.active, 'k') !== null) {
      world.run(8000);
      world.crash(story.active);
      world.startAll();
      story.settle();
      restarts += 1;
      expect(restarts).toBeLessThan(30);
    }
    expect(restarts).toBeGreaterThan(5);
    story.expectHealthy();
  });

  test('a cluster at rest does not write for keys without a lifetime', () => {
    const { world } = Scenario.ready();
    put(world, 'k', 0);
    world.run(100);
    const before = world.node('m1').status().lastLsn;
    world.run(30_000);
    expect(world.node('m1').status().lastLsn).toBe(before);
  });

  test('renewed in time it lives on; its old end means nothing', () => {
    const { world } = Scenario.ready();
    put(world, 'k', 500);
    for (let i = 0; i < 6; i += 1) {
      world.run(400);
      expect(world.mustGet('s1', 'k')).toBe('x');
      put(world, 'k', 500);
    }
    put(world, 'k', 0);
    world.run(2000);
    expect(world.mustGet('s1', 'k')).toBe('x');
  });
});
