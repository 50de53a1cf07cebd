import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createClient } from '../client/client.ts';
import type { Cluster } from './cluster.ts';
import { clusterForTest } from './fixture.ts';
import { tell } from './load-fixture.ts';
import { until } from './until.ts';

const KiB = 1024;
const keys = 50;
const valueBytes = 4 * KiB;
const writesAtOnce = 2500;
const writersMax = 16;

function bytesIn(directory: string): number {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

async function valuesOf(cluster: Cluster): Promise<string[]> {
  const client = createClient({ masters: cluster.masterUrls });
  const values: string[] = [];
  for (let key = 0; key < keys; key += 1) {
    values.push((await client.get(`key-${key}`))?.text() ?? 'absent');
  }
  return values;
}

it('a log of many writes over few keys takes bounded disk, and restarts', async () => {
  const snapshotEveryBytes = 512 * KiB;
  const segmentBytesMax = 128 * KiB;
  const flags = ['--snapshot-every-bytes', '512KiB', '--segment-bytes-max', '128KiB'];
  const cluster = await clusterForTest({ slaves: 1, flags });
  let written = 0;
  /** Each key is written many times; the last value says which write it was. */
  const write = async (count: number, writers: number) => {
    const end = written + count;
    const client = createClient({ masters: cluster.masterUrls });
    const writeSome = async () => {
      while (written < end) {
        const number = written++;
        await client.put(`key-${number % keys}`, String(number).padEnd(valueBytes, '.'));
      }
    };
    await Promise.all(Array.from({ length: writers }, writeSome));
  };
  await write(writesAtOnce, writersMax);
  // The state, once in the last snapshot and once in the one being made; the log since then.
  const stateBytes = keys * (valueBytes + 200);
  const bytesMax = 3 * stateBytes + 2 * (snapshotEveryBytes + 2 * segmentBytesMax);
  expect(writesAtOnce * valueBytes).toBeGreaterThan(3 * bytesMax);
  for (const { name } of cluster.masters) {
    const directory = join(cluster.dataDir, name);
    // What came while a slow disk saved a snapshot goes when the snapshots after it are saved, so
    // there must be writes, at a pace at which a snapshot is soon done.
    await until(`${name} takes at most ${bytesMax} bytes`, async () => {
      if (bytesIn(directory) <= bytesMax) return true;
      await write(keys, 1);
      return false;
    });
    tell(`${name} holds ${written * valueBytes} bytes of writes in ${bytesIn(directory)}`);
  }
  const before = await valuesOf(cluster);

  await cluster.kill();
  const startMs = performance.now();
  cluster.start();
  const active = await cluster.ready();
  tell(`ready again ${(performance.now() - startMs).toFixed(0)} ms after the start`);
  expect(active.snapshotLsn).toBeGreaterThan(writesAtOnce / 2);
  expect(active.keys).toBe(keys);
  expect(await valuesOf(cluster)).toEqual(before);
  const statuses = await cluster.settled();
  expect(new Set(statuses.map(({ stateHash }) => stateHash)).size).toBe(1);
});
