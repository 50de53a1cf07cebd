import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Every file that `entry` loads, and every package or built-in among its imports. */
function loadedFrom(entry: URL): { files: string[]; foreign: string[] } {
  const files = new Set<string>();
  const foreign = new Set<string>();
  const visit = (url: URL) => {
    if (files.has(url.href)) return;
    files.add(url.href);
    const source = readFileSync(url, 'utf8');
    const statement = /^(?:import|export)\s+(?!type\b)(?:[^;]*?\sfrom\s+)?'([^']+)'/gm;
    for (const [, specifier = ''] of source.matchAll(statement)) {
      if (specifier.startsWith('.')) visit(new URL(specifier, url));
      else foreign.add(specifier);
    }
  };
  visit(entry);
  return { files: [...files], foreign: [...foreign] };
}

it('the package loads no built-in of a server and no package: it runs in a browser', () => {
  const { files, foreign } = loadedFrom(new URL('../index.ts', import.meta.url));
  expect(files.some((file) => file.endsWith('/client/caller.ts'))).toBe(true);
  expect(files.some((file) => file.endsWith('/core/errors.ts'))).toBe(true);
  expect(foreign).toEqual([]);
});
