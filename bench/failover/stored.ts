/** The timelines of a stored run. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunFolder, writeWhole } from '../results/folder.ts';
import { formatCsv } from '../results/table.ts';
import { type Timeline, timelineRows, timelinesSchema } from './timeline.ts';

const fileName = 'failover.json';

/** Empty where the run is none of failovers. */
export async function readTimelines(folder: RunFolder): Promise<Timeline[]> {
  const path = join(folder.path, fileName);
  if (!existsSync(path)) return [];
  return timelinesSchema.parse(JSON.parse(await readFile(path, 'utf8')));
}

export async function writeTimelines(folder: RunFolder, timelines: readonly Timeline[]) {
  const lines = timelines.map((timeline) => JSON.stringify(timeline));
  await writeWhole(join(folder.path, fileName), `[\n${lines.join(',\n')}\n]\n`);
  const rows = timelines.flatMap(timelineRows);
  const columns = Object.keys(rows[0] ?? {});
  await writeWhole(join(folder.path, 'failover.csv'), formatCsv(rows, columns));
}
