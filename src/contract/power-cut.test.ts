import { expect, it } from 'vitest';
import { clusterForTest } from './fixture.ts';
import { expectProved, loadForTest } from './load-fixture.ts';

it('power cut: after kill -9 of all processes at once every acknowledged write is there', async () => {
  const cluster = await clusterForTest();
  const load = await loadForTest(cluster);
  await load.untilAcknowledged(200);
  const before = await (await cluster.active()).status();
  await cluster.kill();

  // The slaves had everything in memory only: they come back as new, empty nodes.
  cluster.start();
  const active = await cluster.ready();
  expect(active.clusterId).toBe(before?.clusterId);
  expect(active.epoch).toBeGreaterThan(before?.epoch ?? 0);
  expect(active.voters).toBe(cluster.nodes.length);
  await load.untilAcknowledged(200);
  await expectProved(load);
});

it('a master alone has everything after kill -9', async () => {
  const cluster = await clusterForTest({ slaves: 0, backups: 0 });
  const load = await loadForTest(cluster, { clients: 4 });
  const [master] = cluster.masters;
  for (let round = 0; round < 3; round += 1) {
    await master?.kill();
    master?.start();
    await load.untilAcknowledged(100);
  }
  await expectProved(load);
});
