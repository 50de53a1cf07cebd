/**
 * Reads of a node's own map: each waits until the map is as new as its options ask for, and is then
 * answered in one synchronous step. How a linearizable read is confirmed is the role's.
 */
import { DsmError } from '../core/errors.ts';
import { type ListQuery, listPage } from '../core/list-page.ts';
import type { Store } from '../core/store.ts';
import type { ListDone, ReadOptions, WatchDone } from './api.ts';
import type { NodeContext } from './context.ts';
import { type StateView, StateViews } from './state-views.ts';
import { type Waited, Waiters } from './waiters.ts';
import type { Watch, WatchScope } from './watcher.ts';
import { Watches } from './watches.ts';

export interface ReadsHost {
  isStopped(): boolean;
  /** May this node answer reads at all? */
  isCaughtUp(): boolean;
  /** `done` when the own map may answer a linearizable read. */
  confirm(forceRound: boolean, done: Waited): void;
}

export class Reads {
  readonly #context: NodeContext;
  readonly #host: ReadsHost;
  readonly watches: Watches;
  readonly #views = new StateViews();
  /** Those that wait for `min-revision`. */
  readonly #revisions: Waiters;

  constructor(context: NodeContext, host: ReadsHost) {
    this.#context = context;
    this.#host = host;
    this.watches = new Watches(context);
    this.#revisions = new Waiters(context.limits.waitingReadsMax, 'catching_up');
  }

  /** How many wait for a revision. */
  get size(): number {
    return this.#revisions.size;
  }

  step(nowMs: number): void {
    this.#revisions.settle(this.#context.voter.store.appliedLsn, nowMs);
    this.watches.step();
  }

  nextDeadlineMs(): number {
    return this.#revisions.nextDeadlineMs();
  }

  end(error: DsmError): void {
    this.#revisions.failAll(error);
    this.watches.endAll();
  }

  list(query: ListQuery, options: ReadOptions, done: ListDone): void {
    this.whenReadable(options, (error) => {
      if (error !== null) return done(error, null);
      this.#context.counters.reads += 1;
      done(null, listPage(this.#context.voter.store, query));
    });
  }

  watch(scope: WatchScope, from: number | null, options: ReadOptions, done: WatchDone): void {
    const { consistency, minRevision } = options;
    // A stale state must at least have come to where the watch goes on.
    const floor = consistency === 'stale' ? Math.max(minRevision, from ?? 0) : minRevision;
    this.whenReadable({ consistency, minRevision: floor }, (error) => {
      if (error !== null) return done(error, null);
      let watch: Watch;
      try {
        watch = this.watches.open(scope, from);
      } catch (thrown) {
        if (!(thrown instanceof DsmError)) throw thrown;
        return done(thrown, null);
      }
      done(null, watch);
    });
  }

  look(options: ReadOptions, done: (error: DsmError | null, store: Store | null) => void): void {
    this.whenReadable(options, (error) => {
      this.#context.counters.reads += 1;
      done(error, error === null ? this.#context.voter.store : null);
    });
  }

  viewState(
    options: ReadOptions,
    done: (error: DsmError | null, view: StateView | null) => void,
  ): void {
    this.whenReadable(options, (error) => {
      if (error !== null) return done(error, null);
      let view: StateView;
      try {
        view = this.#views.open(this.#context.voter);
      } catch (thrown) {
        if (!(thrown instanceof DsmError)) throw thrown;
        return done(thrown, null);
      }
      this.#context.logger.info('a snapshot is read', { lsn: view.position.lsn });
      done(null, view);
    });
  }

  /** `done` when the own map may answer a read under `options`. */
  whenReadable(options: ReadOptions, done: Waited): void {
    const { consistency, minRevision } = options;
    const { voter, clock, limits } = this.#context;
    if (this.#host.isStopped()) return done(new DsmError('shutting_down'));
    if (minRevision > voter.store.appliedLsn) {
      const deadlineMs = clock.monotonicMs() + limits.holdMs;
      this.#revisions.add(minRevision, deadlineMs, (error) => {
        if (error === null) this.whenReadable(options, done);
        else done(error);
      });
      this.#context.changed();
      return;
    }
    const notYet = this.#host.isCaughtUp() ? null : new DsmError('catching_up');
    if (consistency === 'stale') return done(notYet);
    this.#host.confirm(consistency === 'quorum', (error) => {
      // The mastership may have gone while the read waited: it is asked for again elsewhere.
      if (error?.code === 'misdirected') this.whenReadable(options, done);
      else done(error);
    });
  }
}
