import type { Cell } from '../results/schema.ts';

/**
 * Gates 6 and 12 measure how well this machine keeps time, which a busy one does not; gates.test.ts
 * has their cases. All others judge the server and the driver.
 */
const gatesOfTime: readonly number[] = [6, 12];

/** The hard gates that failed. */
export const failedHard = (cell: Cell): number[] =>
  cell.findings
    .filter(({ result, weight }) => result === 'fail' && weight === 'hard')
    .map(({ gate }) => gate);

/** Those of them that a busy machine cannot fail. */
export const failedOfServer = (cell: Cell): number[] =>
  failedHard(cell).filter((gate) => !gatesOfTime.includes(gate));
