import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { History } from '../core/history.ts';
import { makeLimits } from '../core/limits.ts';
import type { Command } from '../core/record.ts';
import { encodeSnapshot, SnapshotDecoder } from '../core/snapshot.ts';
import { Store } from '../core/store.ts';
import type { Voter } from '../core/voter.ts';
import { append, makeVoter, put, records } from '../sim/fixtures.ts';
import { createCounters } from './context.ts';
import { snapshotHeader } from './persistence.ts';
import type { Watch, WatchEvent, WatchScope } from './watcher.ts';
import { Watches } from './watches.ts';

const remove = (key: string): Command => ({
  kind: 'delete',
  key,
  condition: 'none',
  request: null,
});
/** Everything. */
const clear: Command = {
  kind: 'txn',
  compares: [],
  operations: [{ kind: 'delete-range', start: '', end: null, limit: 1000, isPage: false }],
  otherwise: [],
  request: null,
};
const everything: WatchScope = { kind: 'prefix', prefix: '' };

type State = ReadonlyMap<string, number>;

/** A node of which only the watches are there: what is written is committed at once. */
class Stage {
  readonly voter: Voter;
  readonly watches: Watches;
  /** lsn → key → revision: every state that there was. */
  readonly states: State[] = [new Map()];

  constructor(logTailBytesMax = 1_000_000, history = new History()) {
    const limits = makeLimits({ logTailBytesMax, watchesMax: 3 });
    this.voter = makeVoter('s1', {
      limits,
      store: new Store(undefined, history),
      onApplied: (record) => {
        this.watches.onApplied(record);
        const { store } = this.voter;
        const next = new Map(this.states.at(-1));
        for (const { key } of store.history.changesOf(record)) {
          const entry = store.get(key);
          if (entry === undefined) next.delete(key);
          else next.set(key, entry.revision);
        }
        this.states.push(next);
      },
    });
    this.watches = new Watches({ voter: this.voter, limits, counters: createCounters() });
  }

  /** One batch. */
  write(...commands: readonly Command[]): void {
    const { last } = this.voter.log;
    this.voter.takeRecords(last, records(commands, last.lsn + 1));
    this.voter.advanceCommitted(this.voter.log.lastLsn);
    this.watches.step();
  }

  /** What a key's revision was at `lsn`, for all keys in scope. */
  stateAt(lsn: number, scope: WatchScope): State {
    const all = [...(this.states[lsn] ?? [])];
    return new Map(all.filter(([key]) => isIn(scope, key)));
  }
}

const isIn = (scope: WatchScope, key: string) =>
  scope.kind === 'key' ? key === scope.key : key.startsWith(scope.prefix);

/** All that there is to take. */
function takeAll(watch: Watch, bytesMax = 1000): WatchEvent[] {
  const events: WatchEvent[] = [];
  for (;;) {
    const batch = watch.take(bytesMax);
    events.push(...batch.events);
    if (!batch.hasMore) return events;
  }
}

function shown(event: WatchEvent): string {
  if (event.kind !== 'change') return `${event.kind} ${event.revision}`;
  const { kind, key, revision } = event.change;
  return `${kind} ${key} ${revision}${event.resumeFrom === null ? '' : ' id'}`;
}

/** What a client knows by what it was told; checks it wherever that is complete. */
class Follower {
  readonly #stage: Stage;
  readonly #scope: WatchScope;
  #state = new Map<string, number>();
  /** The last revision told of each key: no key goes back in time. */
  #seen = new Map<string, number>();
  /** Where to go on; null where only a new snapshot will do. */
  resumeFrom: number | null = null;
  /** Revisions told since the last snapshot was complete. */
  told: number[] = [];
  syncedAt = 0;

  constructor(stage: Stage, scope: WatchScope) {
    this.#stage = stage;
    this.#scope = scope;
  }

  begin(): void {
    if (this.resumeFrom === null) this.#forget();
  }

  #forget(): void {
    this.#state = new Map();
    this.#seen = new Map();
    this.resumeFrom = null;
    this.told = [];
  }

  on(event: WatchEvent): void {
    if (event.kind === 'reset') return this.#forget();
    if (event.kind === 'synced') {
      if (this.resumeFrom === null) this.syncedAt = event.revision;
      this.resumeFrom = event.revision;
    } else {
      const { kind, key, revision } = event.change;
      expect(revision).toBeGreaterThan(this.#seen.get(key) ?? 0);
      this.#seen.set(key, revision);
      if (kind === 'put') this.#state.set(key, revision);
      else this.#state.delete(key);
      if (event.resumeFrom !== null) {
        this.told.push(revision);
        this.resumeFrom = event.resumeFrom;
      }
    }
    const isComplete = event.kind === 'synced' || event.resumeFrom !== null;
    if (!isComplete) return;
    const expected = this.#stage.stateAt(this.resumeFrom ?? 0, this.#scope);
    expect(new Map(this.#state)).toEqual(expected);
  }

  /** Each change since the last snapshot was told once, in order. */
  expectEachOnce(untilLsn: number): void {
    const { syncedAt } = this;
    const { history } = this.#stage.voter.store;
    const expected: number[] = [];
    for (let lsn = syncedAt + 1; lsn <= untilLsn; lsn += 1) {
      const record = this.#stage.voter.log.at(lsn);
      const changes = record === undefined ? [] : history.changesOf(record);
      if (changes.some(({ key }) => isIn(this.#scope, key))) expected.push(lsn);
    }
    expect(this.told).toEqual(expected);
  }
}

const key = fc.constantFrom('a', 'aa', 'ab', 'b');
const command = fc.oneof(
  fc
    .tuple(key, fc.constantFrom('none', 'absent'), fc.constantFrom(1, 300))
    .map(
      ([k, condition, bytes]): Command =>
        put(k, 'v'.repeat(bytes), { condition: condition === 'none' ? 'none' : 'absent' }),
    ),
  key.map(remove),
);
const scope = fc.constantFrom<WatchScope[]>(
  everything,
  { kind: 'prefix', prefix: 'a' },
  { kind: 'key', key: 'a' },
);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.array(command, { minLength: 1, maxLength: 5 }) },
  { weight: 3, arbitrary: fc.constant('take' as const) },
  { weight: 1, arbitrary: fc.constant('reconnect' as const) },
);

function follow(
  steps: readonly (readonly Command[] | 'take' | 'reconnect')[],
  watched: WatchScope,
  bytesMax: number,
  tailBytes: number,
): { readonly follower: Follower; readonly stage: Stage } {
  const stage = new Stage(tailBytes);
  const follower = new Follower(stage, watched);
  let watch: Watch | null = null;
  const take = (all: boolean) => {
    if (watch === null || watch.isOver) {
      follower.begin();
      watch = stage.watches.open(watched, follower.resumeFrom);
    }
    do {
      const { events, hasMore } = watch.take(bytesMax);
      for (const event of events) follower.on(event);
      if (!hasMore || !all) return;
    } while (!watch.isOver);
  };
  for (const next of steps) {
    if (next === 'take') take(false);
    else if (next === 'reconnect') (watch as Watch | null)?.close();
    else stage.write(...next);
  }
  // Twice: it may have been cut off until now.
  take(true);
  take(true);
  return { follower, stage };
}

test('a watch that has ended counts nothing as told that is applied later', () => {
  const stage = new Stage();
  stage.write(put('a', '1'));
  const watch = stage.watches.open(everything, 1);
  expect(takeAll(watch)).toEqual([{ kind: 'synced', revision: 1 }]);
  const { last } = stage.voter.log;
  const next = records([put('a', '2')], last.lsn + 1, last.epoch);
  stage.voter.onAppend(append(last.epoch, last, { committedLsn: last.lsn + 1 }), next, 0);
  expect(stage.voter.storeAsApplied.appliedLsn).toBe(1);
  stage.watches.endAll();
  expect(takeAll(watch)).toEqual([]);
  expect(stage.voter.store.appliedLsn).toBe(2);
  expect(watch.revision).toBe(1);
});

describe('a watch', () => {
  test('tells each change once, in order, however it is taken and wherever it goes on', () => {
    const steps = fc.array(step, { maxLength: 30 });
    fc.assert(
      fc.property(steps, scope, fc.constantFrom(1, 500, 100_000), (plan, watched, bytesMax) => {
        const { follower, stage } = follow(plan, watched, bytesMax, 1_000_000);
        const { appliedLsn } = stage.voter.store;
        follower.expectEachOnce(appliedLsn);
        expect(follower.resumeFrom).toBeGreaterThanOrEqual(follower.syncedAt);
      }),
      { numRuns: 300 },
    );
  });

  test('that is too slow for the log begins anew, and never tells what is not true', () => {
    const steps = fc.array(step, { maxLength: 40 });
    fc.assert(
      fc.property(steps, scope, fc.constantFrom(1, 500), (plan, watched, bytesMax) => {
        const { follower, stage } = follow(plan, watched, bytesMax, 1500);
        expect(follower.resumeFrom).not.toBeNull();
        expect(stage.watches.size).toBe(1);
      }),
      { numRuns: 300 },
    );
  });

  test('begins with what is there, then says that it is synced, then tells changes with ids', () => {
    const stage = new Stage();
    stage.write(put('b', '1'), put('a', '2'), put('c', '3'), remove('c'));
    const watch = stage.watches.open(everything, null);
    expect(takeAll(watch).map(shown)).toEqual(['put a 2', 'put b 1', 'synced 4']);
    stage.write(put('a', '5'), remove('b'));
    expect(takeAll(watch).map(shown)).toEqual(['put a 5 id', 'delete b 6 id']);
    expect(takeAll(watch)).toEqual([]);
    expect(watch.revision).toBe(6);
  });

  test('goes on behind a revision', () => {
    const stage = new Stage();
    stage.write(put('a', '1'), put('b', '2'), put('a', '3'));
    const watch = stage.watches.open({ kind: 'key', key: 'a' }, 1);
    expect(takeAll(watch).map(shown)).toEqual(['put a 3 id', 'synced 3']);
  });

  test.each([
    ['that was forgotten', 0],
    ['that never was', 1000],
  ])('from a revision %s says so, and begins with what is there', (_name, from) => {
    const stage = new Stage(1500);
    for (let count = 0; count < 10; count += 1) stage.write(put('a', 'x'.repeat(500)));
    const watch = stage.watches.open(everything, from);
    expect(watch.isReset).toBe(true);
    expect(takeAll(watch).map(shown)).toEqual(['reset 10', 'put a 10', 'synced 10']);
  });

  test('does not go on behind changes that are forgotten while the log still has the records', () => {
    const stage = new Stage();
    stage.write(put('a', '1'), put('a', '2'), put('a', '3'));
    const behind = stage.watches.open(everything, 1);
    stage.voter.store.history.floorLsn = 2;
    expect(stage.watches.open(everything, 1).isReset).toBe(true);
    expect(stage.watches.open(everything, 2).isReset).toBe(false);
    expect([takeAll(behind), behind.isOver]).toEqual([[], true]);
  });

  test('is told a transaction that changed more than the history holds', () => {
    const stage = new Stage(1_000_000, new History(500));
    const keys = Array.from({ length: 10 }, (_, index) => `key ${index}`);
    stage.write(...keys.map((name) => put(name, 'x')));
    const watch = stage.watches.open(everything, null);
    takeAll(watch);
    stage.write(clear);
    expect(takeAll(watch).map(shown)).toEqual(
      keys.map((name) => `delete ${name} 11${name === 'key 9' ? ' id' : ''}`),
    );
  });

  test('that is behind such transactions begins anew: only the newest is held', () => {
    const stage = new Stage(1_000_000, new History(500));
    stage.write(put('a', 'x'), put('b', 'x'), put('c', 'x'));
    const watch = stage.watches.open(everything, null);
    takeAll(watch);
    stage.write(clear);
    stage.write(put('a', 'y'), put('b', 'y'), put('c', 'y'));
    stage.write(clear);
    expect([takeAll(watch), watch.isOver, watch.revision]).toEqual([[], true, 3]);
    expect(stage.watches.open(everything, 3).isReset).toBe(true);
    expect(takeAll(stage.watches.open(everything, 7)).map(shown)).toEqual([
      ...['delete a 8', 'delete b 8', 'delete c 8 id', 'synced 8'],
    ]);
  });

  test('calls back when something in its scope was applied, and only then', () => {
    const stage = new Stage();
    let calls = 0;
    const watch = stage.watches.open({ kind: 'prefix', prefix: 'a' }, 0);
    takeAll(watch);
    watch.onReady(() => {
      calls += 1;
    });
    stage.write(put('b', '1'), remove('a'));
    expect([calls, watch.revision]).toEqual([0, 2]);
    stage.write(put('aa', '3'));
    expect([calls, watch.revision]).toEqual([1, 2]);
    expect(takeAll(watch).map(shown)).toEqual(['put aa 3 id']);
    expect(watch.revision).toBe(3);
  });

  test('of a quiet key looks at no record that is not about it', () => {
    const stage = new Stage();
    stage.write(put('quiet', 'x'));
    const looks = vi.spyOn(stage.voter, 'changesAt');
    const watch = stage.watches.open({ kind: 'key', key: 'quiet' }, null);
    takeAll(watch);
    looks.mockClear();
    for (let i = 0; i < 3000; i += 1) stage.write(put('busy', `${i}`));
    expect(takeAll(watch)).toEqual([]);
    expect(watch.revision).toBe(3001);
    expect(looks).not.toHaveBeenCalled();
    stage.write(put('quiet', 'y'));
    expect(takeAll(watch).map(shown)).toEqual(['put quiet 3002 id']);
  });

  test('is over when a snapshot takes the place of the log', () => {
    const source = new Stage();
    source.write(...Array.from({ length: 5 }, (_, i) => put(`k${i}`, 'x')));
    const decoder = new SnapshotDecoder();
    const header = snapshotHeader(source.voter);
    for (const chunk of encodeSnapshot(header, source.voter.store.freeze())) decoder.push(chunk);
    const stage = new Stage();
    stage.write(put('a', '1'));
    const watch = stage.watches.open(everything, null);
    takeAll(watch);
    let isWoken = false;
    watch.onReady(() => {
      isWoken = true;
    });
    stage.voter.onSnapshot(1, header, decoder.finish().store);
    // What lies between was not told.
    expect([takeAll(watch), watch.revision]).toEqual([[], 1]);
    // In the same step: one that waited for the state to be new enough.
    const next = stage.watches.open(everything, 1);
    stage.watches.step();
    expect([watch.isOver, isWoken, stage.watches.size]).toEqual([true, true, 1]);
    expect(takeAll(next, 1_000_000).map(shown)[0]).toBe('reset 5');
  });

  test('one too many is refused, until another one is closed', () => {
    const stage = new Stage();
    const [first] = [1, 2, 3].map(() => stage.watches.open(everything, null));
    expect(() => stage.watches.open(everything, null)).toThrow('3 watches are open at this node');
    first?.close();
    first?.close();
    expect(stage.watches.size).toBe(2);
    stage.watches.open(everything, null);
  });

  test('ends when the node stops', () => {
    const stage = new Stage();
    const watch = stage.watches.open(everything, null);
    stage.watches.endAll();
    expect([watch.isOver, watch.take(1000).events]).toEqual([true, []]);
  });
});
