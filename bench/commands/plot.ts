/** `bench plot DIR` and what a run draws at its end. */
import { chartsOf, writeCharts } from '../charts/plots.ts';
import type { RunFolder } from '../results/folder.ts';

/** Charts of the valid and the invalid cells of a run, under `outPath`. */
export async function draw(folder: RunFolder, outPath: string): Promise<string[]> {
  const manifest = await folder.readManifest();
  const cells = await folder.readCells();
  if (cells.length === 0) throw new Error(`${folder.path} holds no cells to draw`);
  return await writeCharts(chartsOf(cells, manifest), outPath);
}

export async function drawAndReport(folder: RunFolder): Promise<void> {
  await draw(folder, folder.path);
}
