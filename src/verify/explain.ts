/**
 * Says to a person why the history of one object is not linearizable: how far it is, one order that
 * explains it so far, the answers that then have no place, and a small part that fails alone.
 */
import { defaultSearchLimits, type SearchLimits } from './limits.ts';
import { cutAt, firstFailure, minimizeFailure, relax } from './minimize.ts';
import type { Invocation, Model } from './model.ts';
import { searchOrder } from './search.ts';

export interface Explanation<State, Action> {
  /** One order of all that is linearizable: the longest beginning of the history, in time. */
  readonly order: readonly Invocation<Action>[];
  /** The state after it. */
  readonly state: State;
  /** What returned next and has no place in any order. */
  readonly unplaced: readonly Invocation<Action>[];
  /** A small part of the history that is not linearizable either. */
  readonly core: readonly Invocation<Action>[];
}

/** Lines of an order that are shown. */
const shownOrder = 12;
const shownCore = 40;

/** Undefined where the history is linearizable, or was not decided within the limits. */
export function explainFailure<State extends object, Action>(
  model: Model<State, Action>,
  invocations: readonly Invocation<Action>[],
  limits: SearchLimits = defaultSearchLimits,
): Explanation<State, Action> | undefined {
  const time = firstFailure(model, invocations, limits);
  if (time === undefined) return undefined;
  const isLast = ({ returnTime }: Invocation<Action>): boolean => returnTime === time;
  const known = cutAt(invocations, time);
  const before = known.map((invocation) => (isLast(invocation) ? relax(invocation) : invocation));
  const { order, state } = searchOrder(model, before, limits);
  const core = minimizeFailure(model, invocations, limits);
  return { order, state, unplaced: known.filter(isLast), core };
}

function lines(invocations: readonly Invocation<unknown>[]): string[] {
  return invocations.map(
    ({ label, isRequired }) => `    ${label}${isRequired ? '' : ' (may be left out)'}`,
  );
}

/** The explanation as text, some dozens of lines at most. */
export function formatExplanation<State, Action>(
  { order, state, unplaced, core }: Explanation<State, Action>,
  describeState: (state: State) => string,
): string {
  const shown = order.slice(-shownOrder);
  const left = core.length - shownCore;
  return [
    `  An order that explains the first ${order.length} operations${
      shown.length < order.length ? `, its last ${shown.length}` : ''
    }:`,
    ...lines(shown),
    `  after which the state is ${describeState(state)}. Then no order has a place for`,
    ...lines(unplaced),
    '  A small part that fails by itself:',
    ...lines(core.slice(0, shownCore)),
    ...(left > 0 ? [`    and ${left} more`] : []),
    '',
  ].join('\n');
}
