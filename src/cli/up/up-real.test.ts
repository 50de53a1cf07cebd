import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { callCli } from '../testing/call-cli.ts';
import { isAlive, nodeOf, pidsOf, ready, type UpCluster, Ups } from '../testing/up-cluster.ts';

vi.setConfig({ testTimeout: 120_000 });

let folder = '';
const ups = new Ups();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dsm-real-'));
});
afterEach(async () => {
  await ups.killAll();
  rmSync(folder, { recursive: true });
});

const up = (line: string) => ups.start(folder, line, { script: 'real' });
const dsm = (line: string, { masters }: UpCluster) =>
  callCli(`${line} --timeout-ms 30000 --masters ${masters.join(',')}`);

describe('a real cluster', () => {
  it('failover: what was written is there after the active master was killed', async () => {
    const cli = up('--port-base 0 --slaves 2');
    const cluster = await ready(cli);
    expect(cluster.active).toBe(nodeOf(cluster, 'master').url);
    expect(await dsm('write k v', cluster)).toMatchObject({ code: 0 });
    process.kill(nodeOf(cluster, 'master').pid, 'SIGKILL');
    expect(await dsm('read k', cluster)).toEqual({ code: 0, stdout: 'v', stderr: '' });
    expect(await dsm('write k w --if-present', cluster)).toMatchObject({ code: 0 });
    const { active } = JSON.parse((await dsm('status --json', cluster)).stdout);
    expect(active).toBe(cluster.masters[1]);
    cli.process.kill('SIGINT');
    expect(await cli.ended).toBe(0);
    expect(pidsOf(cluster).filter(isAlive)).toEqual([]);
  });

  it('has all its data when it is started again, also with fewer slaves', async () => {
    const first = up('--port-base 0 --slaves 3');
    const before = await ready(first);
    expect(await dsm('write k v', before)).toMatchObject({ code: 0 });
    first.process.kill('SIGKILL');
    const second = up('--slaves 1');
    const after = await ready(second);
    expect(after.masters).toEqual(before.masters);
    expect(await dsm('read k', after)).toMatchObject({ code: 0, stdout: 'v' });
    expect(await dsm('write k w', after)).toMatchObject({ code: 0 });
    second.process.kill('SIGTERM');
    expect(await second.ended).toBe(0);
  });

  it('lets its administrator hand over and look', async () => {
    const cluster = await ready(up('--port-base 0 --slaves 1'));
    const handedOff = await dsm(
      `admin handoff ${cluster.masters[1]} --cluster-secret-file ${cluster.secretFile}`,
      cluster,
    );
    expect(handedOff).toMatchObject({ code: 0, stderr: '' });
    const { stdout } = await dsm('status', cluster);
    expect(stdout).toContain(`${cluster.masters[1]} is active`);
    expect((await dsm('admin members', cluster)).stdout.match(/voter/g)).toHaveLength(3);
    const remove = await dsm(`admin remove ${cluster.nodes[2]?.url}`, cluster);
    expect(remove.code).toBe(2);
    expect(remove.stderr).toContain('401');
  });
});
