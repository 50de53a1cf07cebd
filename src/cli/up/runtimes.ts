/** How to start a file of dsm on Node, Bun and Deno, and where to find them. */
import { Buffer } from 'node:buffer';
import { accessSync, closeSync, constants, openSync, readSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { heapGrowthFlag } from '../../runtime/heap-growth.ts';
import { type RuntimeName, runtimeName } from '../../runtime/serve.ts';

export const runtimeNames = ['node', 'bun', 'deno'] as const satisfies readonly RuntimeName[];

/** The words that start `script`: the executable first. Throws where the runtime is not found. */
export function runtimeCommand(runtime: RuntimeName, script: string): string[] {
  const executable = runtime === runtimeName() ? process.execPath : find(runtime, script);
  // Deno would write a lock file beside the package, which may not be ours.
  if (runtime === 'deno') {
    return [executable, 'run', '-A', '--no-lock', `--v8-flags=${heapGrowthFlag}`, script];
  }
  return [executable, script];
}

/** Beside the package, as npm puts it there, or on the PATH. */
function find(runtime: RuntimeName, script: string): string {
  const folders: string[] = [];
  for (let folder = dirname(script); folder !== dirname(folder); folder = dirname(folder)) {
    folders.push(join(folder, 'node_modules', '.bin'));
  }
  folders.push(...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''));
  const found = folders.map((folder) => join(folder, runtime)).filter(isExecutable);
  const program = found.find((path) => !isScript(path));
  if (program !== undefined) return program;
  if (found.length === 0) {
    throw new Error(`${runtime} is not installed: npm install ${runtime}, or put it on the PATH`);
  }
  throw new Error(
    `${found[0]} only starts ${runtime}: npm rebuild ${runtime} puts it there itself`,
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A script that starts the runtime has another process id: `kill` would miss the node. */
function isScript(path: string): boolean {
  const start = Buffer.alloc(2);
  const file = openSync(path, 'r');
  try {
    readSync(file, start);
  } finally {
    closeSync(file);
  }
  return start.toString() === '#!';
}
