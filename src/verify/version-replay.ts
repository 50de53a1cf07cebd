/**
 * Replays the changes of one key in the order of their revisions: the condition of each write, and
 * what it answered, must fit what the change before it left. Where a write whose place is not known
 * may have come in between, nothing is said.
 */
import { describeOperation, showValue } from './history.ts';
import { createRegisterModel } from './register.ts';
import { registerAction } from './register-action.ts';
import type { Change, KeyFacts, Numbered } from './version-facts.ts';
import type { Places, Report } from './version-places.ts';

const { step } = createRegisterModel(null);

const text = ({ operation }: Numbered): string => describeOperation(operation);

/** Whether a write answered what it must answer right after a change. */
function fits({ operation }: Numbered, before: Change): boolean {
  const action = registerAction(operation);
  if (action === null) return true;
  const { value, revision } = before;
  // Only its revision was seen: it was present, and nothing more is known.
  if (value === undefined)
    return action.guard.revision === undefined || action.guard.revision === revision;
  return step({ value, revision }, action) !== null;
}

/** A condition on a revision that was passed can never hold again, whatever came in between. */
function isPassed({ operation }: Numbered, before: Change): boolean {
  return typeof operation.condition === 'number' && operation.condition < before.revision;
}

function reportReplay(writer: Numbered, before: Change, report: Report): void {
  const found = `${showValue(before.value)} @${before.revision}`;
  const by = before.writer === null ? '' : `, left by ${text(before.writer)}`;
  const message = `${text(writer)} does not fit what it must have found: ${found}${by}`;
  const named = before.writer === null ? [writer] : [before.writer, writer];
  report('condition-did-not-hold', message, named);
}

/** Reports writes that do not follow from the change before them. */
export function checkReplay(facts: KeyFacts, places: Places, report: Report): void {
  let unplacedFromUs = Number.POSITIVE_INFINITY;
  for (const { operation } of places.unplaced) {
    unplacedFromUs = Math.min(unplacedFromUs, operation.callUs);
  }
  let before: Change = { revision: 0, value: null, writer: null };
  for (const change of places.changes) {
    const { writer } = change;
    if (writer !== null && !fits(writer, before)) {
      const mayIntervene = unplacedFromUs <= writer.operation.returnUs;
      if (isPassed(writer, before) || !mayIntervene) reportReplay(writer, before, report);
    }
    before = change;
  }
  for (const refusal of [...facts.sightings, ...facts.absences]) {
    if (registerAction(refusal.operation)?.guard.never) {
      const message = `${text(refusal)} names a state in which it is not refused`;
      report('refusal-contradicts-itself', message, [refusal]);
    }
  }
}
