import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Sources run as they are, on the oldest Node that `engines` names, where `using` is no syntax. */
it('nothing that runs on Node 22 needs the syntax of Node 24', () => {
  const folder = new URL('.', import.meta.url).pathname;
  const files = globSync('**/*.ts', { cwd: folder }).filter(
    (file) => !/\.test\.ts$|^(?:contract|chaos|sim)\//.test(file),
  );
  expect(files).toContain('cli/lock-verb.ts');
  const using = files.filter((file) =>
    /^\s*(?:await )?using /m.test(readFileSync(folder + file, 'utf8')),
  );
  expect(using).toEqual([]);
});
