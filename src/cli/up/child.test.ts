import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Child, shellText, stopAll } from './child.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dsm-child-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const logFile = () => join(folder, 'node.log');

function start(...command: string[]): Child {
  return new Child({
    node: { name: 'slave-1', verb: 'slave', port: 1 },
    url: 'http://127.0.0.1:1',
    command,
    restartCommand: [],
    logFile: logFile(),
    variables: process.env,
  });
}

const never = new Promise<void>(() => {});
const run = (code: string) => start(process.execPath, '-e', code);

async function untilLogged(text: string): Promise<void> {
  while (!readFileSync(logFile(), 'utf8').includes(text)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('a child', () => {
  it('tells how it ended, and leaves its last lines', async () => {
    const child = run('for (let i = 0; i < 9; i++) console.log("line " + i); process.exit(7)');
    expect(await child.ended).toBe('ended with exit code 7');
    expect(child.logTail(2)).toBe('line 7\nline 8');
  });

  it('keeps the log of the run before', async () => {
    await run('console.log("first")').ended;
    await run('console.log("second")').ended;
    expect(readFileSync(logFile(), 'utf8')).toBe('second\n');
    expect(readFileSync(`${logFile()}.1`, 'utf8')).toBe('first\n');
  });

  it('that cannot be started ends at once', async () => {
    expect(await start(join(folder, 'nothing')).ended).toMatch(/^could not be started: .*ENOENT/);
  });
});

describe('all children', () => {
  const stubborn = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 99); console.log("up")';

  it('are asked to stop first', async () => {
    const child = run(
      'process.on("SIGTERM", () => process.exit(0)); console.log("up"); setInterval(() => {}, 99)',
    );
    await untilLogged('up');
    await stopAll([child], 60_000, never);
    expect(await child.ended).toBe('ended with exit code 0');
  });

  it('are killed where they do not stop in time', async () => {
    const child = run(stubborn);
    await untilLogged('up');
    await stopAll([child], 50, never);
    expect(await child.ended).toBe('was killed by SIGKILL');
  });

  it('are killed at once where somebody is in a hurry', async () => {
    const child = run(stubborn);
    await untilLogged('up');
    await stopAll([child], 60_000, Promise.resolve());
    expect(await child.ended).toBe('was killed by SIGKILL');
  });
});

it('a command line can be pasted into a shell', () => {
  expect(shellText(['node', '--a=b', "it's here", '$x'])).toBe("node --a=b 'it'\\''s here' '$x'");
});
