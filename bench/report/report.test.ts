import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chartsOf } from '../charts/plots.ts';
import { findProgram } from '../targets/processes.ts';
import { exampleGrid, exampleManifest } from '../testing/grid.ts';
import { scriptJson, table } from './html.ts';
import { reportPage } from './page.ts';

const manifest = { ...exampleManifest(), runId: '<b>run & "co"' };
const cells = exampleGrid();

describe('the page', () => {
  const charts = chartsOf(cells, manifest);
  const html = reportPage({ manifest, cells, charts, extra: '' });
  /** Without the libraries and the data: a failed assertion would print them. */
  const markup = html.replaceAll(/(<script[^>]*>).*?<\/script>/gs, '$1').slice(0, 20_000);

  test('loads nothing and escapes what it shows', () => {
    expect(markup).not.toMatch(/<(script|link|img)[^>]+(src|href)=/);
    expect(markup).not.toContain('<b>run');
    expect(markup).toContain('&lt;b&gt;run &amp; &quot;co&quot;');
    expect(scriptJson({ a: '</script><script>' })).not.toContain('<');
  });

  test('says what is invalid and why, and what the limits are', () => {
    expect(markup).toContain('1 of 180 cells are INVALID.');
    expect(markup).toContain('the driver stopped early: more than 5 % errors');
    expect(html.includes('Limits of this benchmark')).toBe(true);
    expect(table([{ a: null }], [{ title: 'a', value: ({ a }) => a }])).toContain('–');
  });
});

const browserPath = findProgram('chromium') ?? findProgram('chromium-browser');

// Without a browser there is nothing to look with; CI installs one.
describe.runIf(browserPath !== null)('in Chromium', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bench-report-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('every chart is drawn, the table sorts, and nothing is asked of the network', async () => {
    const few = cells.filter(({ config }) => config.slaves <= 3 || config.slaves === 4);
    const charts = chartsOf(few, manifest);
    const path = join(folder, 'report.html');
    await writeFile(path, reportPage({ manifest, cells: few, charts, extra: '' }));
    const browser = await chromium.launch({
      executablePath: browserPath ?? '',
      args: ['--no-sandbox'],
    });
    try {
      const page = await browser.newPage();
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(message.text());
      });
      page.on('request', (request) => {
        if (!/^(file|data|blob):/.test(request.url())) problems.push(request.url());
      });
      await page.goto(pathToFileURL(path).href);
      for (const figure of await page.locator('[data-chart]').all()) {
        await figure.scrollIntoViewIfNeeded();
        await figure.locator('svg.marks').waitFor();
      }
      const drawn = await page.locator('[data-chart][data-state=drawn]').count();
      expect(drawn).toBe(charts.length);
      const first = page.locator('table').filter({ hasText: 'op/s and errors' });
      const rates = async () =>
        (await first
          .locator('tbody td:nth-child(5)')
          .evaluateAll((all) =>
            all.map((cell) => Number((cell as HTMLElement).dataset.value)),
          )) as number[];
      await first.getByRole('button', { name: 'op/s and errors' }).click();
      const sorted = await rates();
      expect(sorted).toEqual(sorted.toSorted((a, b) => a - b));
      expect(await page.locator('tr.invalid').count()).toBe(1);
      expect(problems).toEqual([]);
    } finally {
      await browser.close();
    }
  }, 90_000);
});
