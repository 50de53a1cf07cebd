/**
 * The verdict on a history of dsm, from all three checkers: the version check on everything, the
 * zone check on the keys to which it applies, and the search on every key. Each is right by itself
 * where it says yes or no, so that a bug in one shows as a disagreement.
 */
import type { CheckResult, HistoryOperation, Verdict, Violation } from './history.ts';
import { defaultSearchLimits, type SearchLimits } from './limits.ts';
import { checkLinearization, type LinearizationResult, partition } from './linearization.ts';
import { createRegisterModel, type RegisterAction, type RegisterState } from './register.ts';
import { registerInvocations } from './register-history.ts';
import { checkVersions } from './version-check.ts';
import { checkZones } from './zone-check.ts';

export interface HistoryResult extends CheckResult {
  readonly versions: Verdict;
  /** `unknown` where some key is none to which the zone check applies. */
  readonly zones: Verdict;
  readonly search: LinearizationResult<RegisterState, RegisterAction>;
}

/** Keys of dsm begin absent. */
export const dsmModel = createRegisterModel(null);

function checkAllZones(parts: ReadonlyMap<string, Parameters<typeof checkZones>[0]>): {
  verdicts: Map<string, Verdict>;
  violations: Violation[];
} {
  const verdicts = new Map<string, Verdict>();
  const violations: Violation[] = [];
  for (const [key, invocations] of parts) {
    const result = checkZones(invocations, null);
    verdicts.set(key, result.verdict);
    violations.push(...result.violations);
  }
  return { verdicts, violations };
}

/** The worst of them: one that fails, else one that is not decided. */
export function worst(verdicts: Iterable<Verdict>): Verdict {
  const all = new Set(verdicts);
  if (all.has('not-linearizable')) return 'not-linearizable';
  return all.has('unknown') ? 'unknown' : 'linearizable';
}

/**
 * `linearizable` if no checker objects and every key was decided by the search, or by the zone check
 * where the search ran out of steps.
 */
export function checkHistory(
  history: readonly HistoryOperation[],
  limits: SearchLimits = defaultSearchLimits,
): HistoryResult {
  const versions = checkVersions(history);
  const invocations = registerInvocations(history);
  const zones = checkAllZones(partition(invocations, dsmModel.partitionKey));
  const search = checkLinearization(dsmModel, invocations, limits);
  const decided = search.parts.map(({ key, verdict }) =>
    verdict === 'unknown' ? (zones.verdicts.get(key) ?? verdict) : verdict,
  );
  const violations = [...versions.violations, ...zones.violations];
  const objection: Verdict = violations.length > 0 ? 'not-linearizable' : 'linearizable';
  return {
    verdict: worst([objection, ...decided]),
    violations,
    versions: versions.verdict,
    zones: worst(zones.verdicts.values()),
    search,
  };
}
