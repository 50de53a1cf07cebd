/**
 * The definition of linearizability, written down as slowly as it is said: some order of all
 * required invocations and any of the optional ones that respects real time explains all answers.
 * It shares no code and no idea with the checkers, which are compared with it in tests. For
 * histories of up to about eight invocations.
 */
import type { Invocation, Model } from '../model.ts';

export function isLinearizable<State extends object, Action>(
  model: Model<State, Action>,
  invocations: readonly Invocation<Action>[],
): boolean {
  const completes = (state: State, left: readonly Invocation<Action>[]): boolean => {
    if (left.every(({ isRequired }) => !isRequired)) return true;
    return left.some((next) => {
      const isLate = left.some((other) => other.returnTime < next.callTime);
      const after = isLate ? null : model.step(state, next.action);
      const rest = left.filter((other) => other !== next);
      return after !== null && completes(after, rest);
    });
  };
  return completes(model.initial, invocations);
}
