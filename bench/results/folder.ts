/**
 * `results/<run>/`: one file per cell, written once and renamed into place, so that whatever ends a
 * run leaves whole cells; the tables are derived from them and can be written again at any time.
 */
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunFacts } from '../gates/gate.ts';
import { judgeRun } from '../gates/gates.ts';
import { type Manifest, manifestSchema } from './manifest.ts';
import { nodeRows, sampleRows, summaryRow } from './rows.ts';
import { type Cell, parseCell } from './schema.ts';
import { formatCsv, leadingColumns, type Row } from './table.ts';

export const cellFile = (key: string, repeat: number): string => `${key}-r${repeat}.json`;

/** Whole or not at all, also after a power cut. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

const byKey = (a: Cell, b: Cell): number =>
  a.key.localeCompare(b.key, 'en', { numeric: true }) || a.repeat - b.repeat;

export class RunFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  async create(): Promise<void> {
    await mkdir(join(this.path, 'cells'), { recursive: true });
  }

  get exists(): boolean {
    return existsSync(join(this.path, 'manifest.json'));
  }

  /** Throws a sentence where the folder is no run. */
  async readManifest(): Promise<Manifest> {
    if (!this.exists) throw new Error(`${this.path} holds no run: manifest.json is missing`);
    const text = await readFile(join(this.path, 'manifest.json'), 'utf8');
    return manifestSchema.parse(JSON.parse(text));
  }

  async writeManifest(manifest: Manifest): Promise<void> {
    await writeWhole(
      join(this.path, 'manifest.json'),
      `${JSON.stringify(manifestSchema.parse(manifest), null, 2)}\n`,
    );
  }

  async writeCell(cell: Cell): Promise<void> {
    const path = join(this.path, 'cells', cellFile(cell.key, cell.repeat));
    await writeWhole(path, `${JSON.stringify(cell)}\n`);
  }

  hasCell(key: string, repeat: number): boolean {
    return existsSync(join(this.path, 'cells', cellFile(key, repeat)));
  }

  /** Sorted by key and repeat. Throws where a file is damaged. */
  async readCells(): Promise<Cell[]> {
    const folder = join(this.path, 'cells');
    const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
    const cells = await Promise.all(
      names.map(async (name) => parseCell(await readFile(join(folder, name), 'utf8'), name)),
    );
    return cells.sort(byKey);
  }

  /** Judges all cells in sight of each other, and writes them and every table. */
  async conclude(manifest: Manifest): Promise<Cell[]> {
    const judged = judgeRun(runFacts(await this.readCells(), manifest));
    for (const cell of judged) await this.writeCell(cell);
    await this.writeTables(judged);
    return judged;
  }

  async writeTables(cells: readonly Cell[]): Promise<void> {
    await this.#writeTable('summary', cells.map(summaryRow));
    await this.#writeTable('per_second', cells.flatMap(sampleRows));
    await this.#writeTable('nodes', cells.flatMap(nodeRows));
  }

  async #writeTable(name: string, rows: readonly Row[]): Promise<void> {
    const columns = Object.keys(rows[0] ?? Object.fromEntries(leadingColumns.map((c) => [c, 0])));
    await writeWhole(join(this.path, `${name}.csv`), formatCsv(rows, columns));
    const lines = rows.map((row) => JSON.stringify(row));
    await writeWhole(join(this.path, `${name}.json`), `[\n${lines.join(',\n')}\n]\n`);
  }
}

export function runFacts(cells: readonly Cell[], manifest: Manifest): RunFacts {
  return {
    cells,
    dirty: manifest.git.dirty,
    hosts: [...new Set(manifest.contributors.map((text) => text.split('@')[1] ?? ''))],
  };
}
