import { describe, expect, test } from 'vitest';
import type { SessionCommand } from '../core/session-command.ts';
import { Scenario } from './scenario.ts';

/** A client that takes the lock, holds it for a moment and gives it back, for ever. */
class Locker {
  readonly #story: Scenario;
  readonly #name: string;
  readonly #onHeld: (token: number) => void;
  held = 0;
  isStopped = false;
  #count = 0;

  constructor(story: Scenario, name: string, onHeld: (token: number) => void) {
    this.#story = story;
    this.#name = name;
    this.#onHeld = onHeld;
  }

  /** Again with the same key until it is answered, as the client library does. */
  #send(
    act: SessionCommand['act'],
    more: Partial<SessionCommand>,
    then: (revision: number, status: string) => void,
  ): void {
    this.#count += 1;
    const request = { id: `${this.#name} ${this.#count}`, payloadHash: 1, keyRevision: 0 };
    const common = { session: 0, lock: 'l', ttlMs: 0, ttlLsn: 0 };
    const command: SessionCommand = { kind: 'session', act, ...common, ...more, request };
    this.#attempt(command, then);
  }

  #attempt(command: SessionCommand, then: (revision: number, status: string) => void): void {
    const { world } = this.#story;
    let isAnswered = false;
    const once = (run: () => void) => {
      if (!isAnswered) run();
      isAnswered = true;
    };
    const again = () => once(() => world.queue.after(30, () => this.#attempt(command, then)));
    world.queue.after(1500, again);
    const [active] = world.activeNames();
    if (active === undefined) return again();
    world.node(active).write(command, (error, result) => {
      if (error !== null || result === null) again();
      else once(() => then(result.revision, result.status));
    });
  }

  run(): void {
    if (this.isStopped) return;
    this.#send('acquire', { ttlMs: 3000 }, (session, status) => {
      if (status === 'acquired') this.#hold(session, session);
      else this.#wait(session);
    });
  }

  #wait(session: number): void {
    const { world } = this.#story;
    const again = () => void world.queue.after(30, () => this.#wait(session));
    const [active] = world.activeNames();
    if (active === undefined) return again();
    let isAnswered = false;
    const once = (run: () => void) => {
      if (!isAnswered) run();
      isAnswered = true;
    };
    world.queue.after(3000, () => once(again));
    world.node(active).awaitLock('l', session, 1000, (error, token) =>
      once(() => {
        const isOver = error === null && token === null;
        if (token !== null) this.#hold(session, token);
        else if (isOver)
          this.#send('leave', { session }, (held, status) => {
            if (status === 'acquired') this.#hold(session, held);
            else this.run();
          });
        else again();
      }),
    );
  }

  #hold(session: number, token: number): void {
    this.held += 1;
    this.#onHeld(token);
    this.#story.world.queue.after(20, () => this.#send('release', { session }, () => this.run()));
  }
}

describe('a lock', () => {
  test('goes round while masters die and are cut off, to one at a time, by rising tokens', () => {
    for (const seed of [1, 2, 3]) {
      const story = Scenario.ready({ seed, driftShare: 0.04 });
      const { world } = story;
      const tokens: number[] = [];
      const lockers = ['a', 'b', 'c', 'd'].map(
        (name) => new Locker(story, name, (token) => void tokens.push(token)),
      );
      for (const locker of lockers) locker.run();
      world.run(1500);
      const [first = 'm1'] = world.activeNames();
      world.crash(first);
      world.run(5000);
      world.startAll();
      world.run(3000);
      const [second = 'm1'] = world.activeNames();
      world.partition([second]);
      world.run(6000);
      world.network.heal();
      world.run(4000);
      for (const locker of lockers) locker.isStopped = true;
      world.run(5000);
      // No token twice: nobody was told of a lock that another one had. None after a later one.
      expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b));
      for (const { held } of lockers) expect(held).toBeGreaterThan(10);
      story.expectHealthy();
    }
  });

  test('of an owner that is gone is given on when its session ends, and its keys go', () => {
    const story = Scenario.ready();
    const { world } = story;
    const ask = (command: Partial<SessionCommand>) => {
      let answer: number | null = null;
      const common = { session: 0, lock: '', ttlMs: 0, ttlLsn: 0, request: null };
      const whole = { kind: 'session', act: 'create', ...common, ...command } as const;
      world.node(story.active).write(whole, (_, result) => {
        answer = result?.revision ?? 0;
      });
      world.until(() => answer !== null, 5000, 'an answer');
      return answer ?? 0;
    };
    const dead = ask({ ttlMs: 2000 });
    ask({ act: 'acquire', session: dead, lock: 'l' });
    const next = ask({ ttlMs: 60_000 });
    ask({ act: 'acquire', session: next, lock: 'l' });
    let token: number | null = null;
    world.node(story.active).awaitLock('l', next, 10_000, (_, got) => {
      token = got;
    });
    world.run(1500);
    expect(token).toBeNull();
    world.run(600);
    expect(token).toBeGreaterThan(next);
    story.settle();
  });
});
