/**
 * Finds the write behind every revision that was seen. A revision that no acknowledged write has
 * must be a write of unknown outcome, of the value that was seen, called before it was first seen.
 * One such write has one revision: a second revision of its value is a write that was applied twice.
 */
import { describeOperation, type HistoryOperation, showValue } from './history.ts';
import type { Change, KeyFacts, Numbered, Sighting } from './version-facts.ts';
import { writtenValue } from './version-facts.ts';

/** Says that a rule is broken, and by whom. */
export type Report = (rule: string, message: string, numbered: readonly Numbered[]) => void;

export interface Places {
  /** By revision, ascending. */
  readonly changes: readonly Change[];
  /** Writes that may have happened and whose place is still not known. */
  readonly unplaced: readonly Numbered[];
}

const text = ({ operation }: Numbered): string => describeOperation(operation);

/** All sightings of one revision that no acknowledged write has. */
interface Orphan {
  readonly revision: number;
  readonly value: string | undefined;
  readonly sightings: readonly Sighting[];
  /** Its write was called by then: nobody who returned before that had seen so high a revision. */
  readonly calledByUs: number;
}

/** Acknowledged writes by their revision. */
function acknowledgedChanges(facts: KeyFacts, report: Report): Map<number, Change> {
  const changes = new Map<number, Change>();
  for (const writer of facts.acknowledged) {
    const other = changes.get(writer.revision)?.writer;
    if (other) {
      const message = `${text(other)} and ${text(writer)} have one revision`;
      report('one-revision-two-writes', message, [other, writer]);
      continue;
    }
    const value = writtenValue(writer.operation);
    changes.set(writer.revision, { revision: writer.revision, value, writer });
  }
  return changes;
}

/** Compares what was seen with what was acknowledged at the same revision. */
function compareSightings(facts: KeyFacts, changes: Map<number, Change>, report: Report): void {
  const firstSeen = new Map<number, Sighting>();
  for (const sighting of facts.sightings) {
    const change = changes.get(sighting.revision);
    const value = change?.value ?? firstSeen.get(sighting.revision)?.value;
    const other = change?.writer ?? firstSeen.get(sighting.revision);
    if (change?.value === null) {
      const message = `${text(sighting)} saw the revision of ${text(change.writer!)}`;
      report('deleted-revision-seen', message, [sighting, change.writer!]);
    } else if (sighting.value !== undefined) {
      if (other && value !== undefined && value !== sighting.value) {
        const message = `${text(other)} and ${text(sighting)} differ in the value of one revision`;
        report('one-revision-two-values', message, [other, sighting]);
      }
      if (!firstSeen.has(sighting.revision)) firstSeen.set(sighting.revision, sighting);
    }
  }
}

/** Revisions without a write, by the latest time of its call. */
function collectOrphans(facts: KeyFacts, changes: ReadonlyMap<number, Change>): Orphan[] {
  const answers = [...facts.acknowledged, ...facts.sightings].sort(
    (a, b) => b.revision - a.revision,
  );
  const seen = Map.groupBy(facts.sightings, ({ revision }) => revision);
  const orphans: Orphan[] = [];
  let calledByUs = Number.POSITIVE_INFINITY;
  for (const [place, { operation, revision }] of answers.entries()) {
    calledByUs = Math.min(calledByUs, operation.returnUs);
    const isLast = answers[place + 1]?.revision !== revision;
    if (!isLast || changes.has(revision)) continue;
    const sightings = seen.get(revision) ?? [];
    const value = sightings.find((sighting) => sighting.value !== undefined)?.value;
    orphans.push({ revision, value, sightings, calledByUs });
  }
  return orphans.sort((a, b) => a.calledByUs - b.calledByUs);
}

const isIncrement = ({ operation }: Numbered): boolean => operation.op === 'increment';
const byCall = (a: Numbered, b: Numbered): number => a.operation.callUs - b.operation.callUs;

/** Why nobody can have written an orphan, from all that was ever asked to be written. */
function explainOrphan(orphan: Orphan, operations: readonly Numbered[], report: Report): void {
  const { value, revision } = orphan;
  const [sighting] = orphan.sightings;
  const writers = operations.filter(
    ({ operation }) => value !== undefined && isWriteOf(operation, value),
  );
  const problem = `${text(sighting!)} saw revision ${revision} of ${showValue(value)}`;
  const writer = writers[0];
  if (writer === undefined) {
    return report('unwritten-revision', `${problem}, which nobody wrote`, [sighting!]);
  }
  const { outcome } = writer.operation;
  const named = [sighting!, writer];
  if (outcome === 'not-applied') {
    return report('refused-write-seen', `${problem}, but ${text(writer)} had no effect`, named);
  }
  if (writer.operation.callUs > orphan.calledByUs) {
    const message = `${problem}, or later ones were seen, before ${text(writer)} was called`;
    return report('read-from-future', message, named);
  }
  report('applied-twice', `${problem}, but ${text(writer)} has another revision`, named);
}

const isWriteOf = (operation: HistoryOperation, value: string): boolean =>
  operation.op !== 'get' && writtenValue(operation) === value;

/** The changes of a key, with a write for each as far as one can be named. */
export function findPlaces(
  facts: KeyFacts,
  operations: readonly Numbered[],
  report: Report,
): Places {
  const changes = acknowledgedChanges(facts, report);
  compareSightings(facts, changes, report);
  const orphans = collectOrphans(facts, changes);
  const placed = new Set<Numbered>();
  for (const [value, group] of Map.groupBy(orphans, (orphan) => orphan.value)) {
    // Earliest calls for those that were seen first: if that does not fit, nothing does.
    const writers = facts.unplaced
      .filter(({ operation }) => value !== undefined && isWriteOf(operation, value))
      .sort(byCall);
    // Then all of them happened; which of several has which revision is still not certain.
    const isWhole = writers.length === group.length && !facts.unplaced.some(isIncrement);
    const isCertain = isWhole && writers.length === 1;
    for (const [place, orphan] of group.entries()) {
      const writer = writers[place];
      const fits = writer !== undefined && writer.operation.callUs <= orphan.calledByUs;
      if (!fits && !mayBeAnother(orphan, facts.unplaced)) {
        explainOrphan(orphan, operations, report);
      }
      if (fits && isWhole) placed.add(writer);
      const certain = fits && isCertain ? writer : null;
      changes.set(orphan.revision, { revision: orphan.revision, value, writer: certain });
    }
  }
  return {
    changes: [...changes.values()].sort((a, b) => a.revision - b.revision),
    unplaced: facts.unplaced.filter((writer) => !placed.has(writer)),
  };
}

/** An increment of unknown outcome may have left any number; a refusal shows no value at all. */
function mayBeAnother({ value, calledByUs }: Orphan, unplaced: readonly Numbered[]): boolean {
  return unplaced.some((writer) => {
    const isPossible =
      value === undefined ? writtenValue(writer.operation) !== null : isIncrement(writer);
    return isPossible && writer.operation.callUs <= calledByUs;
  });
}
