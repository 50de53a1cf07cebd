import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { call, put } from './call.ts';
import { startDsm } from './dsm.ts';
import { clusterForTest, sharedCluster } from './fixture.ts';
import { until } from './until.ts';

const cluster = sharedCluster({ slaves: 0, backups: 0 });

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'dsm-contract-misuse-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

interface Refusal {
  readonly code: number | string;
  readonly stderr: string;
}

/** A node that must end by itself; what it says, and its exit code. */
async function refusalOf(words: readonly string[]): Promise<Refusal> {
  const dsm = startDsm([...words, '--exit-with-parent', '--log-format', 'json']);
  onTestFinished(async () => {
    dsm.process.kill('SIGKILL');
    await dsm.ended;
  });
  let code: Refusal['code'] | null = null;
  void dsm.ended.then((ended) => {
    code = ended;
  });
  // What it says instead of ending is what one wants to know where it does not.
  await until('it ends', () => {
    if (code !== null) return true;
    throw new Error(`it runs, and says ${dsm.stderr()}`);
  });
  return { code: await dsm.ended, stderr: dsm.stderr() };
}

/** The lines for people, which are no log lines. */
const told = ({ stderr }: Refusal) =>
  stderr
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('{'))
    .join('\n');

describe('a node that cannot start says why, in one sentence, and ends with an error', () => {
  it('where its port is taken', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    onTestFinished(() => void server.close());
    for (const verb of ['master', 'slave']) {
      const data = verb === 'master' ? ['--data-dir', temporaryDirectory()] : [];
      const refusal = await refusalOf([verb, '--port', String(port), ...data]);
      expect(refusal.code).toBe(3);
      expect(told(refusal)).toMatch(new RegExp(`^dsm ${verb}: .*port ${port} is taken: .+$`));
    }
  });

  it('where its data directory cannot be one', async () => {
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, '');
    const refusal = await refusalOf(['master', '--port', '0', '--data-dir', join(file, 'data')]);
    expect(refusal.code).toBe(3);
    expect(told(refusal)).toMatch(/^dsm master: Cannot lock the data directory .+\. .+$/);
    expect(refusal.stderr).not.toMatch(/^\s+at /m);
  });

  it('where it may not write to its data directory', async () => {
    // Nobody may, not even the superuser, who runs some of these tests.
    const refusal = await refusalOf(['master', '--port', '0', '--data-dir', '/sys/dsm-data']);
    expect(refusal.code).toBe(3);
    expect(told(refusal)).toMatch(/^dsm master: Cannot lock the data directory .+\. .+$/);
  });

  it('where another process works on its data directory', async () => {
    const directory = join(cluster().dataDir, 'master');
    const { pid } = cluster().node('master').child;
    const refusal = await refusalOf(['master', '--port', '0', '--data-dir', directory]);
    expect(refusal.code).toBe(3);
    expect(told(refusal)).toMatch(/^dsm master: The data directory .+ is in use by .+\. .+$/);
    expect(told(refusal)).toContain(String(pid));
    expect((await put(cluster().urls[0] ?? '', 'still', 'here')).status).toBe(201);
  });

  it('where its settings are wrong: all mistakes at once', async () => {
    const words = '--port 99999 --lease-ms x --placement best --data-dir'.split(' ');
    const refusal = await refusalOf(['master', ...words, temporaryDirectory()]);
    expect(refusal.code).toBe(2);
    for (const flag of ['--port 99999', '--lease-ms x', '--placement best', '--help']) {
      expect(told(refusal)).toContain(flag);
    }
  });

  it('where its times contradict each other', async () => {
    const words = ['--lease-ms', '5000', '--data-dir', temporaryDirectory()];
    const refusal = await refusalOf(['master', '--port', '0', ...words]);
    expect(refusal.code).toBe(2);
    expect(told(refusal)).toMatch(/--lease-ms \(5000\) < --failover-ms \(1000\)/);
  });

  it('where it would be reached by others without a secret', async () => {
    const words = ['--host', '0.0.0.0', '--data-dir', temporaryDirectory()];
    const refusal = await refusalOf(['master', '--port', '0', ...words]);
    expect(refusal.code).toBe(2);
    expect(told(refusal)).toContain('--cluster-secret-file');
  });
});

it('a first master says what it waits for before it founds a cluster', async () => {
  const data = temporaryDirectory();
  const words = ['--port', '0', '--masters', 'http://127.0.0.1:1', '--data-dir', data];
  const dsm = startDsm(['master', ...words, '--exit-with-parent', '--log-format', 'json']);
  onTestFinished(async () => {
    dsm.process.kill('SIGKILL');
    await dsm.ended;
  });
  const told = await until('it says so', () => {
    const lines = dsm.stderr().split('\n').slice(0, -1);
    return lines.find((line) => line.includes('waiting to found a cluster')) ?? null;
  });
  expect(told).toContain('--new-cluster');
  expect(JSON.parse(told).silent).toEqual(['http://127.0.0.1:1']);
});

describe('a node of another cluster', () => {
  it('as a master with data of its own says so and ends', async () => {
    // One of three voters: alone it cannot become active in the cluster that it comes from.
    const other = await clusterForTest({ slaves: 1 });
    await other.kill();
    const [masters = ''] = cluster().urls;
    const secret = join(cluster().dataDir, 'cluster.secret');
    const data = join(other.dataDir, 'backup-1');
    const words = ['--masters', masters, '--cluster-secret-file', secret, '--data-dir', data];
    const refusal = await refusalOf(['backup', '--port', '0', ...words]);
    expect(refusal.code).toBe(3);
    expect(told(refusal)).toMatch(/^dsm backup: The master at .+ belongs to cluster .+--masters/);
  });

  it('as a slave is refused, says so, and serves nobody', async () => {
    const first = await clusterForTest({ slaves: 1, backups: 0 });
    const { url } = first.node('slave-1');
    expect((await put(url, 'first', 'v')).status).toBe(201);
    await first.node('master').kill();
    // Another cluster at the place of the first one's master.
    rmSync(join(first.dataDir, 'master'), { recursive: true });
    first.node('master').start();
    const words = /belongs to another cluster|of another cluster/;
    await until('somebody says so', () => words.test(first.describe()));
    expect((await call(`${url}/readyz`)).status).toBe(503);
    expect((await call(`${url}/v1/kv/first`)).status).toBe(503);
  });

  it('with a wrong secret is refused', async () => {
    const secret = join(temporaryDirectory(), 'secret');
    writeFileSync(secret, 'not the secret of this cluster\n'.replaceAll(' ', '-'));
    const [masters = ''] = cluster().urls;
    const words = ['--port', '0', '--masters', masters, '--cluster-secret-file', secret];
    const dsm = startDsm(['slave', ...words, '--exit-with-parent', '--log-format', 'json']);
    onTestFinished(async () => {
      dsm.process.kill('SIGKILL');
      await dsm.ended;
    });
    await until('it says so', () => /secret/i.test(dsm.stderr() + dsm.stdout()));
    const { members } = (await cluster().node('master').status()) ?? {};
    expect(members).toHaveLength(1);
  });
});
