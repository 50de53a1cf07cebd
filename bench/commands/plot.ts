/** `bench plot DIR` and `bench report DIR`; every run does both at its end. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { chartsOf, writeCharts } from '../charts/plots.ts';
import { reportPage } from '../report/page.ts';
import { RunFolder, writeWhole } from '../results/folder.ts';
import type { Cell } from '../results/schema.ts';

async function readRun(folder: RunFolder) {
  const manifest = await folder.readManifest();
  const cells = await folder.readCells();
  if (cells.length === 0) throw new Error(`${folder.path} holds no cells`);
  return { manifest, cells };
}

/** Redis measured by its own tool is no cell of the same kind: it is in the peers' table only. */
const drawable = (cells: readonly Cell[]): Cell[] =>
  cells.filter(({ config }) => config.driver !== 'redis-benchmark');

/** Charts of a run, invalid cells marked, under `outPath`; returns their paths. */
export async function draw(folder: RunFolder, outPath: string): Promise<string[]> {
  const { manifest, cells } = await readRun(folder);
  return await writeCharts(chartsOf(drawable(cells), manifest), outPath);
}

/** Writes `report.html` into the folder and returns its path. */
export async function report(folder: RunFolder): Promise<string> {
  const { manifest, cells } = await readRun(folder);
  const charts = chartsOf(drawable(cells), manifest);
  const path = join(folder.path, 'report.html');
  await writeWhole(path, reportPage({ manifest, cells, charts, extra: '' }));
  return path;
}

export async function drawAndReport(folder: RunFolder): Promise<void> {
  await draw(folder, folder.path);
  await report(folder);
}

export function addPlot(program: Command): void {
  program
    .command('plot <folder>')
    .description('draw the charts of a run')
    .option('--to <folder>', 'where to; the run’s own folder by default')
    .action(async (path: string, { to = path }: { to?: string }) => {
      const written = await draw(new RunFolder(path), to);
      process.stdout.write(`${written.length} files in ${to}\n`);
    });
  program
    .command('report <folder>')
    .description('write report.html of a run')
    .action(async (path: string) => {
      process.stdout.write(`${await report(new RunFolder(path))}\n`);
    });
}
