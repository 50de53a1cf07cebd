import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { chromium, type Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Cluster } from '../http/cluster-view.ts';
import { call, put } from './call.ts';
import { clusterForTest } from './fixture.ts';
import { until } from './until.ts';

it('every node tells of all nodes, and of what happened', async () => {
  const cluster = await clusterForTest({ slaves: 2 });
  const active = await cluster.active();
  await put(active.url, 'a', 'x');
  await cluster.settled();
  for (const url of cluster.urls) {
    // A machine that is busy may keep one of them from answering in time.
    const seen = await until('all nodes answer', async () => {
      const told: Cluster = JSON.parse((await call(`${url}/v1/cluster`)).text);
      return told.nodes.every(({ status, suspect }) => status?.keys === 1 && suspect === false)
        ? told
        : null;
    });
    expect(seen).toMatchObject({ url, active: active.url, voters: cluster.nodes.length });
    expect(seen.nodes.map((node) => node.url).toSorted()).toEqual(cluster.urls.toSorted());
    expect(seen.nodes.every(({ voter }) => voter)).toBe(true);
    const said = seen.events.filter(({ message }) => message === 'this master is active now');
    expect(said.map((event) => event.url)).toContain(active.url);
  }
});

const browserPath = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((folder) => ['chromium', 'chromium-browser'].map((name) => join(folder, name)))
  .find((path) => existsSync(path));

/** A page that notes what it should not do. */
async function openBrowser(): Promise<{ page: Page; problems: string[] }> {
  const options = { executablePath: browserPath ?? '', args: ['--no-sandbox'] };
  const browser = await chromium.launch(options);
  onTestFinished(() => browser.close());
  // A phone's.
  const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  return { page, problems };
}

// Without a browser there is nothing to look with; CI installs one.
describe.runIf(browserPath !== undefined)('the dashboard in Chromium', () => {
  it('of any node shows the cluster, on a phone too, and a failover as it happens', async () => {
    const cluster = await clusterForTest({ slaves: 2 });
    const active = await cluster.active();
    const [slave] = cluster.slaves;
    if (slave === undefined) throw new Error('there is a slave');
    const { page, problems } = await openBrowser();
    page.on('request', (request) => {
      if (!/^data:/.test(request.url()) && !request.url().startsWith(`${slave.url}/`)) {
        problems.push(request.url());
      }
    });
    await page.goto(`${slave.url}/`);
    await page.locator('body[data-state=shown]').waitFor();
    const hosts = await page.locator('.node a').allTextContents();
    const expected = cluster.urls.map((url) => new URL(url).host);
    expect(hosts.toSorted()).toEqual(expected.toSorted());
    const shownActive = page.locator('.node.active a');
    expect(await shownActive.textContent()).toBe(new URL(active.url).host);
    await page.locator('#verdict.good').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);

    await put(slave.url, 'key', 'value');
    await page.locator('#keys', { hasText: /^1$/ }).waitFor();
    await active.kill();
    const next = await cluster.active(active);
    await page.locator('.node.active a', { hasText: new URL(next.url).host }).waitFor();
    await page.locator('#verdict.warn', { hasText: new URL(active.url).host }).waitFor();
    await page.locator('.node.bad', { hasText: new URL(active.url).host }).waitFor();
    await page
      .locator('#events li', { hasText: new URL(next.url).host })
      .filter({ hasText: 'this master is active now' })
      .first()
      .waitFor();
    expect(problems).toEqual([]);
  });

  it('is light or dark as the system is, and says when its node is gone', async () => {
    const cluster = await clusterForTest({ slaves: 0, backups: 0 });
    const { url } = await cluster.active();
    const { page } = await openBrowser();
    await page.goto(`${url}/`);
    await page.locator('body[data-state=shown]').waitFor();
    const colors: unknown[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      colors.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
    }
    expect(new Set(colors).size).toBe(2);
    await cluster.kill();
    await page.locator('body[data-state=silent]').waitFor();
    expect(await page.locator('#verdict').textContent()).toContain('does not answer');
    cluster.start();
    await until('the page shows the node again', () =>
      page.locator('body[data-state=shown]').isVisible(),
    );
  });
});
