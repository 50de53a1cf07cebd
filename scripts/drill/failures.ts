/** Drills in which processes die or stand still under load, and everything is checked afterwards. */
import { type Cluster, startCluster } from '../../src/contract/cluster.ts';
import { answersTo, DirectProbe } from '../../src/contract/direct-probe.ts';
import { Load } from '../../src/contract/load.ts';
import { percentile } from '../../src/contract/percentile.ts';
import type { ContractRuntime } from '../../src/contract/runtimes.ts';
import { pause, until } from '../../src/contract/until.ts';
import { describeTimes, type Finding } from './finding.ts';

const pausedMs = 10_000;
const firstWriteMsMax = 3000;
/** The default of `hedgeMs`, and what a write takes on a machine that has more to do than this. */
const hedgedWriteMsMax = 250;

/** Runs `drill` on a cluster under load; proves the load; leaves nothing behind. */
async function underLoad(
  runtime: ContractRuntime,
  drill: (cluster: Cluster, load: Load) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  const cluster = await startCluster({ runtime });
  const load = new Load(cluster);
  try {
    await load.untilAcknowledged(300);
    const findings = await drill(cluster, load);
    await load.untilAcknowledged(300);
    return [...findings, await proof(load)];
  } finally {
    await load.stop();
    await cluster.close();
  }
}

async function proof(load: Load): Promise<Finding> {
  const { operations, acknowledged, unknown, found } = await load.prove();
  return {
    title: '… every acknowledged write is there, some order explains all answers, equal states',
    figure: `${operations} calls, ${acknowledged + found} acknowledged, ${unknown} unknown`,
    goal: 'no objection of any checker',
    isMet: true,
  };
}

export function killActiveMaster(
  runtime: ContractRuntime,
  kills: number,
): Promise<readonly Finding[]> {
  return underLoad(runtime, async (cluster, load) => {
    const timesMs: number[] = [];
    for (let kill = 0; kill < kills; kill += 1) {
      const old = await cluster.active();
      const epoch = (await old.status())?.epoch ?? 0;
      const killedMs = performance.now();
      await old.kill();
      timesMs.push((await load.firstAfterEpoch(epoch)).atMs - killedMs);
      old.start();
      await cluster.ready();
      await load.untilAcknowledged(100);
    }
    return [
      {
        title: 'kill -9 of the active master: first acknowledged write',
        figure: describeTimes(timesMs),
        goal: `≤ ${firstWriteMsMax} ms`,
        isMet: percentile(timesMs, 1) <= firstWriteMsMax,
      },
    ];
  });
}

export function cutPower(runtime: ContractRuntime, cuts: number): Promise<readonly Finding[]> {
  return underLoad(runtime, async (cluster, load) => {
    const timesMs: number[] = [];
    for (let cut = 0; cut < cuts; cut += 1) {
      const epoch = (await (await cluster.active()).status())?.epoch ?? 0;
      await cluster.kill();
      const startedMs = performance.now();
      cluster.start();
      timesMs.push((await load.firstAfterEpoch(epoch)).atMs - startedMs);
      await cluster.ready();
      await load.untilAcknowledged(100);
    }
    const title = 'kill -9 of all processes at once, started again: first acknowledged write';
    return [{ title, figure: describeTimes(timesMs), goal: 'nothing lost', isMet: true }];
  });
}

export function pauseActiveMaster(runtime: ContractRuntime): Promise<readonly Finding[]> {
  return underLoad(runtime, async (cluster, load) => {
    const old = await cluster.active();
    const epoch = (await old.status())?.epoch ?? 0;
    const resumeAtMs = performance.now() + pausedMs;
    old.pause();
    await load.firstAfterEpoch(epoch);
    const probe = new DirectProbe(old.url, load.recorder, 'direct');
    const early = await probe.sendAll(load.keys);
    await pause(Math.max(0, resumeAtMs - performance.now()));
    old.resume();
    const untilMs = performance.now() + 2000;
    const late = await probe.probeUntil(load.keys, () => performance.now() > untilMs);
    const probed = [...(await answersTo(early)), ...late];
    const isOld = (answer: { status: number; epoch: number }) =>
      [200, 201, 404].includes(answer.status) && !(answer.epoch > epoch);
    const reads = probed.filter((answer) => answer.op === 'get' && isOld(answer)).length;
    const writes = probed.filter((answer) => answer.op === 'put' && isOld(answer)).length;
    await cluster.ready();
    return [
      {
        title: 'SIGSTOP of the active master for 10 s: served by it in its old epoch',
        figure: `${reads} reads, ${writes} writes of ${probed.length} calls made of it directly`,
        goal: '0 and 0',
        isMet: reads + writes === 0,
      },
    ];
  });
}

export function pauseSlave(runtime: ContractRuntime): Promise<readonly Finding[]> {
  return underLoad(runtime, async (cluster, load) => {
    const active = await cluster.active();
    const slave = cluster.node('slave-2');
    const { nodeId } = (await slave.status()) ?? {};
    const before = writeTimesMs(load, 0);
    const pausedAtMs = performance.now();
    slave.pause();
    await until('the slave is removed', async () => {
      const members = (await active.status())?.members ?? [];
      return members.length > 0 && !members.some((member) => member.nodeId === nodeId);
    });
    const removedMs = performance.now() - pausedAtMs;
    const during = writeTimesMs(load, pausedAtMs);
    slave.resume();
    const resumedMs = performance.now();
    await cluster.ready();
    const backMs = performance.now() - resumedMs;
    return [
      {
        title: 'SIGSTOP of one of three slaves: writes meanwhile',
        figure: `${describeTimes(during)}; before ${describeTimes(before)}`,
        goal: `at most a hedge longer; ≤ ${hedgedWriteMsMax} ms`,
        isMet: percentile(during, 1) <= hedgedWriteMsMax,
      },
      {
        title: '… it is removed, and back after SIGCONT',
        figure: `after ${removedMs.toFixed(0)} ms, and ${backMs.toFixed(0)} ms`,
        goal: 'both happen',
        isMet: true,
      },
    ];
  });
}

function writeTimesMs(load: Load, calledFromMs: number): number[] {
  return load.acknowledged.flatMap(({ calledMs, atMs }) =>
    calledMs >= calledFromMs ? [atMs - calledMs] : [],
  );
}
