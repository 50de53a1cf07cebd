import { describe, expect, test } from 'vitest';
import { Scenario } from './scenario.ts';

const disk = ({ world }: Scenario, name: string, low: number, high: number, failShare = 0) => {
  world.seat(name).platter!.faults = { syncMs: [low, high], failShare };
};

describe('a slow disk', () => {
  test('of the active master makes writes slow, in larger batches, and loses none', () => {
    const story = Scenario.ready();
    const { world } = story;
    const batches = () => world.node('m1').status().counters.batches ?? 0;
    const before = batches();
    disk(story, 'm1', 40, 60);
    const open = [];
    for (let i = 0; i < 300; i += 1) {
      open.push(story.begin('m1'));
      world.run(1);
    }
    world.run(500);
    expect(open.every(({ result }) => result?.error === null)).toBe(true);
    // Group commit: one batch for each sync, not one for each write.
    expect(batches() - before).toBeLessThan(12);
    disk(story, 'm1', 0.1, 0.5);
    story.expectHealthy();
  });

  test('of the backup slows nobody down while slaves make the majority', () => {
    const story = Scenario.ready();
    disk(story, 'm2', 400, 600);
    const startMs = story.world.queue.nowMs;
    story.writes(10);
    expect(story.world.queue.nowMs - startMs).toBeLessThan(200);
    disk(story, 'm2', 0.1, 0.5);
    story.expectHealthy();
  });

  test('that hangs makes the active master step down, and the backup take over', () => {
    const story = Scenario.ready();
    const { world } = story;
    disk(story, 'm1', 1e9, 1e9);
    const hung = story.begin('m1');
    world.until(() => world.activeNames().includes('m2'), 6000);
    expect(hung.result?.error?.outcome).toBe('unknown');
    story.write();
    world.crash('m1');
    disk(story, 'm1', 0.1, 0.5);
    world.start('m1');
    story.expectHealthy();
  });

  test('H1: the active master’s own record counts only when it is synced', () => {
    const story = Scenario.ready({ masters: 2, slaves: 1 });
    disk(story, 'm1', 300, 300);
    const write = story.begin('m1');
    story.world.run(250);
    // The slave and the backup have long had it.
    expect(write.result).toBeNull();
    story.world.run(200);
    expect(write.result?.error).toBeNull();
  });

  test('a promise leaves no master before it is synced', () => {
    const story = Scenario.ready({ masters: 3, slaves: 2 });
    const { world } = story;
    disk(story, 'm2', 200, 200);
    disk(story, 'm3', 200, 200);
    const answered: number[] = [];
    const askedMs = new Map<object, number>();
    world.network.onCall = (_from, to, call) => {
      if (call.name === 'promise' && to.startsWith('http://m')) {
        askedMs.set(call, world.queue.nowMs);
      }
    };
    world.network.onAnswer = (_from, _to, call, { status }) => {
      const startMs = askedMs.get(call);
      if (startMs !== undefined && status === 200) answered.push(world.queue.nowMs - startMs);
    };
    world.crash('m1');
    world.run(4000);
    expect(answered.length).toBeGreaterThan(0);
    expect(Math.min(...answered)).toBeGreaterThanOrEqual(200);
  });
});

describe('a failing disk', () => {
  test('ends the process at the first error; what was under way is unknown', () => {
    const story = Scenario.ready();
    const { world } = story;
    disk(story, 'm1', 0.1, 0.5, 1);
    const write = story.begin('m1');
    world.run(50);
    expect(world.fatal.map(({ name }) => name)).toEqual(['m1']);
    expect(world.fatal[0]?.error.message).toContain('could not be written');
    expect(write.result?.error?.outcome).toBe('unknown');
    expect(world.seat('m1').node).toBeNull();
    disk(story, 'm1', 0.1, 0.5);
    story.expectHealthy();
    world.start('m1');
    story.expectHealthy();
  });

  test('of the backup ends the backup, and nobody else', () => {
    const story = Scenario.ready();
    disk(story, 'm2', 0.1, 0.5, 1);
    story.writes(3);
    story.world.run(500);
    expect(story.world.fatal.map(({ name }) => name)).toEqual(['m2']);
    disk(story, 'm2', 0.1, 0.5);
    story.world.start('m2');
    story.expectHealthy();
    expect(story.active).toBe('m1');
  });

  test('now and then, on all masters, with operators who start them again: nothing is lost', () => {
    for (let seed = 1; seed <= 4; seed += 1) {
      const story = Scenario.ready({ seed, masters: 3 });
      const { world } = story;
      const masters = ['m1', 'm2', 'm3'];
      for (const name of masters) disk(story, name, 0.1, 5, 0.02);
      for (let i = 0; i < 80; i += 1) {
        for (const name of world.activeNames()) story.begin(name);
        world.run(100);
        if (i % 5 === 0) {
          for (const name of masters) if (world.seat(name).node === null) world.start(name);
        }
      }
      for (const name of masters) {
        disk(story, name, 0.1, 0.5);
        if (world.seat(name).node === null) world.start(name);
      }
      expect(world.fatal.length).toBeGreaterThan(0);
      story.expectHealthy();
    }
  });
});

describe('a node that is stopped', () => {
  test('answers everything that waits, once, and does nothing more', () => {
    const story = Scenario.ready();
    const { world } = story;
    world.run(300);
    world.partition(['m1']);
    world.partition(['s1']);
    const write = story.begin('m1');
    const reads = ['m1', 's1'].flatMap((name) => [
      world.get(name, 'k', 'quorum'),
      world.get(name, 'k', 'quorum'),
    ]);
    world.run(5);
    world.node('m1').stop();
    world.node('s1').stop();
    world.run(3000);
    expect(write.result?.error?.outcome).toBe('unknown');
    expect(reads.map(({ result }) => result?.error?.retryable)).toEqual([true, true, true, true]);
    expect(world.node('m1').state).toBe('stopped');
    const late = world.get('m1', 'k');
    world.run(1);
    expect(late.result?.error?.code).toBe('shutting_down');
    const held: unknown[] = [];
    for (const name of ['m1', 's1'])
      world.node(name).awaitActive((error) => held.push(error?.code));
    expect(held).toEqual(['shutting_down', 'shutting_down']);
  });
});
