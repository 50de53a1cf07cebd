import { describe, expect, test } from 'vitest';
import type { Watch } from '../node/watcher.ts';
import { Scenario } from './scenario.ts';
import { SeededRandom } from './seeded-random.ts';

const everything = { kind: 'prefix', prefix: '' } as const;
const linearizable = { consistency: 'linearizable', minRevision: 0 } as const;

/** A client that watches at one node, and where that ends or dies goes on at another. */
class Follower {
  readonly #story: Scenario;
  readonly #random: SeededRandom;
  #watch: { readonly watch: Watch; readonly name: string; readonly nodeId: string } | null = null;
  #isAsking = false;
  resumeFrom: number | null = null;
  syncedAt = 0;
  /** Revisions of the changes since then. */
  told: number[] = [];
  moves = 0;

  constructor(story: Scenario, random: SeededRandom) {
    this.#story = story;
    this.#random = random;
  }

  get #isServed(): boolean {
    if (this.#watch === null || this.#watch.watch.isOver) return false;
    const { name, nodeId } = this.#watch;
    return this.#story.world.seats.get(name)?.node?.nodeId === nodeId;
  }

  step(): void {
    if (this.#isServed) this.#take();
    else if (!this.#isAsking) this.#open();
  }

  /** As a browser does: what was told is kept, what was on the way is told again. */
  #open(): void {
    const { world } = this.#story;
    const running = [...world.seats].filter(([, { node }]) => node !== null);
    const [name, seat] = running[Math.floor(this.#random.next() * running.length)] ?? [];
    const node = seat?.node;
    if (name === undefined || node === null || node === undefined) return;
    this.#isAsking = true;
    const from = this.resumeFrom;
    node.watch(everything, from, linearizable, (error, watch) => {
      this.#isAsking = false;
      if (error !== null || watch === null) return;
      this.moves += 1;
      // The logs are short enough to hold everything, and a node that lags is waited for.
      expect(watch.isReset).toBe(false);
      if (from === null) this.told = [];
      this.#watch = { watch, name, nodeId: node.nodeId };
    });
    // The one that was asked may die before it answers.
    world.queue.after(5000, () => {
      this.#isAsking = false;
    });
  }

  #take(): void {
    for (const event of this.#watch?.watch.take(1000).events ?? []) {
      if (event.kind === 'synced') {
        if (this.resumeFrom === null) this.syncedAt = event.revision;
        this.resumeFrom = event.revision;
      } else if (event.kind === 'change' && event.resumeFrom !== null) {
        this.told.push(event.change.revision);
        this.resumeFrom = event.resumeFrom;
      }
    }
  }

  /** All changes that the active master knows of, each once, in order. */
  expectEachOnce(): void {
    const voter = this.#story.world.node(this.#story.active).inspect();
    const expected: number[] = [];
    for (let lsn = this.syncedAt + 1; lsn <= voter.store.appliedLsn; lsn += 1) {
      for (const { revision } of voter.changesAt(lsn) ?? []) expected.push(revision);
    }
    expect(this.told).toEqual(expected);
  }
}

/** Writes, crashes and restarts; every follower takes what it can all the time. */
function tell(story: Scenario, followers: readonly Follower[], random: SeededRandom): void {
  const { world } = story;
  const names = [...world.seats.keys()];
  for (let turn = 0; turn < 40; turn += 1) {
    const dead = names.filter((name) => world.seats.get(name)?.node === null);
    const name = names[Math.floor(random.next() * names.length)] ?? '';
    if (dead.length > 0 && random.next() < 0.5) world.start(dead[0] ?? '');
    else if (dead.length === 0 && random.next() < 0.4) world.crash(name);
    story.writes(1 + Math.floor(random.next() * 3));
    for (let wait = 0; wait < 10; wait += 1) {
      world.run(random.next() * 40);
      for (const follower of followers) follower.step();
    }
  }
  for (const name of names) if (world.seats.get(name)?.node === null) world.start(name);
  story.expectHealthy();
  const { lastLsn } = world.node(story.active).status();
  const isTold = () => followers.every(({ resumeFrom }) => (resumeFrom ?? 0) >= lastLsn - 1);
  world.until(
    () => {
      for (const follower of followers) follower.step();
      return isTold();
    },
    20_000,
    'all watches to be told everything',
  );
}

describe('a watch', () => {
  test.each(Array.from({ length: 12 }, (_, index) => index + 1))(
    'is told each change once, in order, whichever node dies: seed %i',
    (seed) => {
      const story = Scenario.ready({ seed });
      const random = new SeededRandom(seed);
      const followers = [1, 2, 3].map(() => new Follower(story, random));
      tell(story, followers, random);
      for (const follower of followers) follower.expectEachOnce();
      expect(followers.some(({ moves }) => moves > 1)).toBe(true);
    },
  );

  test.each(['linearizable', 'stale'] as const)(
    'at a node that lags waits until that node has come to where it goes on: %s',
    (consistency) => {
      const story = Scenario.ready();
      const { world } = story;
      const heal = world.partition(['s1']);
      story.writes(3);
      const from = world.node(story.active).appliedLsn;
      const slave = world.node('s1');
      expect(slave.appliedLsn).toBeLessThan(from);
      const opened: Watch[] = [];
      slave.watch(everything, from, { consistency, minRevision: 0 }, (_error, watch) => {
        if (watch !== null) opened.push(watch);
      });
      world.run(50);
      expect(opened).toEqual([]);
      heal();
      world.until(() => opened.length > 0, 2000, 'the watch to open');
      expect([opened[0]?.isReset, opened[0]?.revision]).toEqual([false, from]);
      expect(slave.appliedLsn).toBeGreaterThanOrEqual(from);
    },
  );
});
