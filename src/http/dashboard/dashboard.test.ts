import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { setUp } from '../testing/set-up.ts';

const forBrowsers = { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } };

async function open() {
  const answer = await setUp().app.request('/', forBrowsers);
  return { answer, html: await answer.text() };
}

const between = (html: string, tag: string) =>
  [...html.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs'))].map(([, text = '']) => text);

describe('the dashboard', () => {
  test('is for browsers; curl and programs are told what to type', async () => {
    const { app } = setUp();
    const page = await app.request('/', forBrowsers);
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ]);
    for (const accept of ['*/*', 'application/json', '']) {
      const answer = await app.request('/', { headers: { accept } });
      expect(answer.headers.get('content-type')).toContain('text/plain');
      expect(answer.headers.get('vary')).toBe('accept');
    }
    expect(page.headers.get('vary')).toBe('accept');
  });

  test('runs its own script and style and nothing else', async () => {
    const { answer, html } = await open();
    const policy = answer.headers.get('content-security-policy') ?? '';
    const [scripts, styles] = [between(html, 'script'), between(html, 'style')];
    expect([scripts.length, styles.length]).toEqual([1, 1]);
    const hashOf = (text = '') => createHash('sha256').update(text).digest('base64');
    expect(policy).toContain(`script-src 'sha256-${hashOf(scripts[0])}'`);
    expect(policy).toContain(`style-src 'sha256-${hashOf(styles[0])}'`);
    expect(policy).toMatch(/^default-src 'none'; /);
    expect(policy).not.toContain('unsafe');
    // What such a policy would not let run would be dead code.
    expect(html).not.toMatch(/<[^>]+ (?:on\w+|style)=/);
    expect(html).not.toMatch(/(?:src|href|url\()=?["']?(?:https?:)?\/\//);
  });

  test('shows what it is told as text, and asks nobody but its node', async () => {
    const [script = ''] = between((await open()).html, 'script');
    expect(() => new Script(script)).not.toThrow();
    expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval/);
    expect([...script.matchAll(/fetch\(([^,)]*)/g)].map(([, url]) => url)).toEqual([
      "'v1/cluster'",
    ]);
  });

  test('has an element for everything that its script looks for', async () => {
    const { html } = await open();
    const [script = ''] = between(html, 'script');
    const names = [...script.matchAll(/byId\('([\w-]+)'\)/g)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(10);
    for (const name of [...names, 'reads-line', 'writes-line', 'reads', 'writes']) {
      expect(html).toContain(`id="${name}"`);
    }
  });
});
