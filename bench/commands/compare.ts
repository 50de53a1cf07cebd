/**
 * `bench compare A B`: B against A, cell by cell. The verdict is careful: `better` or `worse` needs
 * three repeats on each side whose ranges do not touch (the chance of that without a difference is
 * 10 % at three and 0.2 % at six) and medians more than 5 % apart.
 */
import type { Command } from 'commander';
import { median } from '../gates/statistics.ts';
import { RunFolder } from '../results/folder.ts';
import { summaryRow } from '../results/rows.ts';
import type { Cell } from '../results/schema.ts';

const noticeable = 0.05;
const repeatsMin = 3;

export type Change = 'better' | 'worse' | 'same' | 'unclear';

/** `higherIsBetter` for throughput, not for latencies and CPU time. */
export function verdictOf(
  before: readonly number[],
  after: readonly number[],
  higherIsBetter: boolean,
): { ratio: number; change: Change } {
  const ratio = median(after) / median(before);
  if (Math.abs(ratio - 1) <= noticeable) return { ratio, change: 'same' };
  const apart =
    Math.min(...after) > Math.max(...before) || Math.max(...after) < Math.min(...before);
  const enough = Math.min(before.length, after.length) >= repeatsMin;
  if (!apart || !enough) return { ratio, change: 'unclear' };
  return { ratio, change: ratio > 1 === higherIsBetter ? 'better' : 'worse' };
}

const metrics = [
  { name: 'throughput_rps', higherIsBetter: true },
  { name: 'read_p99_us', higherIsBetter: false },
  { name: 'write_p99_us', higherIsBetter: false },
  { name: 'cpu_us_per_op', higherIsBetter: false },
] as const;

function valuesOf(cells: readonly Cell[], name: string): number[] {
  return cells.map((cell) => summaryRow(cell)[name]).filter((value) => typeof value === 'number');
}

/** One line for each cell that both runs measured validly. */
export function compareRuns(before: readonly Cell[], after: readonly Cell[]): string[] {
  const valid = (cells: readonly Cell[]) =>
    Map.groupBy(
      cells.filter((cell) => cell.valid),
      ({ key }) => key,
    );
  const [first, second] = [valid(before), valid(after)];
  const lines = [...first].flatMap(([key, old]) => {
    const fresh = second.get(key);
    if (fresh === undefined) return [];
    const texts = metrics.flatMap(({ name, higherIsBetter }) => {
      const [a, b] = [valuesOf(old, name), valuesOf(fresh, name)];
      if (a.length === 0 || b.length === 0) return [];
      const { ratio, change } = verdictOf(a, b, higherIsBetter);
      return [`${name} × ${ratio.toFixed(3)} ${change}`];
    });
    return [`${key} (n ${old.length}, ${fresh.length}): ${texts.join(' · ')}`];
  });
  return lines.length > 0 ? lines : ['no valid cell is in both runs'];
}

export function addCompare(program: Command): void {
  program
    .command('compare <before> <after>')
    .description('two runs, cell by cell')
    .action(async (before: string, after: string) => {
      const [a, b] = [new RunFolder(before), new RunFolder(after)];
      const [manifestA, manifestB] = [await a.readManifest(), await b.readManifest()];
      const lines = compareRuns(await a.readCells(), await b.readCells());
      if (manifestA.host.fingerprint !== manifestB.host.fingerprint) {
        lines.unshift('the runs come from different machines: the ratios mean little');
      }
      process.stdout.write(`${lines.join('\n')}\n`);
    });
}
