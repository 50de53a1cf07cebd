/**
 * A world under watch: the invariants are looked at after every event, and every write that a
 * client was told is done is remembered, to be looked for at the end. For tests that tell a story.
 */
import type { DsmError } from '../core/errors.ts';
import type { WriteResult } from '../node/api.ts';
import { Invariants } from './invariants.ts';
import { type Promised, World, type WorldOptions } from './world.ts';

export class Scenario {
  readonly world: World;
  readonly invariants: Invariants;
  /** Writes that were acknowledged: key → value. Every write has a key of its own. */
  readonly done = new Map<string, string>();
  #count = 0;

  constructor(options: Partial<WorldOptions> = {}) {
    this.world = new World({ seed: 1, ...options });
    this.invariants = new Invariants(this.world);
    const { queue } = this.world;
    const runNext = queue.runNext.bind(queue);
    queue.runNext = (untilMs) => {
      const hasRun = runNext(untilMs);
      if (hasRun) this.invariants.check();
      return hasRun;
    };
  }

  /** All seats started, all of them voters, and every node knows it. */
  static ready(options: Partial<WorldOptions> = {}): Scenario {
    const scenario = new Scenario(options);
    scenario.world.startAll();
    scenario.settle();
    return scenario;
  }

  /** Until all that run are voters, and all have applied all of the active master's log. */
  settle(withinMs = 20_000): void {
    const { world } = this;
    const untilMs = world.queue.nowMs + withinMs;
    while (!this.#isSettled()) {
      if (world.queue.nowMs > untilMs) {
        throw new Error(`not settled within ${withinMs} ms\n${world.describe()}`);
      }
      world.run(10);
    }
  }

  #isSettled(): boolean {
    const { world } = this;
    const [name, ...others] = world.activeNames();
    if (name === undefined || others.length > 0) return false;
    const { lastLsn, stateHash, members } = world.node(name).status();
    const voters = new Set(members.filter(({ voter }) => voter).map(({ nodeId }) => nodeId));
    return [...world.seats.values()].every(
      ({ node }) =>
        node === null ||
        (voters.has(node.nodeId) &&
          node.appliedLsn === lastLsn &&
          node.status().stateHash === stateHash),
    );
  }

  /** The master that serves; waits for one. With several (one is not heard) the highest epoch. */
  get active(): string {
    const { world } = this;
    world.until(() => world.activeNames().length > 0, 20_000, 'an active master');
    const names = world.activeNames();
    return names.reduce((a, b) => (world.node(a).epoch > world.node(b).epoch ? a : b));
  }

  /** Begins a write at one node; if it is ever acknowledged, it must never be lost. */
  begin(name: string, key = this.newKey(), value = `value of ${key}`): Promised<WriteResult> {
    const request = { id: `request ${key}`, payloadHash: 1, keyRevision: 0 };
    const watched: Promised<WriteResult> = { result: null };
    const command = {
      kind: 'put',
      key,
      value: new TextEncoder().encode(value),
      contentType: 'text/plain',
      ttlMs: 0,
      condition: 'none',
      request,
    } as const;
    const node = this.world.node(name);
    node.write(command, (error, result) => {
      if (watched.result !== null) throw new Error(`the write of ${key} was answered twice`);
      watched.result = { error, value: result };
      if (error !== null || result === null) return;
      this.done.set(key, value);
      this.invariants.onDone(result.revision, node.inspect());
    });
    return watched;
  }

  newKey(): string {
    this.#count += 1;
    return `key ${this.#count}`;
  }

  /** How a write at this node ends. */
  outcome(name: string, withinMs = 20_000): string {
    const { error, value } = this.world.await(this.begin(name), withinMs);
    return error === null ? (value?.status ?? 'none') : `${error.code} ${error.outcome}`;
  }

  /** Writes as a patient client does: again, with the same key, until it is acknowledged. */
  write(withinMs = 20_000): string {
    const { world } = this;
    const key = this.newKey();
    const untilMs = world.queue.nowMs + withinMs;
    while (!this.done.has(key)) {
      if (world.queue.nowMs > untilMs) {
        throw new Error(`no write within ${withinMs} ms\n${world.describe()}`);
      }
      for (const name of world.activeNames()) {
        const began = this.begin(name, key);
        const answered = () => began.result !== null || !world.activeNames().includes(name);
        while (!answered() && world.queue.runNext(world.queue.nowMs + 6000));
        if (this.done.has(key)) return key;
      }
      world.run(20);
    }
    return key;
  }

  writes(count: number): void {
    for (let i = 0; i < count; i += 1) this.write();
  }

  /** Every acknowledged write is read back, linearizably, at `name` (the active master). */
  expectNothingLost(name = this.active): void {
    for (const [key, value] of this.done) {
      const found = this.world.mustGet(name, key);
      if (found !== value) throw new Error(`${name} reads ${found} at ${key}, not ${value}`);
    }
  }

  /** Within `withinMs` a write is done; all that run agree, are voters, and have lost nothing. */
  expectHealthy(withinMs = 20_000): void {
    const untilMs = this.world.queue.nowMs + withinMs;
    this.write(withinMs);
    this.settle(untilMs - this.world.queue.nowMs);
    this.expectNothingLost();
  }

  /** Runs an administrator's call to its end; the code of its error, null where it succeeded. */
  admin(begin: (done: (error: DsmError | null) => void) => void): string | null {
    let answer: DsmError | null | undefined;
    begin((error) => {
      answer = error;
    });
    this.world.until(() => answer !== undefined, 20_000, 'an answer to the administrator');
    return answer?.code ?? null;
  }

  /** Events per ms of virtual time in the next `durationMs`: a node that spins shows in it. */
  busyness(durationMs: number): number {
    const { queue } = this.world;
    const before = queue.count;
    this.world.run(durationMs);
    return (queue.count - before) / durationMs;
  }
}
