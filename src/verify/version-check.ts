/**
 * The version check: whether the order that the store claims, by the revision (the lsn of the log)
 * that each answer names, explains the history. It asks for more than linearizability, because it
 * proves the order that was claimed, and takes O(n log n), so it is for histories of any length. A
 * store that lies about revisions in a consistent way passes; the other checkers do not look at the
 * claim. The idea is that of the validation of etcd's robustness tests, which replays revisions.
 *
 * Per key: `version-places.ts` finds the write of each revision (one revision is one write and one
 * value), `version-order.ts` compares the order with real time, `version-replay.ts` replays it.
 * Across keys, one log gives one order to all writes.
 */
import {
  type CheckResult,
  describeOperation,
  type HistoryOperation,
  isWrite,
  type Violation,
} from './history.ts';
import { collectFacts, hasRevisions, type Numbered } from './version-facts.ts';
import { type Answer, checkOrder, sweep } from './version-order.ts';
import { findPlaces, type Report } from './version-places.ts';
import { checkReplay } from './version-replay.ts';

const text = ({ operation }: Numbered): string => describeOperation(operation);

/** One log: across keys too, no lsn is given twice, and what is called later gets a later one. */
function checkLog(numbered: readonly Numbered[], report: Report): void {
  const answers: Answer[] = [];
  const writers = new Map<number, Numbered>();
  for (const { id, operation } of numbered) {
    const { revision, outcome } = operation;
    if (outcome !== 'ok' || revision === undefined) continue;
    answers.push({ id, operation, revision });
    if (!isWrite(operation)) continue;
    const other = writers.get(revision);
    if (other !== undefined && other.operation.key !== operation.key) {
      const message = `${text(other)} and ${text({ id, operation })} have one revision`;
      report('one-revision-two-writes', message, [other, { id, operation }]);
    }
    writers.set(revision, { id, operation });
  }
  sweep(answers, (answer, highest) => {
    const place = answer.revision ?? 0;
    const isLate = highest !== undefined && highest.place >= place;
    if (isLate && isWrite(answer.operation) && highest.operation.key !== answer.operation.key) {
      const order = `${text(highest)} returned before ${text(answer)} was called`;
      const message = `${order}, but is not before it in the log`;
      report('write-order', message, [highest, answer]);
    }
    return place;
  });
}

/**
 * Checks all keys. `linearizable` says that no rule is broken; `unknown` that none is, but that some
 * answer names no revision, so that the check was not whole.
 */
export function checkVersions(history: readonly HistoryOperation[]): CheckResult {
  const violations: Violation[] = [];
  const report: Report = (rule, message, named) => {
    const key = named.at(-1)?.operation.key ?? '';
    violations.push({ rule, key, message, operations: named.map(({ id }) => id) });
  };
  const numbered = history.map((operation, id) => ({ id, operation }));
  for (const [key, operations] of Map.groupBy(numbered, ({ operation }) => operation.key)) {
    const facts = collectFacts(key, operations);
    const places = findPlaces(facts, operations, report);
    checkOrder(facts, places, report);
    checkReplay(facts, places, report);
  }
  checkLog(numbered, report);
  if (violations.length > 0) return { verdict: 'not-linearizable', violations };
  return { verdict: history.every(hasRevisions) ? 'linearizable' : 'unknown', violations };
}
