/** What a run of ten minutes on a quiet machine is to reach, beside being safe. */
import type { Summary } from './summary.ts';

export interface Goal {
  readonly title: string;
  readonly figure: string;
  readonly isMet: boolean;
}

const faultsMin = 100;
const operationsMin = 100_000;
const takeoverP50MsMax = 1500;
const takeoverP99MsMax = 3000;

export function goalsOf(summary: Summary): Goal[] {
  const { operations, takeoverMs } = summary;
  const faults = Object.values(summary.faults).reduce((sum, count) => sum + count, 0);
  const { p50 = Number.NaN, p99 = Number.NaN } = takeoverMs ?? {};
  return [
    goal(`≥ ${faultsMin} faults`, faults, faults >= faultsMin),
    goal(`≥ ${operationsMin} operations`, operations, operations >= operationsMin),
    goal(`takeover p50 ≤ ${takeoverP50MsMax} ms`, p50, p50 <= takeoverP50MsMax),
    goal(`takeover p99 ≤ ${takeoverP99MsMax} ms`, p99, p99 <= takeoverP99MsMax),
  ];
}

const goal = (title: string, figure: number, isMet: boolean): Goal => ({
  title,
  figure: String(figure),
  isMet,
});
