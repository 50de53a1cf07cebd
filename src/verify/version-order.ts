/**
 * Checks that the revisions of one key go the way of time: what was called after an answer had
 * returned shows the same revision or a later one, and a write has a later one. One sweep by the
 * time of the calls, which carries along the highest place in the log that any returned answer has
 * shown.
 *
 * An answer of absence shows no revision; it is given the earliest place at which the key can have
 * been absent, which is the one that forbids least. Places are revisions: absence is at place r
 * where the key was absent at r anyway, and at r + 1 where it was present at r and a delete of
 * unknown outcome must have come next.
 */
import { ascending, describeOperation, earliestUs, isWrite } from './history.ts';
import { type Change, type KeyFacts, type Numbered, writtenValue } from './version-facts.ts';
import type { Places, Report } from './version-places.ts';

/** An answer and the revision that it shows; undefined where it shows absence. */
export interface Answer extends Numbered {
  readonly revision: number | undefined;
}

export interface PlacedAnswer extends Numbered {
  readonly place: number;
}

/**
 * Visits answers by the time of their calls. `visit` is given the highest place of those that
 * returned before, and answers the place of this one.
 */
export function sweep(
  answers: readonly Answer[],
  visit: (answer: Answer, highest: PlacedAnswer | undefined) => number,
): void {
  const earliest = ({ operation }: Answer): number => earliestUs(operation);
  const byCall = [...answers].sort((a, b) => ascending(earliest(a), earliest(b)));
  const byReturn = [...answers].sort((a, b) =>
    ascending(a.operation.returnUs, b.operation.returnUs),
  );
  const places = new Map<Answer, number>();
  let highest: PlacedAnswer | undefined;
  let returned = 0;
  for (const answer of byCall) {
    while (returned < byReturn.length) {
      const { id, operation } = byReturn[returned]!;
      if (operation.returnUs >= earliest(answer)) break;
      const place = places.get(byReturn[returned]!) ?? 0;
      if (highest === undefined || place > highest.place) highest = { id, operation, place };
      returned += 1;
    }
    places.set(answer, visit(answer, highest));
  }
}

/** Where a key was absent, from its changes by revision. */
class Absence {
  readonly #changes: readonly Change[];
  /** For each change: the revision of the next delete from it on, Infinity where there is none. */
  readonly #nextDelete: readonly number[];
  /** For each change: the next place where the key may be absent if it may vanish at any time. */
  readonly #nextGap: readonly number[];

  constructor(changes: readonly Change[]) {
    const nextDelete: number[] = [];
    const nextGap: number[] = [];
    for (let at = changes.length - 1; at >= 0; at -= 1) {
      const { revision, value } = changes[at]!;
      const isNextTaken = changes[at + 1]?.revision === revision + 1;
      const gap = isNextTaken ? nextGap[at + 1]! : revision + 1;
      nextGap[at] = value === null ? revision : gap;
      nextDelete[at] = value === null ? revision : (nextDelete[at + 1] ?? Number.POSITIVE_INFINITY);
    }
    this.#changes = changes;
    this.#nextDelete = nextDelete;
    this.#nextGap = nextGap;
  }

  /** The earliest place of absence from `place` on; Infinity where there is none. */
  from(place: number, mayVanish: boolean): number {
    const count = countUpTo(this.#changes, place);
    if (count === 0) return place;
    return Math.max(place, (mayVanish ? this.#nextGap : this.#nextDelete)[count - 1]!);
  }
}

/** How many changes have this revision or a lower one. */
function countUpTo(changes: readonly Change[], revision: number): number {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (changes[middle]!.revision <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}

const text = ({ operation }: Numbered): string => describeOperation(operation);

function reportOrder(answer: Answer, highest: PlacedAnswer, report: Report): void {
  const [before, after] = [text(highest), text(answer)];
  const named = [highest, answer];
  if (isWrite(answer.operation) && answer.operation.outcome === 'ok') {
    const isSame = highest.place === answer.revision && !isWrite(highest.operation);
    const [rule, end] = isSame
      ? ['read-from-future', 'and shows it']
      : ['write-order', 'but is not before it in the log'];
    report(rule, `${before} returned before ${after} was called, ${end}`, named);
  } else if (isWrite(highest.operation)) {
    const consequence = 'the write is lost, or what follows is stale';
    report('stale-read', `${before} was acknowledged before ${after}: ${consequence}`, named);
  } else {
    report('non-monotonic-read', `${before} returned before ${after}, which shows less`, named);
  }
}

/** Reports a read that does not show the change that its `min-revision` asks for, or a later one. */
function checkMinRevision(
  answer: Answer,
  changes: readonly Change[],
  absentFrom: (place: number) => number,
  report: Report,
): void {
  const { minRevision = 0 } = answer.operation;
  const change = changes[countUpTo(changes, minRevision) - 1];
  if (minRevision === 0 || change === undefined) return;
  const place = answer.revision ?? absentFrom(change.revision);
  if (place >= change.revision && place < Number.POSITIVE_INFINITY) return;
  const message = `${text(answer)} shows less than revision ${change.revision}, which it asks for`;
  report(
    'below-min-revision',
    message,
    change.writer === null ? [answer] : [change.writer, answer],
  );
}

/** Reports every answer that shows less than one that returned before it was called. */
export function checkOrder(facts: KeyFacts, places: Places, report: Report): void {
  const absence = new Absence(places.changes);
  let vanishedFromUs = Number.POSITIVE_INFINITY;
  for (const { operation } of places.unplaced) {
    if (writtenValue(operation) === null) {
      vanishedFromUs = Math.min(vanishedFromUs, operation.callUs);
    }
  }
  const absences = facts.absences.map((answer) => ({ ...answer, revision: undefined }));
  const answers: Answer[] = [...facts.acknowledged, ...facts.sightings, ...absences];
  sweep(answers, (answer, highest) => {
    const { operation, revision } = answer;
    const reached = highest?.place ?? 0;
    const absentFrom = (from: number) => absence.from(from, operation.returnUs >= vanishedFromUs);
    checkMinRevision(answer, places.changes, absentFrom, report);
    let place = revision ?? absentFrom(reached);
    const isWriting = operation.outcome === 'ok' && isWrite(operation);
    const isTooLow = isWriting ? reached >= place : reached > place;
    if (highest !== undefined && (isTooLow || place === Number.POSITIVE_INFINITY)) {
      reportOrder(answer, highest, report);
      place = Math.min(place, reached);
    }
    if (operation.nodeRevision !== undefined && place > operation.nodeRevision) {
      const message = `${text(answer)} is of revision ${place} or later, beyond what its node held`;
      report('node-behind', message, [answer]);
    }
    return place;
  });
}
