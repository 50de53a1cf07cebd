/**
 * Foresight for the search on registers. A read value says much about the order: with unique values
 * it names its write, and with appends the order of all that it shows. A plain search finds out only
 * when that read is the next to be placed, after it has tried every order of what lies between.
 *
 * A *mark* is a value that some remaining invocation tells apart from others: what a read must find,
 * or what a failed compare-and-set must not find. A state reaches a mark if it is the mark, or is
 * the beginning of it and appends may add the rest. Then, for the remaining invocations:
 *
 * - a state is **hopeless** if some read must still find a mark, the mark cannot be put together
 *   anew (no write is left that sets a beginning of it, or an append that it cannot do without is
 *   used up), and the state does not reach it itself;
 * - a state is **dead** if it reaches no mark: nobody will ever tell it from another such state.
 *
 * The idea is that of Gibbons and Korach ("Testing Shared Memories", 1997), that the values which are
 * read split a history into clusters; here it only cuts branches and never decides by itself.
 */
import type { Invocation, LookAhead } from './model.ts';
import type { RegisterAction, RegisterState } from './register.ts';
import { Composition } from './register-composition.ts';
import { collectFacts, type Facts, Marks } from './register-facts.ts';

/** Above so many pairs of a write and a mark, the table costs more than it saves. */
const pairsMax = 20_000_000;

/** A set of small integers, changed and walked without allocation. */
class DenseSet {
  readonly #members: Int32Array;
  readonly #places: Int32Array;
  size = 0;

  constructor(count: number) {
    this.#members = new Int32Array(count);
    this.#places = new Int32Array(count);
  }
  has(member: number): boolean {
    const place = this.#places[member]!;
    return place < this.size && this.#members[place] === member;
  }
  add(member: number): void {
    this.#members[this.size] = member;
    this.#places[member] = this.size;
    this.size += 1;
  }
  delete(member: number): void {
    this.size -= 1;
    const last = this.#members[this.size]!;
    const place = this.#places[member]!;
    this.#members[place] = last;
    this.#places[last] = place;
  }
  some(test: (member: number) => boolean): boolean {
    for (let place = 0; place < this.size; place += 1) {
      if (test(this.#members[place]!)) return true;
    }
    return false;
  }
}

export class RegisterLookAhead implements LookAhead<RegisterState> {
  readonly #marks: Marks;
  readonly #facts: readonly Facts[];
  /** Per mark: remaining invocations that observe it, that must find it, that lead to it. */
  readonly #observersLeft: Int32Array;
  readonly #neededLeft: Int32Array;
  readonly #sourcesLeft: Int32Array;
  /** Per mark: indispensable appends that were taken. */
  readonly #spent: Int32Array;
  /** Marks that must be found and cannot be put together anew: only the state leads to them. */
  readonly #pinned: DenseSet;
  #looseLeft = 0;
  #opaqueLeft = 0;
  #impossibleLeft = 0;

  private constructor(marks: Marks, facts: readonly Facts[]) {
    this.#marks = marks;
    this.#facts = facts;
    this.#observersLeft = new Int32Array(marks.count);
    this.#neededLeft = new Int32Array(marks.count);
    this.#sourcesLeft = new Int32Array(marks.count);
    this.#spent = new Int32Array(marks.count);
    this.#pinned = new DenseSet(marks.count);
    for (const { indispensableTo } of facts) {
      for (const mark of indispensableTo) this.#spent[mark]! += 1;
    }
    for (let index = 0; index < facts.length; index += 1) this.restore(index);
  }

  /** Undefined where the history is too large for it. */
  static of(invocations: readonly Invocation<RegisterAction>[]): RegisterLookAhead | undefined {
    const actions = invocations.map(({ action }) => action);
    const marks = new Marks(actions);
    const hasAppends = actions.some(({ effect }) => effect.kind === 'append');
    if (hasAppends && invocations.length * marks.count > pairsMax) return undefined;
    const composition = new Composition(actions);
    return new RegisterLookAhead(marks, collectFacts(invocations, marks, composition));
  }

  take(index: number): void {
    this.#change(index, -1);
  }

  restore(index: number): void {
    this.#change(index, 1);
  }

  #change(index: number, by: 1 | -1): void {
    const facts = this.#facts[index]!;
    if (facts.isLoose) this.#looseLeft += by;
    if (facts.isOpaque) this.#opaqueLeft += by;
    if (facts.isImpossible) this.#impossibleLeft += by;
    for (const mark of facts.observed) this.#observersLeft[mark]! += by;
    if (facts.needed >= 0) {
      this.#neededLeft[facts.needed]! += by;
      this.#pin(facts.needed);
    }
    for (const mark of facts.indispensableTo) {
      this.#spent[mark]! -= by;
      this.#pin(mark);
    }
    if (!facts.isSource) return;
    for (const mark of facts.helped) {
      this.#sourcesLeft[mark]! += by;
      this.#pin(mark);
    }
  }

  #pin(mark: number): void {
    const cannotBeginAnew = this.#sourcesLeft[mark] === 0 || this.#spent[mark]! > 0;
    const isPinned = this.#neededLeft[mark]! > 0 && cannotBeginAnew;
    if (isPinned === this.#pinned.has(mark)) return;
    if (isPinned) this.#pinned.add(mark);
    else this.#pinned.delete(mark);
  }

  isHopeless({ value }: RegisterState): boolean {
    if (this.#impossibleLeft > 0) return true;
    return this.#pinned.some((mark) => !this.#marks.isReached(mark, value));
  }

  isDead({ value }: RegisterState): boolean {
    if (this.#opaqueLeft > 0) return false;
    return !this.#marks.someReached(value, this.#isObserved);
  }

  readonly #isObserved = (mark: number): boolean => this.#observersLeft[mark]! > 0;

  /**
   * A write that nobody can see and that is replaced before anybody looks changes nothing. A guard
   * that is satisfied by all states but one does look: it may need just any other value there.
   */
  isPointless(before: RegisterState): boolean {
    return this.#looseLeft === 0 || this.isDead(before);
  }

  isIdle(index: number): boolean {
    const facts = this.#facts[index]!;
    if (!facts.mayBeIdle || this.#looseLeft > 0) return false;
    return !facts.helped.some(this.#isObserved);
  }
}
