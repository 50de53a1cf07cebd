import { describe, expect, test } from 'vitest';
import type { Consistency, EntryView } from '../node/api.ts';
import { Scenario } from './scenario.ts';
import type { Promised, World } from './world.ts';

const nodes = ['m1', 'm2', 's1', 's2', 's3'];
const decoder = new TextDecoder();

function put(world: World, name: string, value: string): void {
  const { error } = world.await(world.put(name, 'k', value));
  if (error !== null) throw error;
}

/** Keeps reading at `name`; throws where a read returns less than was acknowledged before it. */
class Reader {
  readonly #world: World;
  readonly #name: string;
  readonly #consistency: Consistency;
  #open: { read: Promised<EntryView>; least: number }[] = [];
  count = 0;

  constructor(world: World, name: string, consistency: Consistency = 'linearizable') {
    this.#world = world;
    this.#name = name;
    this.#consistency = consistency;
  }
  /** Begins a read that must see at least the value `least`. */
  read(least: number): void {
    if (this.#world.seat(this.#name).node === null) return;
    this.#open.push({ read: this.#world.get(this.#name, 'k', this.#consistency), least });
  }
  check(): void {
    this.#open = this.#open.filter(({ read, least }) => {
      if (read.result === null) return true;
      if (read.result.error !== null) return false;
      this.count += 1;
      const { value } = read.result;
      const seen = value === null ? 0 : Number(decoder.decode(value.value));
      if (seen < least) throw new Error(`${this.#name} read ${seen} after ${least} was done`);
      return false;
    });
  }
}

/** Writes 1, 2, 3… to one key while all nodes are read; `act` at each step. */
function readWhileWriting(story: Scenario, steps: number, act: (step: number) => void): Reader[] {
  const { world } = story;
  const readers = nodes.flatMap((name) => [
    new Reader(world, name),
    new Reader(world, name, 'quorum'),
  ]);
  let next = 0;
  let done = 0;
  let open: { write: ReturnType<World['put']>; value: number }[] = [];
  for (let step = 0; step < steps; step += 1) {
    act(step);
    for (const name of world.activeNames()) {
      next += 1;
      open.push({ write: world.put(name, 'k', String(next)), value: next });
    }
    for (let i = 0; i < 10; i += 1) {
      for (const reader of readers) reader.read(done);
      world.run(3);
      for (const { write, value } of open) {
        if (write.result?.error === null) done = Math.max(done, value);
      }
      open = open.filter(({ write }) => write.result === null);
      for (const reader of readers) reader.check();
    }
  }
  world.run(5000);
  for (const reader of readers) reader.check();
  return readers;
}

describe('a linearizable read', () => {
  test.each(nodes)('at %s sees every write that was done before it', (name) => {
    const { world } = Scenario.ready();
    for (let i = 0; i < 20; i += 1) {
      put(world, 'm1', `${i}`);
      expect(world.mustGet(name, 'k')).toBe(`${i}`);
      expect(world.mustGet(name, 'k', 'quorum')).toBe(`${i}`);
    }
  });

  test.each(['master', 'slaves'] as const)(
    'is never stale at any node while masters die, sleep and are cut off (read from %s)',
    (readFrom) => {
      for (const seed of [1, 2]) {
        const story = Scenario.ready({ seed, readFrom, driftShare: 0.04 });
        const { world } = story;
        const readers = readWhileWriting(story, 240, (step) => {
          const at = step % 80;
          const [active = 'm1'] = world.activeNames();
          if (step === 20) world.pause(active, 1700);
          if (at === 40) world.partition([active]);
          if (at === 70) world.network.heal();
          if (step === 100) world.crash(active);
          if (step === 150) world.startAll();
          if (step === 180) world.network.cut('http://m1', 'http://s1');
        });
        for (const reader of readers) expect(reader.count).toBeGreaterThan(20);
      }
    },
  );

  test('at a slave that lags waits until it has caught up', () => {
    const { world } = Scenario.ready();
    put(world, 'm1', 'old');
    world.run(300);
    world.network.cut('http://m1', 'http://s1');
    put(world, 'm1', 'new');
    const read = world.get('s1', 'k');
    world.run(300);
    expect(read.result).toBeNull();
    world.network.heal();
    expect(decoder.decode(world.await(read).value?.value)).toBe('new');
  });

  test('at a slave that is cut off fails, and may be retried; a stale one answers at once', () => {
    const { world } = Scenario.ready();
    put(world, 'm1', 'old');
    world.run(300);
    world.partition(['s1']);
    put(world, 'm1', 'new');
    expect(world.await(world.get('s1', 'k', 'stale')).value?.revision).toBeGreaterThan(0);
    expect(world.mustGet('s1', 'k', 'stale')).toBe('old');
    const { error } = world.await(world.get('s1', 'k'), 3000);
    expect(error?.retryable).toBe(true);
    expect(error?.status).toBe(503);
  });

  test('at a learner that has not caught up is refused, whatever it asks for', () => {
    const story = Scenario.ready();
    const { world } = story;
    world.crash('s1');
    world.start('s1');
    for (const consistency of ['linearizable', 'quorum', 'stale'] as const) {
      expect(world.await(world.get('s1', 'k', consistency)).error?.code).toBe('catching_up');
    }
  });

  test('waits for a revision that it must have reached', () => {
    const { world } = Scenario.ready();
    put(world, 'm1', 'x');
    const revision = world.node('m1').appliedLsn + 1;
    let answer: EntryView | null = null;
    const options = { consistency: 'stale', minRevision: revision } as const;
    world.node('s1').read('k', options, (_, entry) => {
      answer = entry;
    });
    world.run(100);
    expect(answer).toBeNull();
    put(world, 'm1', 'y');
    world.run(500);
    expect((answer as EntryView | null)?.revision).toBe(revision);
  });
});

describe('what a read costs', () => {
  const rounds = (world: World) => world.node('m1').status().counters.readsByRound ?? 0;

  test('a look under the lease; one round for a quorum read, also when asked at a slave', () => {
    const { world } = Scenario.ready();
    put(world, 'm1', 'x');
    const before = rounds(world);
    expect(world.node('m1').readNow('k')).not.toBeUndefined();
    world.mustGet('s1', 'k');
    expect(rounds(world)).toBe(before);
    world.mustGet('m1', 'k', 'quorum');
    expect(rounds(world)).toBe(before + 1);
    world.mustGet('s1', 'k', 'quorum');
    expect(rounds(world)).toBe(before + 2);
  });

  test('all reads that wait at a slave share one question', () => {
    const { world } = Scenario.ready();
    put(world, 'm1', 'x');
    let asked = 0;
    world.network.onCall = (_from, _to, { name }) => {
      if (name === 'read-index') asked += 1;
    };
    const reads = Array.from({ length: 50 }, () => world.get('s1', 'k'));
    world.run(100);
    expect(reads.every(({ result }) => result?.error === null)).toBe(true);
    expect(asked).toBeLessThanOrEqual(2);
  });

  test('a node whose reads wait for an unknown master does not spin', () => {
    const story = Scenario.ready();
    story.world.run(500);
    for (const name of ['m1', 'm2']) story.world.crash(name);
    for (let i = 0; i < 10; i += 1) story.world.get('s1', 'k');
    expect(story.busyness(2500)).toBeLessThan(1);
  });

  test('with --read-from slaves the value leaves from a slave that has it', () => {
    const story = Scenario.ready({ readFrom: 'slaves' });
    const { world } = story;
    put(world, 'm1', 'x');
    world.run(500);
    const forwarded = () => world.node('m1').status().counters.readsForwarded ?? 0;
    expect(world.node('m1').readNow('k')).toBeUndefined();
    expect(world.mustGet('m1', 'k')).toBe('x');
    expect(forwarded()).toBe(1);
    for (const name of ['s1', 's2', 's3']) world.crash(name);
    expect(world.mustGet('m1', 'nothing')).toBeNull();
    expect(forwarded()).toBe(1);
  });

  test('M5: a slave of another cluster on a reused port is not believed', () => {
    const story = Scenario.ready({ readFrom: 'slaves', slaves: 1 });
    const { world } = story;
    put(world, 'm1', 'right');
    world.run(500);
    const { revision } = world.await(world.get('m1', 'k')).value ?? { revision: 0 };
    const node = world.node('s1');
    const take = node.onPeerCall.bind(node);
    node.onPeerCall = (name, message, body, reply) => {
      if (name !== 'read') return take(name, message, body, reply);
      const wrong = new TextEncoder().encode('wrong');
      reply({
        status: 200,
        message: { nodeId: 'stranger', revision, contentType: 'text/plain' },
        body: wrong,
      });
    };
    expect(world.mustGet('m1', 'k')).toBe('right');
  });
});
