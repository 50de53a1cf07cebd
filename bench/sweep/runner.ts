/** Runs orders one after the other, each on a fresh target, and keeps what was measured. */
import { type CellOrder, measureCell } from '../cell.ts';
import { judgeCell } from '../gates/gates.ts';
import type { Driver } from '../measure/plan.ts';
import { type RunFolder, runFacts } from '../results/folder.ts';
import { contributorOf, type Manifest } from '../results/manifest.ts';
import type { Cell, CellConfig } from '../results/schema.ts';
import type { StartTarget } from '../targets/target.ts';
import type { Progress } from './progress.ts';

export interface Tools {
  /** Throws where the target is not known. */
  startTarget(name: string): StartTarget;
  driver(name: CellConfig['driver']): Driver;
  readonly dataRoot: string;
}

export interface RunState {
  readonly folder: RunFolder;
  readonly progress: Progress;
  readonly tools: Tools;
  readonly stop: AbortSignal;
  manifest: Manifest;
  readonly cells: Cell[];
}

async function measureFresh(state: RunState, order: CellOrder): Promise<Cell> {
  const { tools, progress, stop } = state;
  progress.begin(order, 'starting servers');
  const start = tools.startTarget(order.config.target);
  const target = await start(order.config, tools.dataRoot, stop);
  try {
    const drive = tools.driver(order.config.driver);
    return await measureCell(order, target, drive, (event) => progress.onEvent(event), stop);
  } finally {
    await target.stop();
  }
}

type CellEntry = Manifest['cells'][number];

async function mark(state: RunState, order: CellOrder, entry: Omit<CellEntry, 'key' | 'repeat'>) {
  const { key, repeat } = order;
  const others = state.manifest.cells.filter(
    (other) => other.key !== key || other.repeat !== repeat,
  );
  state.manifest = { ...state.manifest, cells: [...others, { key, repeat, ...entry }] };
  await state.folder.writeManifest(state.manifest);
}

/** Measures one order, unless it was measured before. Returns null where nothing came of it. */
export async function runOrder(state: RunState, order: CellOrder): Promise<Cell | null> {
  if (state.stop.aborted || state.folder.hasCell(order.key, order.repeat)) return null;
  try {
    const measured = await measureFresh(state, order);
    // What an interrupted driver saw is no whole window.
    if (state.stop.aborted) return null;
    const facts = runFacts([...state.cells, measured], state.manifest);
    const cell = judgeCell(measured, facts);
    await state.folder.writeCell(cell);
    state.cells.push(cell);
    await mark(state, order, { state: 'done', detail: cell.valid ? '' : 'invalid' });
    state.progress.finish(cell);
    return cell;
  } catch (error) {
    if (state.stop.aborted) return null;
    const { message } = error as Error;
    await mark(state, order, { state: 'failed', detail: message.split('\n', 1)[0] ?? '' });
    state.progress.failed(order, message);
    return null;
  }
}

/** Opens the folder of a new run, or of one to go on with. Throws where that would mix runs. */
export async function openRun(
  folder: RunFolder,
  fresh: Manifest,
  options: { readonly resume: boolean; readonly allowMixed: boolean },
): Promise<Manifest> {
  if (!folder.exists) {
    await folder.create();
    await folder.writeManifest(fresh);
    return fresh;
  }
  if (!options.resume) throw new Error(`${folder.path} holds a run already: add --resume`);
  const found = await folder.readManifest();
  const here = contributorOf(fresh);
  if (!found.contributors.includes(here) && !options.allowMixed) {
    const from = found.contributors.join(', ');
    throw new Error(
      `the run was measured at ${from} and this is ${here}: check out that commit, ` +
        'or mix them knowingly with --allow-mixed',
    );
  }
  const contributors = [...new Set([...found.contributors, here])];
  return { ...found, status: 'running', endedAt: null, contributors };
}

/** Judges the run as a whole, writes its tables and its end. */
export async function concludeRun(state: RunState): Promise<Cell[]> {
  const judged = await state.folder.conclude(state.manifest);
  state.manifest = {
    ...state.manifest,
    status: state.stop.aborted ? 'aborted' : 'complete',
    endedAt: new Date().toISOString(),
  };
  await state.folder.writeManifest(state.manifest);
  return judged;
}
