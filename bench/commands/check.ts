/** `bench check DIR`: asks every gate again of what is stored, and holds the tables against it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { judgeRun } from '../gates/gates.ts';
import { RunFolder, runFacts } from '../results/folder.ts';
import { summaryRow } from '../results/rows.ts';
import type { Cell } from '../results/schema.ts';
import { formatCsv } from '../results/table.ts';
import { exitCodes } from '../sweep/interrupt.ts';

export interface Checked {
  readonly lines: readonly string[];
  readonly exitCode: number;
}

function cellLines(cells: readonly Cell[], isVerbose: boolean): string[] {
  return cells.flatMap((cell) => {
    const shown = cell.findings.filter(
      ({ result, weight }) => isVerbose || (result === 'fail' && weight !== 'mark'),
    );
    const verdict = cell.valid ? (cell.noisy ? 'noisy' : 'valid') : 'INVALID';
    const head = `${verdict.padEnd(7)} ${cell.key} #${cell.repeat + 1}`;
    if (shown.length === 0) return isVerbose || !cell.valid ? [head] : [];
    return [
      head,
      ...shown.map(
        ({ gate, name, result, weight, detail }) =>
          `  ${String(gate).padStart(2)} ${name} (${weight}): ${result}: ${detail}`,
      ),
    ];
  });
}

/** Rejects where the folder holds no run, or a damaged cell. */
export async function checkRun(folder: RunFolder, isVerbose: boolean): Promise<Checked> {
  const manifest = await folder.readManifest();
  const stored = await folder.readCells();
  const cells = judgeRun(runFacts(stored, manifest));
  const rows = cells.map(summaryRow);
  const table = rows.length === 0 ? '' : formatCsv(rows, Object.keys(rows[0] ?? {}));
  const written = await readFile(join(folder.path, 'summary.csv'), 'utf8').catch(() => '');
  const invalid = cells.filter(({ valid }) => !valid).length;
  const noisy = cells.filter((cell) => cell.valid && cell.noisy).length;
  const lines = [
    ...cellLines(cells, isVerbose),
    `${cells.length} cells: ${cells.length - invalid} valid (${noisy} noisy), ${invalid} invalid`,
  ];
  const mark = cells[0]?.findings.find((f) => f.weight === 'mark' && f.result === 'fail');
  if (mark !== undefined) lines.push(mark.detail);
  const tableAgrees = rows.length === 0 || table === written;
  if (!tableAgrees) lines.push('summary.csv is not what the cells say: it was changed, or is old');
  const isWrong = invalid > 0 || !tableAgrees;
  return { lines, exitCode: isWrong ? exitCodes.invalid : exitCodes.valid };
}

export function addCheck(program: Command): void {
  program
    .command('check <folder>')
    .description('ask every gate again of a stored run')
    .option('--verbose', 'what every gate found', false)
    .action(async (path: string, { verbose }: { verbose: boolean }) => {
      const { lines, exitCode } = await checkRun(new RunFolder(path), verbose);
      process.stdout.write(`${lines.join('\n')}\n`);
      process.exitCode = exitCode;
    });
}
