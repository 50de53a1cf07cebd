/**
 * What the answers of one key say of its place in the log: which change has which revision, who saw
 * which revision, who saw the key absent, and which writes may stand anywhere. The rules that these
 * facts may break are in `version-check.ts`.
 */
import { type HistoryOperation, isWrite } from './history.ts';

/** An operation with its place in the history. */
export interface Numbered {
  readonly id: number;
  readonly operation: HistoryOperation;
}

/** A change of the key at a known revision. */
export interface Change {
  readonly revision: number;
  /** Null after a delete; undefined where only a refusal told of the change. */
  readonly value: string | null | undefined;
  /** Null where it is not certain which of several writes of unknown outcome it was. */
  readonly writer: Numbered | null;
}

/** An answer that shows the key present. */
export interface Sighting extends Numbered {
  readonly revision: number;
  /** Undefined for a refusal, which shows a revision and no value. */
  readonly value: string | undefined;
}

export interface KeyFacts {
  readonly key: string;
  /** Acknowledged writes that say their revision. */
  readonly acknowledged: readonly (Numbered & { readonly revision: number })[];
  readonly sightings: readonly Sighting[];
  /** Answers that show the key absent. */
  readonly absences: readonly Numbered[];
  /** Writes that may have happened, or did, without a revision that says where. */
  readonly unplaced: readonly Numbered[];
}

/** What a write leaves: null for a delete, undefined where it depends on what it found. */
export function writtenValue(operation: HistoryOperation): string | null | undefined {
  const removes = operation.op === 'delete' || operation.op === 'get-and-delete';
  return removes ? null : operation.value;
}

/** The revision that an answer shows, 0 for absence; undefined where it shows none. */
function shownRevision(operation: HistoryOperation): number | undefined {
  if (operation.outcome === 'not-applied') return operation.currentRevision;
  if (operation.outcome !== 'ok' || operation.op !== 'get') return undefined;
  return operation.value === null ? 0 : operation.revision;
}

export function collectFacts(key: string, operations: readonly Numbered[]): KeyFacts {
  const acknowledged: (Numbered & { revision: number })[] = [];
  const sightings: Sighting[] = [];
  const absences: Numbered[] = [];
  const unplaced: Numbered[] = [];
  for (const { id, operation } of operations) {
    const { outcome, revision, value } = operation;
    const shown = shownRevision(operation);
    if (shown === 0) absences.push({ id, operation });
    else if (shown !== undefined) {
      const seen = outcome === 'ok' ? (value ?? undefined) : undefined;
      sightings.push({ id, operation, revision: shown, value: seen });
    } else if (isWrite(operation) && outcome !== 'not-applied') {
      const isPlaced = outcome === 'ok' && revision !== undefined;
      if (isPlaced) acknowledged.push({ id, operation, revision });
      else unplaced.push({ id, operation });
    }
  }
  return { key, acknowledged, sightings, absences, unplaced };
}

/** Whether every answer that could say a revision does: only then the version check is whole. */
export function hasRevisions(operation: HistoryOperation): boolean {
  const { op, outcome, value, revision } = operation;
  if (outcome !== 'ok' || revision !== undefined) return true;
  return op === 'delete' || op === 'get-and-delete' || (op === 'get' && value === null);
}
