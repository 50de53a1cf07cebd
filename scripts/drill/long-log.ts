/** A log of very many writes over few keys: how much disk it takes, and how long a restart takes. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'undici';
import { type Cluster, startCluster } from '../../src/contract/cluster.ts';
import type { ContractRuntime } from '../../src/contract/runtimes.ts';
import { until } from '../../src/contract/until.ts';
import type { Finding } from './finding.ts';

const keys = 1000;
const valueBytes = 100;
const connections = 128;
const MiB = 1024 * 1024;
/** Two snapshots, the log since the older one, the next segment; far below the writes' own size. */
const diskBytesMax = 192 * MiB;
const restartMsMax = 15_000;

export async function writeLongLog(
  runtime: ContractRuntime,
  writes: number,
): Promise<readonly Finding[]> {
  const cluster = await startCluster({ runtime });
  try {
    const startMs = performance.now();
    const { url } = await cluster.active();
    await writeAll(url, writes);
    const seconds = (performance.now() - startMs) / 1000;
    const before = await cluster.settled();
    const disk = cluster.masters.map(({ name }) => bytesIn(join(cluster.dataDir, name)));
    const restartMs = await restart(cluster, writes);
    const after = await cluster.settled();
    const hashes = new Set([...before, ...after].map(({ stateHash }) => stateHash));
    return [
      {
        title: `${writes} writes over ${keys} keys: disk of each master`,
        figure: `${disk.map(toMiB).join(', ')}; ${(writes / seconds).toFixed(0)} writes/s`,
        goal: `≤ ${toMiB(diskBytesMax)}`,
        isMet: Math.max(...disk) <= diskBytesMax,
      },
      {
        title: '… kill -9 of all, started again: ready, with the same state',
        figure: `${(restartMs / 1000).toFixed(1)} s, ${hashes.size} state`,
        goal: `≤ ${restartMsMax / 1000} s, 1 state`,
        isMet: restartMs <= restartMsMax && hashes.size === 1,
      },
    ];
  } finally {
    await cluster.close();
  }
}

/** Each write of a key says which write it was. */
async function writeAll(url: string, writes: number): Promise<void> {
  const pool = new Pool(url, { connections });
  const numbers = countTo(writes);
  const writeSome = async () => {
    for (const number of numbers) {
      const path = `/v1/kv/key-${number % keys}`;
      const body = String(number).padEnd(valueBytes, '.');
      const answer = await pool.request({ method: 'PUT', path, body });
      const text = await answer.body.text();
      if (answer.statusCode > 201) throw new Error(`WRITE ${path}: ${answer.statusCode} ${text}`);
    }
  };
  await Promise.all(Array.from({ length: connections }, writeSome));
  await pool.close();
}

function* countTo(end: number): Generator<number, undefined> {
  for (let number = 0; number < end; number += 1) yield number;
}

async function restart(cluster: Cluster, writes: number): Promise<number> {
  await cluster.kill();
  const startMs = performance.now();
  cluster.start();
  const { url } = await cluster.ready();
  const restartMs = performance.now() - startMs;
  const oldest = writes - keys - 2 * connections;
  await until('every key has one of its last values', async () => {
    for (let key = 0; key < keys; key += 1) {
      const value = await (await fetch(`${url}/v1/kv/key-${key}`)).text();
      if (Number(value.replaceAll('.', '')) < oldest) throw new Error(`key-${key} is ${value}`);
    }
    return true;
  });
  return restartMs;
}

function bytesIn(directory: string): number {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { name }) => sum + statSync(join(directory, name)).size, 0);
}

const toMiB = (bytes: number) => `${(bytes / MiB).toFixed(1)} MiB`;
