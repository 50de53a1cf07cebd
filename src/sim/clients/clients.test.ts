import { describe, expect, test } from 'vitest';
import { LockBook } from '../../verify/lock-book.ts';
import { Tally } from '../../verify/tally.ts';
import { Scenario } from '../scenario.ts';
import { SeededRandom } from '../seeded-random.ts';
import { Banker } from './banker.ts';
import { Clients, clientKinds, drawCounts } from './clients.ts';
import type { ClientsContext } from './context.ts';
import { Counter } from './counter.ts';
import { Follower } from './follower.ts';
import { Locker } from './locker.ts';
import { Lodger } from './lodger.ts';

function contextOf(story: Scenario): ClientsContext {
  const { world, invariants } = story;
  const random = new SeededRandom(7, 'clients');
  return {
    world,
    random,
    invariants,
    isHttp: false,
    tempo: 1,
    thinkMs: 100,
    violations: [],
  };
}

/** These clients for a while, with a crash of the active master among it. */
function lived(counts: ConstructorParameters<typeof Clients>[1]) {
  const story = Scenario.ready();
  const { world } = story;
  const clients = new Clients(contextOf(story), counts);
  clients.start();
  world.run(5000);
  world.crash(story.active);
  world.run(8000);
  world.startAll();
  world.run(5000);
  clients.stop();
  world.run(10_000);
  return { story, clients };
}

describe('the clients', () => {
  const counts = { counters: 2, bankers: 2, lodgers: 3, lockers: 4, followers: 2 };

  test('find nothing in a sound cluster, and have looked', () => {
    const { story, clients } = lived(counts);
    clients.check(story.active);
    story.invariants.checkDone(story.world.node(story.active).inspect());
    const looks: Record<string, number> = {};
    for (const client of clients.all) {
      if (!('looks' in client)) continue;
      for (const [look, count] of Object.entries(client.looks as Record<string, number>)) {
        looks[look] = (looks[look] ?? 0) + count;
      }
    }
    for (const look of ['moved', 'refused', 'broken', 'read', 'live', 'over', 'touched', 'changes'])
      expect([look, (looks[look] ?? 0) > 10]).toEqual([look, true]);
    expect(story.invariants.oracle.told.length).toBeGreaterThan(300);
  });

  test('are all drawn by some seed', () => {
    const drawn = new Set<string>();
    for (let seed = 1; seed < 30; seed += 1) {
      const some = drawCounts(new SeededRandom(seed, 'shape'), 2);
      expect(Object.keys(some)).toHaveLength(2);
      for (const kind of Object.keys(some)) drawn.add(kind);
    }
    expect([...drawn].toSorted()).toEqual([...clientKinds].toSorted());
  });
});

describe('noticed is', () => {
  test('a count that nobody asked for', () => {
    const { story, clients } = lived({ counters: 1 });
    const operations = [{ kind: 'increment', key: 'sum', by: 1, ttlMs: 0 }] as const;
    const txn = { kind: 'txn', compares: [], operations, otherwise: [], request: null } as const;
    story.world.node(story.active).write(txn, () => {});
    story.world.run(1000);
    expect(() => clients.check(story.active)).toThrow(/I7: the sum is \d+ after \d+ counts/);
  });

  test('a move of which one half is missing', () => {
    const story = Scenario.ready();
    const context = contextOf(story);
    const banker = new Banker(context, 'b');
    for (const { node } of story.world.seats.values()) {
      if (node === null) continue;
      const write = node.write.bind(node);
      node.write = (command, done) => {
        const isMove = command.kind === 'txn' && command.operations.length === 3;
        const half = isMove ? { ...command, operations: command.operations.slice(1) } : command;
        write(half, done);
      };
    }
    banker.start();
    story.world.run(20_000);
    expect(context.violations[0]?.message).toMatch(/I7: the accounts .* do not add up/);
    expect(() => banker.check(story.active)).toThrow(/I7: the accounts/);
  });

  test('a key that is gone too early', () => {
    const story = Scenario.ready();
    const context = contextOf(story);
    for (const { node } of story.world.seats.values()) if (node !== null) node.readNow = () => null;
    const lodger = new Lodger(context, 'l');
    lodger.start();
    story.world.run(5000);
    expect(context.violations[0]?.message).toMatch(/I7: l 1 is gone .* ms too early/);
  });

  test('a key that is shown for ever', () => {
    const story = Scenario.ready();
    const context = contextOf(story);
    const entry = { value: new Uint8Array(), contentType: '', revision: 1, expiresAtMs: 0 };
    for (const { node } of story.world.seats.values())
      if (node !== null) node.readNow = () => entry;
    const lodger = new Lodger(context, 'l');
    lodger.start();
    story.world.run(15_000);
    expect(context.violations[0]?.message).toMatch(/I7: l \d+ is shown after its lifetime/);
  });

  test('a lock that two hold', () => {
    const story = Scenario.ready();
    const book = new LockBook();
    book.holds.push({ name: 'l', token: 5, fromMs: 0, untilMs: 10 });
    book.holds.push({ name: 'l', token: 6, fromMs: 9, untilMs: 20 });
    const locker = new Locker(contextOf(story), 'l', book);
    expect(() => locker.check()).toThrow('I7: 5 and 6 both hold l at 9');
  });

  test('a watch that leaves out a change', () => {
    const story = Scenario.ready();
    const context = contextOf(story);
    const follower = new Follower(context, 'f', '');
    const counter = new Counter(context, 'c', new Tally());
    follower.start();
    counter.start();
    story.world.run(5000);
    const [followed] = story.invariants.oracle.followed;
    expect(followed?.changes.splice(3, 1)).toHaveLength(1);
    const voter = story.world.node(story.active).inspect();
    expect(() => story.invariants.checkDone(voter)).toThrow(
      /I5: the watch of \* behind \d+: \d+ put/,
    );
  });
});
