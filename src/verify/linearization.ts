/**
 * Whether a history of independent objects is linearizable: each object is searched by itself, which
 * is exact, because linearizability is local (Herlihy and Wing 1990, theorem 1; Porcupine calls it
 * P-compositionality). The budget of steps is shared so that one hard object cannot starve the rest.
 */
import type { Verdict } from './history.ts';
import { defaultSearchLimits, type SearchLimits } from './limits.ts';
import type { Invocation, Model } from './model.ts';
import { type SearchResult, searchOrder } from './search.ts';

export interface PartResult<State, Action> extends SearchResult<State, Action> {
  /** `Model.partitionKey` of its invocations. */
  readonly key: string;
  readonly invocations: readonly Invocation<Action>[];
}

export interface LinearizationResult<State, Action> {
  readonly verdict: Verdict;
  readonly steps: number;
  /** The parts that were decided, and those that were not; a part that fails ends the check. */
  readonly parts: readonly PartResult<State, Action>[];
}

/** Invocations by `Model.partitionKey`, in the order in which they came. */
export function partition<Action>(
  invocations: readonly Invocation<Action>[],
  partitionKey: (action: Action) => string,
): Map<string, Invocation<Action>[]> {
  return Map.groupBy(invocations, ({ action }) => partitionKey(action));
}

/**
 * Checks all parts, small ones first, and ends with the first that fails. Each part gets its share
 * of the steps that are left; those that were not decided then get what the others left over.
 */
export function checkLinearization<State extends object, Action>(
  model: Model<State, Action>,
  invocations: readonly Invocation<Action>[],
  limits: SearchLimits = defaultSearchLimits,
): LinearizationResult<State, Action> {
  let pending = [...partition(invocations, model.partitionKey)].sort(
    ([, a], [, b]) => a.length - b.length,
  );
  const parts = new Map<string, PartResult<State, Action>>();
  let steps = 0;
  for (let round = 0; round < 2; round += 1) {
    for (const [place, [key, members]] of pending.entries()) {
      const stepsMax = Math.floor((limits.stepsMax - steps) / (pending.length - place));
      const result = searchOrder(model, members, { ...limits, stepsMax });
      steps += result.steps;
      parts.set(key, { key, invocations: members, ...result });
      if (result.verdict === 'not-linearizable') {
        return { verdict: 'not-linearizable', steps, parts: [...parts.values()] };
      }
    }
    pending = pending.filter(([key]) => parts.get(key)?.verdict === 'unknown');
  }
  const verdict = pending.length > 0 ? 'unknown' : 'linearizable';
  return { verdict, steps, parts: [...parts.values()] };
}
