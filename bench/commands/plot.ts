/** `bench plot DIR` and `bench report DIR`; every run does both at its end. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { chartsOf, writeCharts } from '../charts/plots.ts';
import { failoverCharts } from '../failover/charts.ts';
import { readTimelines } from '../failover/stored.ts';
import { timelineText } from '../failover/timeline.ts';
import { peersCharts } from '../peers/charts.ts';
import { readPeers } from '../peers/stored.ts';
import { peersText } from '../peers/text.ts';
import { escapeHtml } from '../report/html.ts';
import { reportPage } from '../report/page.ts';
import { RunFolder, writeWhole } from '../results/folder.ts';

/** What is stored of a run, and the charts that belong to its kind. */
async function readRun(folder: RunFolder) {
  const manifest = await folder.readManifest();
  const cells = await folder.readCells();
  const timelines = await readTimelines(folder);
  if (timelines.length > 0) {
    const extra = preformatted('Failover', timelines.map(timelineText).join('\n'));
    return { manifest, cells, extra, charts: failoverCharts(timelines) };
  }
  if (cells.length === 0) throw new Error(`${folder.path} holds no cells`);
  const peers = await readPeers(folder);
  if (peers === null) return { manifest, cells, extra: '', charts: chartsOf(cells, manifest) };
  const extra = preformatted('Peers', peersText(peers));
  return { manifest, cells, extra, charts: peersCharts(peers) };
}

const preformatted = (title: string, text: string): string =>
  `<h2>${title}</h2>\n<div class="scroll"><pre>${escapeHtml(text)}</pre></div>`;

/** Charts of a run, invalid cells marked, under `outPath`; returns their paths. */
export async function draw(folder: RunFolder, outPath: string): Promise<string[]> {
  const { charts } = await readRun(folder);
  return await writeCharts(charts, outPath);
}

/** Writes `report.html` into the folder and returns its path. */
export async function report(folder: RunFolder): Promise<string> {
  const path = join(folder.path, 'report.html');
  await writeWhole(path, reportPage(await readRun(folder)));
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
