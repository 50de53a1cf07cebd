/** Chaos is killed in the middle of its work, and nothing of it may be left. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../contract/until.ts';
import { sandboxFlags } from './sandbox.ts';

const script = fileURLToPath(new URL('./main.ts', import.meta.url));

/** Processes that have `mark` in their environment, which is inherited. */
function processesWith(mark: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark);
    } catch {
      return false;
    }
  });
}

/** The first fault was done: nodes, cables and mounts are there. */
function startChaos(directory: string): ChildProcess & { isAtWork: boolean } {
  const words = ['--minutes', '5', '--faults', 'kill', '--out', join(directory, 'out')];
  const child = spawn(process.execPath, [script, ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, TMPDIR: directory },
  });
  const chaos = Object.assign(child, { isAtWork: false });
  child.stderr.on('data', (chunk: Uint8Array) => {
    if (String(chunk).includes('kill -9')) chaos.isAtWork = true;
  });
  return chaos;
}

const skipReason = sandboxFlags() === null ? 'unshare makes no sandbox here' : '';
if (skipReason !== '') process.stdout.write(`leftovers of chaos: skipped: ${skipReason}\n`);

test.skipIf(skipReason !== '').each(['SIGKILL', 'SIGTERM'] as const)(
  'after %s no process, mount or network device is left',
  async (signal) => {
    const directory = mkdtempSync(join(tmpdir(), 'dsm-leftovers-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const chaos = startChaos(directory);
    onTestFinished(() => void chaos.kill('SIGKILL'));
    await until('chaos is at work', () => chaos.isAtWork);
    expect(processesWith(directory).length).toBeGreaterThan(5);
    const ended = once(chaos, 'exit');
    chaos.kill(signal);
    await ended;
    await until('all its processes are gone', () => processesWith(directory).length === 0);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(directory);
    expect(readFileSync('/proc/net/dev', 'utf8')).not.toMatch(/cable\d|bridge:/);
  },
);
