import { expect, it } from 'vitest';
import { answersTo, DirectProbe, type Probed } from './direct-probe.ts';
import { clusterForTest } from './fixture.ts';
import { expectProved, loadForTest, tell } from './load-fixture.ts';
import { pause, until } from './until.ts';

const pausedMs = 10_000;

const isDone = ({ status }: Probed) => status === 200 || status === 201 || status === 404;

it('a master that stood still for 10 s answers no stale read and gets no write acknowledged in its old epoch', async () => {
  const cluster = await clusterForTest();
  const load = await loadForTest(cluster);
  const old = await cluster.active();
  const epoch = (await old.status())?.epoch ?? 0;
  const resumeAtMs = performance.now() + pausedMs;
  old.pause();
  const first = await load.firstAfterEpoch(epoch);
  tell(`first acknowledged write in epoch ${first.epoch}, after ${epoch}`);

  // Asked while it stands still, and while others write to its successor …
  const probe = new DirectProbe(old.url, load.recorder, 'direct');
  const early = await probe.sendAll(load.keys);
  await load.untilAcknowledged(200);
  await pause(Math.max(0, resumeAtMs - performance.now()));
  // … and from the moment when it goes on until it has taken its new place.
  old.resume();
  const acknowledged = load.acknowledged.length;
  const isOver = () => load.acknowledged.length > acknowledged + 100;
  const probed = [...(await answersTo(early)), ...(await probe.probeUntil(load.keys, isOver))];
  expect(probed.filter((answer) => isDone(answer) && !(answer.epoch > epoch))).toEqual([]);
  const done = probed.filter(isDone).length;
  tell(`${probed.length} direct calls of the old master, ${done} done in a later epoch`);

  await cluster.ready();
  expect((await old.status())?.state).toBe('standby');
  await expectProved(load);
});

it('one of three slaves that stands still stops no write, is removed, and comes back', async () => {
  const cluster = await clusterForTest({ flags: ['--remove-ms', '2000'] });
  const load = await loadForTest(cluster);
  const active = await cluster.active();
  const slave = cluster.node('slave-2');
  const { nodeId } = (await slave.status()) ?? {};
  slave.pause();
  const pausedFromMs = performance.now();
  await until('the slave is removed', async () => {
    const members = (await active.status())?.members ?? [];
    return members.length > 0 && !members.some((member) => member.nodeId === nodeId);
  });
  await load.untilAcknowledged(100);
  const times = load.acknowledged.flatMap(({ calledMs, atMs }) =>
    calledMs > pausedFromMs ? [atMs - calledMs] : [],
  );
  tell(`longest of ${times.length} writes meanwhile ${Math.max(...times).toFixed(0)} ms`);
  expect((await active.status())?.voters).toBe(4);

  slave.resume();
  expect((await cluster.ready()).voters).toBe(5);
  expect(await cluster.active()).toBe(active);
  await load.untilAcknowledged(50);
  await expectProved(load);
});
