/**
 * What the search of `linearization.ts` must know of an object to order calls of it: how a state
 * follows from a state. The rest is optional and only makes the search shorter; each part says what
 * must be true of it, because a wrong hint makes a wrong verdict.
 */

/** One call as the search sees it. */
export interface Invocation<Action> {
  /** Its place in the history it came from. */
  readonly id: number;
  /** In any unit; −Infinity where it may have taken effect at any time before its return. */
  readonly callTime: number;
  /** Infinity where it never returned. One call precedes another if it returns strictly before. */
  readonly returnTime: number;
  /** False of a call of unknown outcome: it may be left out. `returnTime` is then Infinity. */
  readonly isRequired: boolean;
  readonly action: Action;
  /** For messages. */
  readonly label: string;
}

export interface Model<State extends object, Action> {
  readonly initial: State;
  /** The state after `action`; null where what it answered cannot be answered in `state`. */
  step(state: State, action: Action): State | null;
  /** Equal for two states exactly if no action can tell them apart. */
  stateKey(state: State): string;
  /** Actions of different parts never affect each other, and each part begins as `initial`. */
  partitionKey(action: Action): string;
  /** Equal only for actions that are interchangeable: the same question, the same answer. */
  actionKey(action: Action): string;
  /** True only of an action that leaves every state in which it is possible as it was. */
  isReadOnly(action: Action): boolean;
  /** For people. */
  describeState(state: State): string;
  /** Undefined where it would not pay. */
  lookAhead?(invocations: readonly Invocation<Action>[]): LookAhead<State> | undefined;
}

/**
 * What can be said of a state from the invocations that are not yet in the order. Invocations are
 * named by their index in the array that `lookAhead` was given. `take` and `restore` are calls of a
 * stack: what was taken last is restored first.
 */
export interface LookAhead<State> {
  take(index: number): void;
  restore(index: number): void;
  /** True only if no order of the remaining invocations completes from `state`. */
  isHopeless(state: State): boolean;
  /**
   * True only if the remaining invocations cannot tell `state` from any other dead state, whatever
   * of them happens next: dead states are one state to the search.
   */
  isDead(state: State): boolean;
  /** True only if an optional invocation that led from `before` to a dead state can be left out. */
  isPointless(before: State): boolean;
  /**
   * True only if invocation `index`, which is required, may come next in a dead state without
   * loss: wherever else it came, it would be of no use there.
   */
  isIdle(index: number): boolean;
}
