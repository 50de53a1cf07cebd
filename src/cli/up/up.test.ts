import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CliOptions } from '../testing/run-cli.ts';
import { isAlive, nodeOf, pidsOf, ready, Ups, untilGone } from '../testing/up-cluster.ts';

// With fake nodes: what is tested here is what runs around them.
vi.setConfig({ testTimeout: 60_000 });

let folder = '';
const ups = new Ups();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dsm-up-'));
});
afterEach(async () => {
  await ups.killAll();
  rmSync(folder, { recursive: true });
});

const up = (line: string, options: CliOptions = {}) =>
  ups.start(folder, line, { script: 'fake', ...options });

describe('dsm up', () => {
  it('starts a cluster, tells where it is, and leaves nothing running when it stops', async () => {
    const cli = up('--port-base 0 --slaves 2');
    const cluster = await ready(cli);
    const names = cluster.nodes.map(({ name }) => name);
    expect(names).toEqual(['master', 'backup-1', 'slave-1', 'slave-2']);
    expect(cluster.masters).toEqual(cluster.nodes.slice(0, 2).map(({ url }) => url));
    expect(cluster.active).toBe(cluster.nodes[0]?.url);
    for (const { url, log } of cluster.nodes) {
      expect((await fetch(`${url}/readyz`)).ok).toBe(true);
      expect(existsSync(log)).toBe(true);
    }
    expect(statSync(cluster.secretFile).mode & 0o777).toBe(0o600);
    cli.process.kill('SIGINT');
    expect(await cli.ended).toBe(0);
    expect(pidsOf(cluster).filter(isAlive)).toEqual([]);
    expect(cli.stderr()).toBe('');
  });

  it('has the same nodes at the same URLs when it is started again', async () => {
    const first = up('--port-base 0 --slaves 1');
    const before = await ready(first);
    first.process.kill('SIGKILL');
    const second = up('--slaves 2 --backups 0');
    const after = await ready(second);
    const urls = before.nodes.map(({ url }) => url);
    expect(after.nodes.slice(0, 3).map(({ url }) => url)).toEqual(urls);
    expect(after.nodes).toHaveLength(4);
    expect(second.stderr()).toContain('This cluster has 1 backups');
  });

  it('leaves nothing running when it is killed itself', async () => {
    const cli = up('--port-base 0 --slaves 1');
    const cluster = await ready(cli);
    cli.process.kill('SIGKILL');
    await untilGone(pidsOf(cluster));
  });

  it('ends with its parent where it was told so', async () => {
    const cli = up('--port-base 0 --slaves 0 --backups 0 --exit-with-parent');
    const cluster = await ready(cli);
    cli.process.stdin?.end();
    expect(await cli.ended).toBe(0);
    expect(pidsOf(cluster).filter(isAlive)).toEqual([]);
  });

  it('tells which node ended, how, and how to start it again', async () => {
    const cli = up('--port-base 0 --slaves 1');
    const cluster = await ready(cli);
    const slave = nodeOf(cluster, 'slave-1');
    process.kill(slave.pid, 'SIGKILL');
    await cli.printed(/Start it again/);
    const told = `slave-1 (${slave.url}, pid ${slave.pid}) was killed by SIGKILL.`;
    expect(cli.stderr()).toContain(told);
    expect(cli.stderr()).toContain(slave.restart.join(' '));
    const [executable = '', ...words] = slave.restart;
    const again = spawn(executable, words, { stdio: 'ignore' });
    while (
      !(await fetch(`${slave.url}/livez`).then(
        ({ ok }) => ok,
        () => false,
      ))
    ) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    again.kill('SIGTERM');
    await new Promise((resolve) => again.once('exit', resolve));
  });

  it('ends when every node has ended', async () => {
    const cli = up('--port-base 0 --slaves 0 --backups 0');
    const cluster = await ready(cli);
    for (const pid of pidsOf(cluster)) process.kill(pid, 'SIGKILL');
    expect(await cli.ended).toBe(3);
    expect(cli.stderr()).toContain('every node has ended');
  });
});

describe('dsm up does not stay half started', () => {
  it('where a node fails at start', async () => {
    const cli = up('--port-base 0 --slaves 1', { variables: { FAKE_FAIL: 'slave' } });
    expect(await cli.ended).toBe(3);
    expect(cli.stdout()).toBe('');
    expect(cli.stderr()).toContain('dsm up: slave-1 ended with exit code 3 before the cluster was');
    expect(cli.stderr()).toContain('dsm slave: the log is damaged at byte 17');
  });

  it('where the nodes do not get ready in time', async () => {
    const cli = up('--port-base 0 --slaves 0 --ready-timeout-ms 1');
    expect(await cli.ended).toBe(3);
    expect(cli.stderr()).toMatch(/^dsm up: not ready after 1 ms: .* yet; see .*node-master\.log/);
  });

  it('where a port is in use', async () => {
    const first = up('--port-base 0 --slaves 0 --backups 0');
    const { active } = await ready(first);
    const { port } = new URL(active);
    const other = join(folder, 'other');
    const cli = up(`--slaves 0 --backups 0 --port-base ${port} --data-dir ${other}`);
    expect(await cli.ended).toBe(3);
    expect(cli.stderr()).toContain(`a port is in use: ${port} (master)`);
    expect(existsSync(join(other, 'cluster.json'))).toBe(false);
  });
});

describe('dsm up on another runtime', () => {
  it.each(['bun', 'deno'])('%s runs the nodes, and they end with their parent', async (runtime) => {
    const cli = up(`--port-base 0 --slaves 1 --backups 0 --runtime ${runtime}`);
    const cluster = await ready(cli);
    expect(cluster.runtime).toBe(runtime);
    cli.process.kill('SIGKILL');
    await untilGone(pidsOf(cluster));
    const again = up('--slaves 1');
    expect((await ready(again)).runtime).toBe(runtime);
    again.process.kill('SIGTERM');
    expect(await again.ended).toBe(0);
  });
});
