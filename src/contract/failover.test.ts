import { expect, it } from 'vitest';
import type { Cluster } from './cluster.ts';
import type { ContractNode } from './contract-node.ts';
import { clusterForTest } from './fixture.ts';
import { expectProved, loadForTest, tell } from './load-fixture.ts';

/** Far more than it takes, and far less than for ever: the machine may be busy. */
const takeoverMsMax = 15_000;

async function epochOf(node: ContractNode): Promise<number> {
  return (await node.status())?.epoch ?? 0;
}

/** Kills the active master; resolves with it when somebody else has acknowledged a write. */
async function killActive(cluster: Cluster, load: Awaited<ReturnType<typeof loadForTest>>) {
  const old = await cluster.active();
  const epoch = await epochOf(old);
  const killedMs = performance.now();
  await old.kill();
  const first = await load.firstAfterEpoch(epoch);
  const takeoverMs = first.atMs - killedMs;
  tell(`first acknowledged write ${takeoverMs.toFixed(0)} ms after kill -9 of the active master`);
  expect(takeoverMs).toBeLessThan(takeoverMsMax);
  return old;
}

it('failover: clients go on by themselves after kill -9 of the active master', async () => {
  const cluster = await clusterForTest();
  const load = await loadForTest(cluster);
  const old = await killActive(cluster, load);
  await load.untilAcknowledged(200);

  old.start();
  await cluster.ready();
  expect((await old.status())?.state).toBe('standby');
  expect(await cluster.active()).not.toBe(old);
  await load.untilAcknowledged(200);

  // And back again: the one that was killed must have all that was written without it.
  const second = await killActive(cluster, load);
  expect(await cluster.active()).toBe(old);
  second.start();
  await cluster.ready();
  await load.untilAcknowledged(100);
  await expectProved(load);
});

it('kill -9 of the backup and of each slave in turn stops no client', async () => {
  const cluster = await clusterForTest();
  const load = await loadForTest(cluster);
  const active = await cluster.active();
  for (const node of [cluster.node('backup-1'), ...cluster.slaves]) {
    await node.kill();
    await load.untilAcknowledged(100);
    node.start();
    await cluster.ready();
    await load.untilAcknowledged(50);
  }
  expect(await cluster.active()).toBe(active);
  await expectProved(load);
});
