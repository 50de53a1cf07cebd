/**
 * Leaves out faults of a failing run for as long as the same rule is broken: delta debugging
 * (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002) over the plan
 * of faults. What is left is not always the smallest set, but none of it can be left out alone.
 */
import type { Fault } from './faults.ts';
import { type RunReport, runSeed } from './run-seed.ts';

export interface Shrunk {
  readonly faults: readonly Fault[];
  /** Runs that it took. */
  readonly runs: number;
}

/** More runs than this are not worth the wait: what is left then is printed. */
const runsMax = 400;

export type Fails = (faults: readonly Fault[]) => Promise<boolean>;

export function shrink({ seed, profile, rule, plan }: RunReport): Promise<Shrunk> {
  return shrinkPlan(plan, async (faults) => {
    const report = await runSeed({ seed, profile, faults });
    return report.rule === rule;
  });
}

/** `fails` is true of `plan`. */
export async function shrinkPlan(plan: readonly Fault[], fails: Fails): Promise<Shrunk> {
  let faults = plan;
  let runs = 0;
  let parts = 2;
  while (faults.length > 0 && runs < runsMax) {
    const size = Math.max(1, Math.ceil(faults.length / parts));
    let isSmaller = false;
    for (let start = 0; start < faults.length && runs < runsMax; ) {
      const rest = [...faults.slice(0, start), ...faults.slice(start + size)];
      runs += 1;
      if (await fails(rest)) {
        faults = rest;
        isSmaller = true;
      } else {
        start += size;
      }
    }
    if (size === 1 && !isSmaller) break;
    parts = size === 1 ? parts : parts * 2;
  }
  return { faults, runs };
}
