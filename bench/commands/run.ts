/** What every measuring command does around its cells: manifest, Ctrl+C, tables, exit code. */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { CellOrder } from '../cell.ts';
import { findDriver } from '../drivers/registry.ts';
import { RunFolder } from '../results/folder.ts';
import {
  collectVersions,
  contributorOf,
  describeHost,
  describeTree,
  type Manifest,
} from '../results/manifest.ts';
import type { Cell } from '../results/schema.ts';
import { exitCodes, watchInterrupts } from '../sweep/interrupt.ts';
import { createProgress } from '../sweep/progress.ts';
import { concludeRun, openRun, type RunState } from '../sweep/runner.ts';
import { findTarget } from '../targets/registry.ts';

export interface RunOptions {
  readonly command: string;
  readonly seed: number;
  /** '' chooses a new folder under `results/`. */
  readonly out: string;
  readonly resume: boolean;
  readonly allowMixed: boolean;
  /** Where servers keep their logs; '' is the system's temporary folder. */
  readonly dataRoot: string;
}

/** `20260131T101500-1a2b3c4d5e-0f0f0f0f`: time, commit, kind of machine. */
function runIdOf({ git, host }: Pick<Manifest, 'git' | 'host'>): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+Z$/g, '');
  return `${time}-${git.commit}-${host.fingerprint}`;
}

async function newManifest(options: RunOptions, dataRoot: string): Promise<Manifest> {
  const tree = describeTree();
  const host = await describeHost(dataRoot);
  const facts = { ...tree, host };
  return {
    schemaVersion: 1,
    runId: options.out === '' ? runIdOf(facts) : basename(options.out),
    command: options.command,
    argv: process.argv.slice(2),
    seed: options.seed,
    startedAt: new Date().toISOString(),
    endedAt: null,
    status: 'running',
    ...facts,
    versions: collectVersions(),
    contributors: [contributorOf(facts)],
    cells: [],
  };
}

export interface Finished {
  readonly folder: RunFolder;
  readonly manifest: Manifest;
  readonly cells: Cell[];
  readonly exitCode: number;
}

function exitCodeOf(state: RunState, cells: readonly Cell[]): number {
  if (state.stop.aborted) return exitCodes.interrupted;
  if (cells.some(({ valid }) => !valid)) return exitCodes.invalid;
  if (state.manifest.cells.some((entry) => entry.state === 'failed')) return exitCodes.unfit;
  return exitCodes.valid;
}

/** Measures what `plan` orders and concludes the run, interrupted or not. */
export async function measureRun(
  options: RunOptions,
  plan: (runId: string) => readonly CellOrder[],
  measure: (state: RunState, orders: readonly CellOrder[]) => Promise<void>,
): Promise<Finished> {
  const dataRoot = options.dataRoot || tmpdir();
  mkdirSync(dataRoot, { recursive: true });
  const fresh = await newManifest(options, dataRoot);
  const folder = new RunFolder(options.out || join('results', fresh.runId));
  const opened = await openRun(folder, fresh, options);
  const orders = plan(opened.runId);
  const progress = createProgress(orders.length);
  const interruption = watchInterrupts(() =>
    progress.note('stopping: press Ctrl+C again to end at once'),
  );
  const state: RunState = {
    folder,
    progress,
    tools: { startTarget: findTarget, driver: findDriver, dataRoot },
    stop: interruption.signal,
    manifest: withPending(opened, orders),
    cells: opened === fresh ? [] : await folder.readCells(),
  };
  try {
    await folder.writeManifest(state.manifest);
    await measure(state, orders);
    const cells = await concludeRun(state);
    return { folder, manifest: state.manifest, cells, exitCode: exitCodeOf(state, cells) };
  } finally {
    progress.close();
    interruption.release();
  }
}

/** What was measured before keeps its entry. */
function withPending(manifest: Manifest, orders: readonly CellOrder[]): Manifest {
  const known = new Map(manifest.cells.map((cell) => [`${cell.key}#${cell.repeat}`, cell]));
  for (const { key, repeat } of orders) {
    const name = `${key}#${repeat}`;
    if (!known.has(name)) known.set(name, { key, repeat, state: 'pending', detail: '' });
  }
  return { ...manifest, cells: [...known.values()] };
}

export function printVerdict({ folder, cells, manifest }: Finished): void {
  const invalid = cells.filter(({ valid }) => !valid);
  const noisy = cells.filter((cell) => cell.valid && cell.noisy);
  const open = manifest.cells.filter(({ state }) => state !== 'done');
  const lines = [
    `${cells.length} cells in ${folder.path}: ${cells.length - invalid.length} valid` +
      ` (${noisy.length} of them noisy), ${invalid.length} invalid, ${open.length} not measured`,
  ];
  for (const cell of invalid) {
    const reasons = cell.findings.filter((f) => f.result === 'fail' && f.weight === 'hard');
    const texts = reasons.map(({ gate, name, detail }) => `gate ${gate} ${name}: ${detail}`);
    lines.push(`  INVALID ${cell.key} #${cell.repeat + 1}: ${texts.join('; ')}`);
  }
  for (const { key, repeat, detail } of open) {
    lines.push(`  not measured: ${key} #${repeat + 1}${detail === '' ? '' : `: ${detail}`}`);
  }
  if (open.length > 0) {
    lines.push(`go on with: npm run bench -- ${manifest.command} … --resume --out ${folder.path}`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}
