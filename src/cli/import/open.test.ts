import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { openImport } from './open.ts';

const dump = fileURLToPath(new URL('./testing/redis-7.rdb', import.meta.url));
const options = { database: 0, nowMs: 0 };

async function keysIn(file: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const found of openImport(file, 'auto', options)) {
    if (found.kind === 'put') keys.push(found.put.key);
  }
  return keys;
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'dsm-open-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test('a dump is read from a pipe that has a name, once', async () => {
  const pipe = join(folder(), 'dump.rdb');
  execFileSync('mkfifo', [pipe]);
  const writing = writeFile(pipe, readFileSync(dump));
  expect(await keysIn(pipe)).toEqual(await keysIn(dump));
  await writing;
});

test('nothing is found in a file that is damaged at its end', async () => {
  const file = join(folder(), 'dump.rdb');
  await writeFile(file, readFileSync(dump).subarray(0, -1));
  await expect(openImport(file, 'auto', options).next()).rejects.toThrow(/ends too early/);
});
