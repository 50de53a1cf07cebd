/**
 * Makes a history that is not linearizable small enough for people, without making it a different
 * failure. A history is only ever *weakened*: whatever could explain it before explains it after.
 * So if what is left still fails, the whole fails for the same reason. To weaken is to leave out a
 * read, to say of a write that its outcome is not known, to forget what happened after some time, and
 * to leave out a write that nobody could see any more. (To leave out a write that was read would
 * make failures that were not there.) The greedy halving is that of delta debugging (Zeller and
 * Hildebrandt, 2002).
 */
import { ascending } from './history.ts';
import { defaultSearchLimits, type SearchLimits } from './limits.ts';
import type { Invocation, Model } from './model.ts';
import { searchOrder } from './search.ts';

/** What it costs to set up a search, for each invocation, in steps. */
const setupSteps = 10;

/** Questions whether histories fail, all of them together within the limits of one search. */
class Failures<State extends object, Action> {
  readonly #model: Model<State, Action>;
  readonly #limits: SearchLimits;
  #stepsLeft: number;

  constructor(model: Model<State, Action>, limits: SearchLimits) {
    this.#model = model;
    this.#limits = limits;
    this.#stepsLeft = limits.stepsMax;
  }

  /** False also where the limits are reached. */
  has(invocations: readonly Invocation<Action>[]): boolean {
    if (this.#stepsLeft <= 0) return false;
    const limits = { ...this.#limits, stepsMax: this.#stepsLeft };
    const { verdict, steps } = searchOrder(this.#model, invocations, limits);
    this.#stepsLeft -= steps + setupSteps * invocations.length;
    return verdict === 'not-linearizable';
  }
}

/** What was known at a time: nothing later was called, and what was open may have happened. */
export function cutAt<Action>(
  invocations: readonly Invocation<Action>[],
  time: number,
): Invocation<Action>[] {
  return invocations
    .filter(({ callTime }) => callTime <= time)
    .map((invocation) => (invocation.returnTime > time ? relax(invocation) : invocation));
}

/** The same, its outcome not known. */
export function relax<Action>(invocation: Invocation<Action>): Invocation<Action> {
  return { ...invocation, isRequired: false, returnTime: Number.POSITIVE_INFINITY };
}

/**
 * The first return with which the history fails; undefined where it does not fail at all, or that
 * was not found out within the limits.
 */
export function firstFailure<State extends object, Action>(
  model: Model<State, Action>,
  invocations: readonly Invocation<Action>[],
  limits: SearchLimits = defaultSearchLimits,
): number | undefined {
  const failures = new Failures(model, limits);
  const returns = invocations.filter(({ isRequired }) => isRequired);
  const times = [...new Set(returns.map(({ returnTime }) => returnTime))].sort(ascending);
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (failures.has(cutAt(invocations, times[middle]!))) high = middle;
    else low = middle + 1;
  }
  return times[low];
}

class Minimizer<State extends object, Action> {
  readonly #model: Model<State, Action>;
  readonly #failures: Failures<State, Action>;
  readonly #original: readonly Invocation<Action>[];
  #current: readonly Invocation<Action>[];

  constructor(
    model: Model<State, Action>,
    invocations: readonly Invocation<Action>[],
    limits: SearchLimits,
  ) {
    this.#model = model;
    this.#failures = new Failures(model, limits);
    this.#original = invocations;
    this.#current = invocations;
  }

  run(): readonly Invocation<Action>[] {
    for (const isRead of [true, false]) {
      for (let size = this.#current.length; size >= 1; size >>>= 1) this.#weakenBy(size, isRead);
    }
    // What stays may as well be as it was, and then tell what some reads told.
    const kept = new Set(this.#current.map(({ id }) => id));
    this.#current = this.#original.filter(({ id }) => kept.has(id));
    this.#weakenBy(1, true);
    return this.#current;
  }

  /** Leaves out what it can of reads, or of writes, so many neighbours at a time. */
  #weakenBy(size: number, isRead: boolean): void {
    const isMeant = ({ isRequired, action }: Invocation<Action>): boolean =>
      isRequired && this.#model.isReadOnly(action) === isRead;
    let start = 0;
    while (start < this.#current.length) {
      const end = start + size;
      const weaker = this.#current.flatMap((invocation, place) => {
        const isTouched = place >= start && place < end && isMeant(invocation);
        if (!isTouched) return [invocation];
        return isRead ? [] : [relax(invocation)];
      });
      const candidate = this.#withoutUnseen(weaker);
      const isShorter = candidate.length < this.#current.length;
      if (isShorter && this.#failures.has(candidate)) this.#current = candidate;
      else start = end;
    }
  }

  /** Optional writes whose effect nobody can see explain nothing. */
  #withoutUnseen(invocations: readonly Invocation<Action>[]): readonly Invocation<Action>[] {
    const required = invocations.map((invocation) => ({ ...invocation, isRequired: true }));
    const lookAhead = this.#model.lookAhead?.(required);
    if (lookAhead === undefined) return invocations;
    return invocations.filter(({ isRequired, action }, place) => {
      const isUnseen = this.#model.isReadOnly(action) || lookAhead.isIdle(place);
      return isRequired || !isUnseen;
    });
  }
}

/**
 * A small part of the history of one object that is not linearizable either; the history itself
 * where it is linearizable or not decided.
 */
export function minimizeFailure<State extends object, Action>(
  model: Model<State, Action>,
  invocations: readonly Invocation<Action>[],
  limits: SearchLimits = defaultSearchLimits,
): readonly Invocation<Action>[] {
  const time = firstFailure(model, invocations, limits);
  if (time === undefined) return invocations;
  return new Minimizer(model, cutAt(invocations, time), limits).run();
}
