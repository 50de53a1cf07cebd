/** For tests: `dsm` within this process, for verbs that do not need standard input. */
import { Buffer } from 'node:buffer';
import process from 'node:process';
import { vi } from 'vitest';
import { runCli } from '../program.ts';
import type { CliResult } from './run-cli.ts';

export async function callCli(line: string): Promise<CliResult> {
  const told = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text, ...rest) => {
      told[name] += Buffer.from(text).toString();
      rest.find((each) => typeof each === 'function')?.();
      return true;
    }),
  );
  try {
    const words = line.split(' ').filter((word) => word !== '');
    const loadStart = () => Promise.reject(new Error('no node may be started'));
    const code = await runCli(words, { script: '', loadStart });
    return { code, ...told };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
