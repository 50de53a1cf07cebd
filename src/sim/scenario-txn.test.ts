import { describe, expect, test } from 'vitest';
import type { TxnCommand } from '../core/operations.ts';
import { Scenario } from './scenario.ts';

/** Increments one key as a patient client does: again, with the same key, until it is told how it ended. */
class Counter {
  readonly #story: Scenario;
  done = 0;
  open = 0;

  constructor(story: Scenario) {
    this.#story = story;
  }

  increment(id: string): void {
    this.open += 1;
    const command: TxnCommand = {
      kind: 'txn',
      compares: [],
      operations: [
        { kind: 'increment', key: 'sum', by: 1, ttlMs: 0 },
        { kind: 'increment', key: 'mirror', by: -1, ttlMs: 0 },
      ],
      otherwise: [],
      request: { id, payloadHash: 1, keyRevision: 0 },
    };
    this.#attempt(command);
  }

  #attempt(command: TxnCommand): void {
    const { world } = this.#story;
    let isAnswered = false;
    const once = (act: () => void) => {
      if (!isAnswered) act();
      isAnswered = true;
    };
    const again = () => once(() => world.queue.after(30, () => this.#attempt(command)));
    world.queue.after(1500, again);
    const [name] = world.activeNames();
    if (name === undefined) return again();
    world.node(name).write(command, (error, result) => {
      if (error !== null) return again();
      once(() => {
        expect(result?.status).toBe('committed');
        this.done += 1;
        this.open -= 1;
      });
    });
  }
}

describe('transactions', () => {
  test('that no other node would take are refused, and the cluster goes on', () => {
    const limits = { batchBytesMax: 1000, valueBytesMax: 1000 };
    const story = Scenario.ready({ limits });
    const common = { kind: 'txn', compares: [], otherwise: [], request: null } as const;
    const write = (count: number) => {
      const operations = Array.from({ length: count }, (_, i) => ({
        ...({ kind: 'put', key: `k${i}`, contentType: '', ttlMs: 0, session: 0 } as const),
        value: new Uint8Array(400),
      }));
      let answer = '';
      story.world.node('m1').write({ ...common, operations }, (error, result) => {
        answer = error?.code ?? result?.status ?? 'none';
      });
      story.world.until(() => answer !== '', 5000, 'an answer');
      return answer;
    };
    expect(write(4)).toBe('committed');
    expect(write(5)).toBe('too_large');
    story.expectHealthy();
  });

  test('count exactly while masters die, sleep and are cut off', () => {
    for (const seed of [1, 2, 3]) {
      const story = Scenario.ready({ seed, driftShare: 0.04 });
      const { world } = story;
      const counter = new Counter(story);
      for (let step = 0; step < 300; step += 1) {
        for (let i = 0; i < 3; i += 1) counter.increment(`${seed} ${step} ${i}`);
        const [active = 'm1'] = world.activeNames();
        if (step === 40) world.crash(active);
        if (step === 110) world.startAll();
        if (step === 150) world.partition([active]);
        if (step === 210) world.network.heal();
        if (step === 240) world.pause(active, 1700);
        world.run(15);
      }
      world.until(() => counter.open === 0, 60_000, 'the end of all increments');
      expect(counter.done).toBe(900);
      expect(world.mustGet(story.active, 'sum')).toBe('900');
      expect(world.mustGet(story.active, 'mirror')).toBe('-900');
      story.expectHealthy();
    }
  });
});
