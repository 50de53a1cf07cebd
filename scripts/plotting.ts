/** What the plotting scripts share: their arguments, and one folder of charts. */
import { chartsOf, writeCharts } from '../bench/charts/plots.ts';
import { RunFolder } from '../bench/results/folder.ts';

/** `name` is a folder of charts, or '' for all. Exits with 1 and a sentence where it cannot. */
export async function drawFolder(name: string): Promise<void> {
  const [from, to = 'results'] = process.argv.slice(2);
  try {
    if (from === undefined) throw new Error('usage: node scripts/plot-….ts results/<run> [to]');
    const folder = new RunFolder(from);
    const charts = chartsOf(await folder.readCells(), await folder.readManifest());
    const chosen = charts.filter((chart) => name === '' || chart.folder === name);
    for (const path of await writeCharts(chosen, to)) process.stdout.write(`${to}/${path}\n`);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
