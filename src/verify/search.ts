/**
 * The search for an order of one object's invocations that explains every answer: the algorithm of
 * Wing and Gong ("Testing and Verifying Concurrent Objects", 1993) with the memory of Lowe
 * ("Testing for Linearizability", 2017), as Porcupine has it (Athalye). The next invocation of the
 * order is always one that was called before any remaining one returned; the search tries each,
 * depth first. Deciding is NP-complete, so it has a budget of steps.
 *
 * Branches are cut only where it is certain that a completion, if there is one, is found without
 * them. Each rule says why; all hold at once, because each turns a completion into one that is
 * shorter, or no longer and with fewer inversions of equal invocations.
 *
 * 1. A read that can come next comes next: wherever else it stood, it may be moved to here, since
 *    it changes nothing. There is no alternative to try.
 * 2. Of equal invocations the one that returns first comes first: exchange the two.
 * 3. An optional invocation whose effect nobody will see is left out (`LookAhead.isPointless`).
 * 4. A required one whose effect nobody will see comes at once, while the state is such that nobody
 *    sees it either (`LookAhead.isIdle`).
 * 5. A state from which some answer can no longer be given is left (`LookAhead.isHopeless`).
 */
import { ConfigurationSet } from './configuration-set.ts';
import { EventList } from './event-list.ts';
import type { Verdict } from './history.ts';
import { defaultSearchLimits, type SearchLimits } from './limits.ts';
import type { Invocation, LookAhead, Model } from './model.ts';

export interface SearchResult<State, Action> {
  readonly verdict: Verdict;
  readonly steps: number;
  /** The order found; where there is none, the longest beginning of one that was tried. */
  readonly order: readonly Invocation<Action>[];
  /** The state after `order`. */
  readonly state: State;
}

/** Required ones by their return, then optional ones by their call. */
function sortInvocations<Action>(
  invocations: readonly Invocation<Action>[],
  isReadOnly: (action: Action) => boolean,
): Invocation<Action>[] {
  return invocations
    .filter(({ isRequired, action }) => isRequired || !isReadOnly(action))
    .sort((a, b) => {
      if (a.isRequired !== b.isRequired) return a.isRequired ? -1 : 1;
      const [timeA, timeB] = a.isRequired ? [a.returnTime, b.returnTime] : [a.callTime, b.callTime];
      return timeA === timeB ? a.id - b.id : timeA < timeB ? -1 : 1;
    });
}

/** A choice that was made, and the alternatives to it that are left. */
interface Frame {
  /** Invocations in the order when the choice was offered. */
  readonly taken: number;
  /** Where its alternatives begin in the stack of candidates, and the next to try. */
  readonly start: number;
  next: number;
}

class Search<State extends object, Action> {
  readonly #model: Model<State, Action>;
  readonly #limits: SearchLimits;
  readonly #invocations: readonly Invocation<Action>[];
  readonly #requiredCount: number;
  readonly #isReadOnly: readonly boolean[];
  /** A number for each kind of equal invocations. */
  readonly #kinds: readonly number[];
  readonly #events: EventList;
  readonly #configurations: ConfigurationSet;
  readonly #lookAhead: LookAhead<State> | undefined;
  readonly #stateNumbers = new Map<string, number>();

  #state: State;
  #steps = 0;
  #requiredLeft: number;
  /** The order so far, and the state before each of it. */
  readonly #order: number[] = [];
  readonly #statesBefore: State[] = [];
  readonly #frames: Frame[] = [];
  readonly #candidates: number[] = [];
  #bestOrder: readonly number[] = [];
  #bestState: State;

  constructor(
    model: Model<State, Action>,
    invocations: readonly Invocation<Action>[],
    limits: SearchLimits,
  ) {
    const sorted = sortInvocations(invocations, model.isReadOnly);
    const kinds = new Map<string, number>();
    this.#model = model;
    this.#limits = limits;
    this.#invocations = sorted;
    this.#requiredCount = sorted.filter(({ isRequired }) => isRequired).length;
    this.#requiredLeft = this.#requiredCount;
    this.#isReadOnly = sorted.map(({ action }) => model.isReadOnly(action));
    this.#kinds = sorted.map(({ action }) => {
      const key = model.actionKey(action);
      if (!kinds.has(key)) kinds.set(key, kinds.size);
      return kinds.get(key) ?? 0;
    });
    this.#events = new EventList(sorted);
    this.#configurations = new ConfigurationSet(
      this.#requiredCount,
      sorted.length,
      limits.memoryWordsMax,
    );
    this.#lookAhead = model.lookAhead?.(sorted);
    this.#state = model.initial;
    this.#bestState = model.initial;
  }

  run(): SearchResult<State, Action> {
    if (!this.#settle()) return this.#result('not-linearizable');
    this.#open();
    while (this.#requiredLeft > 0) {
      if (this.#steps > this.#limits.stepsMax || !this.#configurations.hasRoom) {
        return this.#result('unknown');
      }
      const frame = this.#frames.at(-1);
      if (frame === undefined) return this.#result('not-linearizable');
      this.#undoTo(frame.taken);
      if (frame.next === this.#candidates.length) {
        this.#candidates.length = frame.start;
        this.#frames.pop();
        continue;
      }
      const index = this.#candidates[frame.next]!;
      frame.next += 1;
      if (this.#choose(index) && !this.#isKnown()) this.#open();
    }
    this.#keepBest();
    return this.#result('linearizable');
  }

  /** Offers what can come next as alternatives: earliest return first, equal ones once. */
  #open(): void {
    const start = this.#candidates.length;
    const window: number[] = [];
    for (
      let index = this.#events.firstCallable();
      index !== -1;
      index = this.#events.nextCallable(index)
    ) {
      // A read that is left here contradicts the state: what could be read was taken.
      if (!this.#isReadOnly[index]) window.push(index);
    }
    window.sort((a, b) => a - b);
    const kinds = new Set<number>();
    for (const index of window) {
      const kind = this.#kinds[index]!;
      if (kinds.has(kind)) continue;
      kinds.add(kind);
      this.#candidates.push(index);
    }
    this.#frames.push({ taken: this.#order.length, start, next: start });
  }

  /** Puts `index` next and all that then has no alternative; false where that leads nowhere. */
  #choose(index: number): boolean {
    const before = this.#state;
    if (!this.#take(index)) return false;
    const lookAhead = this.#lookAhead;
    if (lookAhead !== undefined && index >= this.#requiredCount) {
      if (lookAhead.isDead(this.#state) && lookAhead.isPointless(before)) return false;
    }
    return this.#settle();
  }

  #settle(): boolean {
    if (this.#lookAhead?.isHopeless(this.#state)) return false;
    this.#takeAll((index) => this.#isReadOnly[index]!);
    const lookAhead = this.#lookAhead;
    if (lookAhead?.isDead(this.#state)) this.#takeAll((index) => lookAhead.isIdle(index));
    return true;
  }

  /** Rules 1 and 4: the state does not change for what remains, so one pass finds them all. */
  #takeAll(isForced: (index: number) => boolean): void {
    let index = this.#events.firstCallable();
    while (index !== -1) {
      if (isForced(index)) this.#take(index);
      index = this.#events.nextCallable(index);
    }
  }

  #take(index: number): boolean {
    const invocation = this.#invocations[index]!;
    this.#steps += 1;
    const state = this.#model.step(this.#state, invocation.action);
    if (state === null) return false;
    this.#order.push(index);
    this.#statesBefore.push(this.#state);
    this.#state = state;
    if (index < this.#requiredCount) this.#requiredLeft -= 1;
    this.#events.lift(index);
    this.#configurations.take(index);
    this.#lookAhead?.take(index);
    return true;
  }

  #undoTo(taken: number): void {
    if (this.#order.length > Math.max(taken, this.#bestOrder.length)) this.#keepBest();
    while (this.#order.length > taken) {
      const index = this.#order.pop()!;
      this.#state = this.#statesBefore.pop()!;
      if (index < this.#requiredCount) this.#requiredLeft += 1;
      this.#lookAhead?.restore(index);
      this.#configurations.restore(index);
      this.#events.unlift(index);
    }
  }

  #keepBest(): void {
    this.#bestOrder = [...this.#order];
    this.#bestState = this.#state;
  }

  /** All dead states are one: number 0. */
  #isKnown(): boolean {
    if (this.#requiredLeft === 0) return false;
    if (this.#lookAhead?.isDead(this.#state)) return this.#configurations.seenOrAdd(0);
    const key = this.#model.stateKey(this.#state);
    let number = this.#stateNumbers.get(key);
    if (number === undefined) {
      number = this.#stateNumbers.size + 1;
      this.#stateNumbers.set(key, number);
    }
    return this.#configurations.seenOrAdd(number);
  }

  #result(verdict: Verdict): SearchResult<State, Action> {
    const order = this.#bestOrder.map((index) => this.#invocations[index]!);
    return { verdict, steps: this.#steps, order, state: this.#bestState };
  }
}

/**
 * Orders the invocations of one part of a model (`Model.partitionKey`). Exact: `unknown` only where
 * a limit is reached.
 */
export function searchOrder<State extends object, Action>(
  model: Model<State, Action>,
  invocations: readonly Invocation<Action>[],
  limits: SearchLimits = defaultSearchLimits,
): SearchResult<State, Action> {
  return new Search(model, invocations, limits).run();
}
