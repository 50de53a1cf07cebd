/** `bench plot DIR` and `bench report DIR`; every run does both at its end. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { chartsOf, writeCharts } from '../charts/plots.ts';
import { peersCharts } from '../peers/charts.ts';
import { peersText } from '../peers/compare.ts';
import { readPeers } from '../peers/stored.ts';
import { escapeHtml } from '../report/html.ts';
import { reportPage } from '../report/page.ts';
import { RunFolder, writeWhole } from '../results/folder.ts';
import type { Manifest } from '../results/manifest.ts';
import type { Cell } from '../results/schema.ts';

async function readRun(folder: RunFolder) {
  const manifest = await folder.readManifest();
  const cells = await folder.readCells();
  if (cells.length === 0) throw new Error(`${folder.path} holds no cells`);
  return { manifest, cells };
}

/** A run of peers has bars by target; a sweep has lines over clients and slaves. */
async function chartsFor(folder: RunFolder, manifest: Manifest, cells: readonly Cell[]) {
  const peers = await readPeers(folder);
  return peers === null ? chartsOf(cells, manifest) : peersCharts(peers);
}

async function extraFor(folder: RunFolder): Promise<string> {
  const peers = await readPeers(folder);
  return peers === null ? '' : `<h2>Peers</h2>\n<pre>${escapeHtml(peersText(peers))}</pre>`;
}

/** Charts of a run, invalid cells marked, under `outPath`; returns their paths. */
export async function draw(folder: RunFolder, outPath: string): Promise<string[]> {
  const { manifest, cells } = await readRun(folder);
  return await writeCharts(await chartsFor(folder, manifest, cells), outPath);
}

/** Writes `report.html` into the folder and returns its path. */
export async function report(folder: RunFolder): Promise<string> {
  const { manifest, cells } = await readRun(folder);
  const charts = await chartsFor(folder, manifest, cells);
  const extra = await extraFor(folder);
  const path = join(folder.path, 'report.html');
  await writeWhole(path, reportPage({ manifest, cells, charts, extra }));
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
