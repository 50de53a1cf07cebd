/**
 * A history of dsm as invocations of registers, for the checkers that work on those.
 */
import { describeOperation, type HistoryOperation, isAnswered, isWrite } from './history.ts';
import type { RegisterInvocation, RegisterValue } from './register.ts';
import { registerAction } from './register-action.ts';
import { collectFacts, type Numbered, writtenValue } from './version-facts.ts';
import { findPlaces } from './version-places.ts';

/** What is known of the revisions of one key. */
interface Known {
  /** The value of each revision. */
  readonly values: ReadonlyMap<number, RegisterValue>;
  /** The revision of each write of unknown outcome that was seen. */
  readonly revisions: ReadonlyMap<number, number>;
}

function knownRevisions(key: string, operations: readonly Numbered[]): Known {
  const { changes } = findPlaces(collectFacts(key, operations), operations, () => {});
  const values = new Map<number, RegisterValue>();
  const revisions = new Map<number, number>();
  for (const { revision, value, writer } of changes) {
    if (value !== undefined) values.set(revision, value);
    if (writer !== null) revisions.set(writer.id, revision);
  }
  return { values, revisions };
}

/**
 * When the first write of each value was called; `others` counts for every value, because what it
 * leaves is not known. A stale read cannot have found a value before that: saying so keeps it out of
 * the search until then.
 */
class FirstCalls {
  readonly #byValue = new Map<RegisterValue, number>();
  #others = Number.POSITIVE_INFINITY;

  constructor(operations: readonly Numbered[]) {
    for (const { operation } of operations) {
      if (!isWrite(operation)) continue;
      const value = writtenValue(operation);
      const isKnown = value !== undefined && operation.outcome === 'ok';
      if (isKnown || (operation.op === 'put' && value !== undefined)) {
        const before = this.#byValue.get(value) ?? Number.POSITIVE_INFINITY;
        this.#byValue.set(value, Math.min(before, operation.callUs));
      } else if (operation.op === 'increment') {
        this.#others = Math.min(this.#others, operation.callUs);
      }
    }
  }

  /** When a stale read can first have found its value; never after its own return. */
  of({ value, returnUs }: HistoryOperation): number {
    if (value === null || value === undefined) return Number.NEGATIVE_INFINITY;
    const first = this.#byValue.get(value) ?? Number.POSITIVE_INFINITY;
    return Math.min(first, this.#others, returnUs);
  }
}

function invocationsOf(key: string, operations: readonly Numbered[]): RegisterInvocation[] {
  const known = knownRevisions(key, operations);
  const firstCalls = new FirstCalls(operations);
  const invocations: RegisterInvocation[] = [];
  for (const { id, operation } of operations) {
    const revision = operation.revision ?? known.revisions.get(id);
    const action = registerAction(operation, revision, (at) => known.values.get(at));
    if (action === null) continue;
    const isRequired = isAnswered(operation);
    const isStale = operation.consistency === 'stale';
    invocations.push({
      id,
      callTime: isStale ? firstCalls.of(operation) : operation.callUs,
      returnTime: isRequired ? operation.returnUs : Number.POSITIVE_INFINITY,
      isRequired,
      action,
      label: describeOperation(operation),
    });
  }
  return invocations;
}

/** The invocations of all keys; what says nothing is left out. Every key begins absent. */
export function registerInvocations(history: readonly HistoryOperation[]): RegisterInvocation[] {
  const numbered = history.map((operation, id) => ({ id, operation }));
  const byKey = Map.groupBy(numbered, ({ operation }) => operation.key);
  return [...byKey].flatMap(([key, operations]) => invocationsOf(key, operations));
}
