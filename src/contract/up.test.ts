import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, it, onTestFinished } from 'vitest';
import { askStatus } from '../cli/cluster-view.ts';
import { createClient } from '../client/client.ts';
import { textOf } from './call.ts';
import { type Dsm, startDsm } from './dsm.ts';
import { tell } from './load-fixture.ts';
import { until } from './until.ts';

interface UpCluster {
  readonly active: string;
  readonly masters: readonly string[];
  readonly nodes: readonly {
    readonly name: string;
    readonly role: string;
    readonly url: string;
    readonly pid: number;
    readonly restart: readonly string[];
  }[];
}

interface Up {
  readonly dsm: Dsm;
  readonly cluster: UpCluster;
}

function dataDir(): string {
  const directory = mkdtempSync(join(tmpdir(), 'dsm-contract-up-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Resolves when it says that it is ready. */
async function up(directory: string, flags: string): Promise<Up> {
  const words = `up --json --port-base 0 --exit-with-parent --ready-timeout-ms 60000 ${flags}`;
  const startMs = performance.now();
  const dsm = startDsm([...words.trim().split(' '), '--data-dir', directory]);
  onTestFinished(() => stop(dsm));
  const cluster = await until<UpCluster>('dsm up is ready', () => {
    if (dsm.process.exitCode !== null) throw new Error(dsm.stderr());
    if (dsm.stdout().endsWith('\n')) return JSON.parse(dsm.stdout());
    throw new Error(`it says ${dsm.stderr()}`);
  });
  tell(`${cluster.nodes.length} nodes ready after ${(performance.now() - startMs).toFixed(0)} ms`);
  return { dsm, cluster };
}

async function stop(dsm: Dsm): Promise<void> {
  dsm.process.kill('SIGINT');
  await dsm.ended;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it.each([
  [1, 0, 2],
  [1, 1, 3],
  [10, 1, 12],
  [3, 3, 7],
])(
  'dsm up --slaves %i --backups %i: %i voters, and a majority must hold a write',
  async (slaves, backups, voters) => {
    const { cluster } = await up(dataDir(), `--slaves ${slaves} --backups ${backups}`);
    const status = await askStatus(cluster.active);
    expect(cluster.nodes).toHaveLength(slaves + backups + 1);
    expect(status?.voters).toBe(voters);
    expect(status?.writeQuorumAcks).toBe(Math.floor(voters / 2));
    if (backups === 1) expect(status?.writeQuorumAcks).toBe(Math.ceil((slaves + 1) / 2));

    const client = createClient({ masters: cluster.masters });
    const { revision } = await client.put('up', 'value');
    for (const { url } of cluster.nodes) {
      expect(await textOf(url, 'up', `?min-revision=${revision}`)).toBe('value');
    }
  },
);

it('dsm up started again on the same directory has all its data; stopped, it leaves nothing', async () => {
  const directory = dataDir();
  const first = await up(directory, '--slaves 2');
  const client = createClient({ masters: first.cluster.masters });
  for (let number = 0; number < 50; number += 1) await client.put(`kept-${number}`, `v${number}`);
  await stop(first.dsm);
  expect(await first.dsm.ended).toBe(0);
  expect(first.cluster.nodes.filter(({ pid }) => isAlive(pid))).toEqual([]);

  const second = await up(directory, '--slaves 2');
  expect(second.cluster.masters).toEqual(first.cluster.masters);
  for (let number = 0; number < 50; number += 1) {
    expect((await client.get(`kept-${number}`))?.text()).toBe(`v${number}`);
  }
});
