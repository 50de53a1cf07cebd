/** What the guide for operators (src/docs/operations.md) says of nodes that come, move and go. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { expectWritten, put, textOf } from './call.ts';
import type { Cluster } from './cluster.ts';
import { type Dsm, startDsm } from './dsm.ts';
import { clusterForTest } from './fixture.ts';
import { contractRuntime } from './runtimes.ts';
import { until } from './until.ts';

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'dsm-operations-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const secretOf = ({ dataDir }: Cluster) => [
  '--cluster-secret-file',
  join(dataDir, 'cluster.secret'),
];

/** Runs `dsm` to its end; it must succeed. */
async function dsm(...words: readonly string[]): Promise<void> {
  const running = startDsm(words);
  running.process.stdin?.end();
  expect([await running.ended, running.stderr()]).toEqual([0, '']);
}

/** A backup that is not of the plan of the cluster, on a free port. */
function startBackup(cluster: Cluster, dataDir: string): Dsm {
  const words = ['--port', '0', '--masters', cluster.masterUrls.join(','), '--data-dir', dataDir];
  const how = ['--exit-with-parent', '--log-format', 'json', ...secretOf(cluster)];
  const backup = startDsm(['backup', ...words, ...how]);
  onTestFinished(async () => {
    backup.process.kill('SIGKILL');
    await backup.ended;
  });
  return backup;
}

/** What the active master says of the voters that are masters and are not of the plan. */
async function newcomers(cluster: Cluster) {
  const status = await (await cluster.active()).status();
  const members = status?.members ?? [];
  return members.filter(
    ({ role, url, voter }) => role === 'master' && voter && !cluster.masterUrls.includes(url),
  );
}

// What happens is the same on every runtime: the other tests of this suite are about those.
describe.runIf(contractRuntime() === 'node')('as the guide for operators says', () => {
  it('a backup is added, moves with its data to another URL, and is taken out', async () => {
    const cluster = await clusterForTest({ slaves: 1 });
    const dataDir = temporary();
    const backup = startBackup(cluster, dataDir);
    const added = await until('it votes', async () => (await newcomers(cluster))[0] ?? null);

    backup.process.kill('SIGTERM');
    expect(await backup.ended).toBe(0);
    const moved = startBackup(cluster, dataDir);
    const { url } = await until('it votes at its new URL', async () => {
      const found = (await newcomers(cluster)).find(({ nodeId }) => nodeId === added.nodeId);
      return found === undefined || found.url === added.url ? null : found;
    });

    moved.process.kill('SIGTERM');
    await moved.ended;
    const masters = cluster.masterUrls.join(',');
    await dsm('admin', 'remove', url, '--masters', masters, ...secretOf(cluster));
    await until('it is out', async () => (await newcomers(cluster)).length === 0);
    expect((await cluster.ready()).voters).toBe(cluster.nodes.length);
  });

  it('what the only master had when its disk was lost is saved from a slave', async () => {
    const cluster = await clusterForTest({ slaves: 1, backups: 0 });
    const [slave = ''] = cluster.slaves.map(({ url }) => url);
    expectWritten(await put(slave, 'kept', 'by the slave'));
    await cluster.settled();
    const master = cluster.node('master');
    await master.kill();
    const dataDir = join(cluster.dataDir, 'master');
    rmSync(dataDir, { recursive: true });

    const file = join(temporary(), 'last.snapshot');
    const how = ['--consistency', 'stale', '--masters', slave, ...secretOf(cluster)];
    await dsm('snapshot', 'save', file, ...how);
    await cluster.kill();
    await dsm('snapshot', 'restore', file, '--data-dir', dataDir, '--advertise', master.url);
    cluster.start();
    await cluster.ready();
    for (const url of cluster.urls) expect(await textOf(url, 'kept')).toBe('by the slave');
  });
});
