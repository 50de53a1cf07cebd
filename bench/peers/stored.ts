/** The comparison of a stored run of peers. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunFolder } from '../results/folder.ts';
import { comparePeers, type PeersResult } from './compare.ts';
import type { NativeRedis } from './redis-benchmark.ts';

export const nativeFile = 'native-redis.json';

const nativeSchema = z.array(
  z.object({
    connections: z.number(),
    setRps: z.number(),
    getRps: z.number(),
    mixedRps: z.number(),
  }),
);

/** Empty where redis-benchmark did not run. */
export async function readNative(folder: RunFolder): Promise<NativeRedis[]> {
  const path = join(folder.path, nativeFile);
  if (!existsSync(path)) return [];
  return nativeSchema.parse(JSON.parse(await readFile(path, 'utf8')));
}

/** null where the run is no run of peers. */
export async function readPeers(folder: RunFolder): Promise<PeersResult | null> {
  const manifest = await folder.readManifest();
  if (manifest.command !== 'peers') return null;
  return comparePeers(await folder.readCells(), await readNative(folder), []);
}
