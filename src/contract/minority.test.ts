import { expect, it } from 'vitest';
import { DirectProbe } from './direct-probe.ts';
import { clusterForTest } from './fixture.ts';
import { expectProved, loadForTest, tell } from './load-fixture.ts';

/** By then the lease has ended and the master has stepped down, with the default times. */
const isolatedMs = 2500;
const probedMs = 4000;

it('a master that nobody answers acknowledges no write, and soon answers no read; what it took alone is lost without harm', async () => {
  const cluster = await clusterForTest();
  const load = await loadForTest(cluster);
  const old = await cluster.active();
  const epoch = (await old.status())?.epoch ?? 0;
  const others = cluster.nodes.filter((node) => node !== old);
  for (const node of others) node.pause();

  // Nobody can have acknowledged what is sent from here on.
  const probe = new DirectProbe(old.url, load.recorder, 'alone');
  const startMs = performance.now();
  const early = await probe.probeUntil(load.keys, () => performance.now() > startMs + isolatedMs);
  const late = await probe.probeUntil(load.keys, () => performance.now() > startMs + probedMs);
  const isWritten = ({ op, status }: (typeof early)[number]) => op === 'put' && status < 300;
  expect([...early, ...late].filter((answer) => isWritten(answer) && answer.status > 0)).toEqual(
    [],
  );
  expect(late.filter(({ status }) => status === 200 || status === 404)).toEqual([]);
  tell(`${early.length + late.length} direct calls of a master that nobody answers`);

  await old.kill();
  for (const node of others) node.resume();
  await load.firstAfterEpoch(epoch);
  old.start();
  await cluster.ready();
  await load.untilAcknowledged(50);
  await expectProved(load);
});
