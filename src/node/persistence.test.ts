import { describe, expect, test } from 'vitest';
import type { Voter } from '../core/voter.ts';
import type { DiskDone } from '../ports/disk.ts';
import { silentLogger } from '../ports/logger.ts';
import type { Meta, Storage } from '../ports/storage.ts';
import { append, makeVoter, origin, puts } from '../sim/fixtures.ts';
import { HandClock } from '../sim/walk/hand-ports.ts';
import { Persistence } from './persistence.ts';

/** A storage whose operations end when the test says so, in order. */
class Steps {
  readonly log: string[] = [];
  readonly metas: Meta[] = [];
  /** Poisons it, though nothing is under way. */
  fail: (error: Error) => void = () => {};
  readonly #open: DiskDone[] = [];
  logBytes = 0;

  get storage(): Storage {
    const begin = (what: string, done: DiskDone) => {
      this.log.push(what);
      this.#open.push(done);
    };
    const steps = this;
    return {
      recover: () => ({ meta: null, snapshot: null, records: [], repairs: [] }),
      onFailure: (listener) => {
        steps.fail = listener;
      },
      append: (records, done) => begin(`append ${records.map(({ lsn }) => lsn)}`, done),
      cut: (lsn, done) => begin(`cut ${lsn}`, done),
      saveMeta: (meta, done) => {
        this.metas.push(meta);
        begin(`meta ${meta.promised}`, done);
      },
      saveSnapshot: (lsn, chunks, { replaceLog }, done) => {
        for (const _ of chunks);
        begin(`snapshot ${lsn}${replaceLog ? ' whole' : ''}`, done);
      },
      get logBytes() {
        return steps.logBytes;
      },
      segmentCount: 2,
      close() {},
    };
  }

  get openCount(): number {
    return this.#open.length;
  }

  end(error?: Error): void {
    this.#open.shift()?.(error);
  }
}

function bench() {
  const steps = new Steps();
  const voter = makeVoter('m2', { hasDisk: true });
  const poison: Error[] = [];
  const clock = new HandClock();
  const persistence = new Persistence({
    voter,
    storage: steps.storage,
    logger: silentLogger,
    clock,
    onPoisoned: (error) => poison.push(error),
  });
  return { steps, voter, persistence, poison, clock };
}

const take = (voter: Voter, count: number, first = 1, epoch = 1) =>
  voter.onAppend(
    append(epoch, first === 1 ? origin : { epoch: 1, lsn: first - 1 }),
    puts(count, first, epoch),
    0,
  );

describe('persistence', () => {
  test('an answer leaves only when all writes before it are synced, in order', () => {
    const { steps, voter, persistence } = bench();
    const said: string[] = [];
    take(voter, 2);
    persistence.flush(() => said.push('first'));
    take(voter, 1, 3);
    persistence.flush(() => said.push('second'));
    expect(steps.log).toEqual(['meta 1', 'append 1,2', 'append 3']);
    steps.end();
    expect(said).toEqual([]);
    steps.end();
    expect(said).toEqual(['first']);
    expect(voter.durableLsn).toBe(2);
    steps.end();
    expect(said).toEqual(['first', 'second']);
    expect(voter.durableLsn).toBe(3);
  });

  test('with nothing to write an answer leaves at once, but never before an earlier write', () => {
    const { steps, voter, persistence } = bench();
    const said: string[] = [];
    persistence.flush(() => said.push('now'));
    take(voter, 1);
    persistence.flush();
    persistence.flush(() => said.push('later'));
    expect(said).toEqual(['now']);
    steps.end();
    steps.end();
    expect(said).toEqual(['now', 'later']);
  });

  test('the meta is that of the moment: promise and cluster together', () => {
    const { steps, voter, persistence } = bench();
    voter.promise(7, 'm3');
    persistence.flush();
    expect(steps.metas).toEqual([
      { nodeId: 'm2', clusterId: 'c', promised: 7, promisedTo: 'm3', leaseGrantedMs: 0 },
    ]);
  });

  test('the first error poisons it: no later answer leaves, and the node is told once', () => {
    const { steps, voter, persistence, poison } = bench();
    const said: string[] = [];
    take(voter, 1);
    persistence.flush(() => said.push('first'));
    steps.end(new Error('EIO'));
    steps.end(new Error('EIO'));
    persistence.flush(() => said.push('second'));
    expect(said).toEqual([]);
    expect(poison.map(({ message }) => message)).toEqual(['EIO']);
    expect(voter.durableLsn).toBe(0);
  });

  test('a failure that no write gets poisons it too: a repair of the start, on a full disk', () => {
    const { steps, voter, persistence, poison } = bench();
    steps.fail(new Error('ENOSPC'));
    expect(poison.map(({ message }) => message)).toEqual(['ENOSPC']);
    take(voter, 1);
    const said: string[] = [];
    persistence.flush(() => said.push('first'));
    steps.end(new Error('ENOSPC'));
    expect([said, poison]).toEqual([[], [new Error('ENOSPC')]]);
  });

  test('a cut is on its way before the records that take its place', () => {
    const { steps, voter, persistence } = bench();
    take(voter, 3);
    persistence.flush();
    voter.onAppend(append(2, { epoch: 1, lsn: 1 }), puts(1, 2, 2), 0);
    persistence.flush();
    expect(steps.log.slice(2)).toEqual(['meta 2', 'cut 2', 'append 2']);
  });

  test('makes a snapshot when the log has grown: one at a time, of what is synced', () => {
    const { steps, voter, persistence } = bench();
    steps.logBytes = 5000;
    persistence.compact(10_000);
    expect(steps.log).toEqual([]);
    take(voter, 2);
    voter.advanceCommitted(2);
    persistence.flush();
    steps.logBytes = 20_000;
    persistence.compact(10_000);
    expect(steps.log).not.toContain('snapshot 2');
    steps.end();
    steps.end();
    persistence.compact(10_000);
    persistence.compact(10_000);
    expect(steps.log.filter((step) => step.startsWith('snapshot'))).toEqual(['snapshot 2']);
    steps.end();
    persistence.compact(10_000);
    expect(steps.log.filter((step) => step.startsWith('snapshot'))).toHaveLength(2);
  });

  test('without a disk everything is done at once', () => {
    const voter = makeVoter('s1');
    const persistence = new Persistence({
      ...{ voter, storage: null, logger: silentLogger, clock: new HandClock() },
      onPoisoned: () => {},
    });
    take(voter, 2);
    let isDone = false;
    persistence.flush(() => {
      isDone = true;
    });
    expect(isDone).toBe(true);
    expect(voter.writes).toEqual([]);
    expect(persistence.gauges()).toBeNull();
  });

  test('it says how long syncs took, and how old the last snapshot is', () => {
    const { steps, voter, persistence, clock } = bench();
    take(voter, 2);
    persistence.flush();
    clock.advance(3);
    steps.end();
    while (steps.openCount > 0) steps.end();
    const before = persistence.gauges();
    expect(before).toMatchObject({ segmentCount: 2, snapshotsSaved: 0, snapshotAgeMs: null });
    expect(before?.syncs.sumMs).toBe(3);
    voter.advanceCommitted(2);
    steps.logBytes = 5;
    persistence.compact(5);
    clock.advance(7);
    steps.end();
    clock.advance(11);
    const facts = { logBytes: 5, snapshotsSaved: 1, snapshotAgeMs: 11 };
    expect(persistence.gauges()).toMatchObject(facts);
  });
});
