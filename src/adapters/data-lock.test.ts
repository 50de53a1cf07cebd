import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDataDirectory } from './data-lock.ts';

let directory = '';
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'dsm-lock-')), 'data');
});

afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  fs.rmSync(path.dirname(directory), { recursive: true });
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** A process that takes the lock, says `held` or why not, and waits to be killed. */
async function startHolder(): Promise<{ child: ChildProcess; said: string }> {
  const module = new URL('./data-lock.ts', import.meta.url).href;
  const script = `
    const { lockDataDirectory } = await import(${JSON.stringify(module)});
    try { lockDataDirectory(process.argv[1]); process.stdout.write('held'); }
    catch (error) { process.stdout.write(error.message); }
    setInterval(() => {}, 1000);`;
  const args = ['--input-type=module', '--eval', script, directory];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [chunk] = await once(child.stdout, 'data');
  return { child, said: String(chunk) };
}

test('one process has the directory; another is told which, and what to do', () => {
  const lock = lockDataDirectory(directory);
  expect(() => lockDataDirectory(directory)).toThrow(
    `is in use by the process with pid ${process.pid}. Stop that process`,
  );
  lock.release();
  lock.release();
  lockDataDirectory(directory).release();
});

test('the lock of a process that was killed is free at once', async () => {
  const { child, said } = await startHolder();
  expect(said).toBe('held');
  expect(() => lockDataDirectory(directory)).toThrow(`pid ${child.pid}.`);
  await kill(child);
  lockDataDirectory(directory).release();
});

test('of many that start at once, one gets it', async () => {
  const holders = await Promise.all([startHolder(), startHolder(), startHolder(), startHolder()]);
  expect(holders.filter(({ said }) => said === 'held')).toHaveLength(1);
});

test('a lock that nothing refers to is held all the same', async () => {
  lockDataDirectory(directory);
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  await new Promise((resolve) => setImmediate(resolve));
  expect(() => lockDataDirectory(directory)).toThrow('in use');
});

test('a directory that cannot be locked is no directory', () => {
  fs.mkdirSync(path.dirname(directory), { recursive: true });
  fs.writeFileSync(directory, '');
  expect(() => lockDataDirectory(directory)).toThrow(/Cannot lock the data directory .*EEXIST/);
});
