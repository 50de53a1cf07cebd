/** Puts the report together: one file, opened from anywhere, that loads nothing. */
import { readFileSync } from 'node:fs';
import type { Chart } from '../charts/plots.ts';
import type { Manifest } from '../results/manifest.ts';
import { summaryRow } from '../results/rows.ts';
import type { Cell } from '../results/schema.ts';
import { formatCsv } from '../results/table.ts';
import { escapeHtml, scriptJson } from './html.ts';
import { banner, cellTable, failedGates, limits, origin, promiseTable } from './sections.ts';

const readText = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

/** In the order in which they need each other. */
const libraries = [
  'vega/build/vega.min.js',
  'vega-lite/build/vega-lite.min.js',
  'vega-embed/build/vega-embed.min.js',
];

function scripts(): string {
  const texts = libraries.map((path) => readText(`../../node_modules/${path}`));
  texts.push(readText('./browser.js'));
  return texts
    .map((text) => `<script>${text.replaceAll('</script', '<\\/script')}</script>`)
    .join('\n');
}

function chartSections(charts: readonly Chart[]): string {
  const titles: Readonly<Record<string, string>> = {
    plots_by_client_count: 'By number of clients',
    plots_by_slave_count: 'By number of slaves',
    failover: 'Failover',
    peers: 'Peers',
  };
  const folders = Map.groupBy(charts, ({ folder }) => folder);
  return [...folders]
    .map(([folder, group]) => {
      const figures = group.map(({ name, title }) => {
        const label = escapeHtml(title);
        const attributes = `data-chart="${name}" role="img" aria-label="${label}"`;
        return `<figure class="chart" ${attributes}></figure>`;
      });
      return `<h2>${titles[folder] ?? folder}</h2>\n${figures.join('\n')}`;
    })
    .join('\n');
}

export interface ReportInput {
  readonly manifest: Manifest;
  readonly cells: readonly Cell[];
  readonly charts: readonly Chart[];
  /** HTML of a run that is no sweep (peers, failover), shown first; '' for none. */
  readonly extra: string;
}

export function reportPage({ manifest, cells, charts, extra }: ReportInput): string {
  const rows = cells.map(summaryRow);
  const data = {
    charts: charts.map(({ name, spec }) => ({ name, spec })),
    rows,
    csv: rows.length === 0 ? '' : formatCsv(rows, Object.keys(rows[0] ?? {})),
  };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>dsm benchmark ${escapeHtml(manifest.runId)}</title>
<style>${readText('./style.css')}</style>
</head>
<body>
<h1>dsm benchmark</h1>
<p class="quiet">${escapeHtml(manifest.runId)}</p>
${banner(cells, manifest)}
${extra}
${chartSections(charts)}
<h2>Invalid, and why</h2>
${failedGates(cells, 'hard')}
<h2>Noisy, and why</h2>
${failedGates(cells, 'noise')}
<h2>All cells</h2>
<p class="downloads">
<button type="button" id="csv">summary.csv</button>
<button type="button" id="json">summary.json</button>
</p>
${cellTable(cells)}
<h2>What the targets promise</h2>
${promiseTable(cells)}
<h2>Where this comes from</h2>
${origin(manifest)}
<h2>Limits of this benchmark</h2>
${limits(manifest)}
<script type="application/json" id="data">${scriptJson(data)}</script>
${scripts()}
</body>
</html>
`;
}
