/** What a gate is: a pure question to one stored cell, asked in sight of the whole run. */
import type { Cell, Finding } from '../results/schema.ts';

export interface RunFacts {
  /** All cells of the run, the judged one among them. */
  readonly cells: readonly Cell[];
  /** Uncommitted changes were in the tree when the run began. */
  readonly dirty: boolean;
  /** Fingerprints of the machines that contributed cells. */
  readonly hosts: readonly string[];
}

export type Verdict = Pick<Finding, 'result' | 'detail'>;

export interface Gate {
  /** As in the list of the README; a hard gate that fails makes the cell invalid. */
  readonly id: number;
  readonly name: string;
  readonly weight: Finding['weight'];
  judge(cell: Cell, run: RunFacts): Verdict;
}

export const pass = (detail: string): Verdict => ({ result: 'pass', detail });
export const fail = (detail: string): Verdict => ({ result: 'fail', detail });
export const skip = (detail: string): Verdict => ({ result: 'skip', detail });
export const passIf = (ok: boolean, detail: string): Verdict => (ok ? pass(detail) : fail(detail));

export const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
export const fixed = (value: number, digits = 1): string => value.toFixed(digits);
