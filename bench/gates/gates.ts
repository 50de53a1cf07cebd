/** All gates, and how their findings make a verdict. */
import type { Cell, Finding } from '../results/schema.ts';
import type { Gate, RunFacts } from './gate.ts';
import * as hard from './hard.ts';
import * as soft from './soft.ts';

export const gates: readonly Gate[] = Object.freeze([
  hard.errorRate,
  hard.goodput,
  hard.readVerification,
  hard.conservation,
  hard.serverAgrees,
  hard.littlesLaw,
  soft.generatorNotTheLimit,
  soft.offeredIsAchieved,
  hard.mixAndKeys,
  soft.steadyState,
  hard.latencySane,
  hard.time,
  soft.repeatsAgree,
  hard.clusterHealth,
  soft.driversAgree,
  soft.provenance,
]);

const failed = (findings: readonly Finding[], weight: Finding['weight']): boolean =>
  findings.some((finding) => finding.weight === weight && finding.result === 'fail');

/** The cell with its findings and the verdict that follows from them. Pure. */
export function judgeCell(cell: Cell, run: RunFacts, asked: readonly Gate[] = gates): Cell {
  const findings = asked.map((gate): Finding => {
    const { result, detail } = gate.judge(cell, run);
    return { gate: gate.id, name: gate.name, weight: gate.weight, result, detail };
  });
  return { ...cell, findings, valid: !failed(findings, 'hard'), noisy: failed(findings, 'noise') };
}

export function judgeRun(run: RunFacts, asked: readonly Gate[] = gates): Cell[] {
  return run.cells.map((cell) => judgeCell(cell, run, asked));
}
