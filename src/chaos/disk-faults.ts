/** Disks that fail, fill up, rot, are slow, or lose their power. */
import type { ContractNode } from '../contract/contract-node.ts';
import { pause, until } from '../contract/until.ts';
import { diskOf, type Fault, faultOf, namesOf, type Stage, standbyOf } from './fault.ts';
import { SystemCalls } from './system-calls.ts';

/** A node ends itself at the first failed call (DESIGN.md §5 rule 13), which comes soon under load. */
const endsWithinMs = 10_000;

const pickMaster = (stage: Stage): ContractNode =>
  stage.random.chance(0.6) ? stage.active : standbyOf(stage);

export function failDisk(stage: Stage): Fault {
  const { random, active, canTrace } = stage;
  const node = pickMaster(stage);
  if (!canTrace || random.chance(0.4)) return damageLog(stage, node);
  const isFull = random.chance(0.3);
  let calls: SystemCalls | null = null;
  return faultOf({
    title: `disk: ${isFull ? 'no space for' : 'failing syncs of'} ${namesOf([node], stage)}`,
    targets: [node],
    lastsMs: random.integer(200, 2500),
    losesActive: node === active,
    begin: async () => {
      const { pid } = node.child;
      calls = isFull
        ? SystemCalls.fillDisk(pid, diskOf(stage, node).logFiles())
        : SystemCalls.failSyncs(pid);
      await until(`${node.name} ends at a failed disk`, () => !node.isRunning, endsWithinMs);
    },
    end: async () => {
      await calls?.release();
      if (!node.isRunning) node.start();
    },
  });
}

/**
 * One bit of the log or the snapshots of a master that does not run. Either the bit is of no use to
 * anybody, or the node says that it is damaged and does not start; then it gets an empty disk.
 */
function damageLog(stage: Stage, node: ContractNode): Fault {
  const { cluster, random, active } = stage;
  const disk = diskOf(stage, node);
  const others = cluster.nodes.filter((other) => other !== node);
  return faultOf({
    title: `disk: a flipped bit in the log of ${namesOf([node], stage)}`,
    targets: [node],
    lastsMs: 0,
    losesActive: node === active,
    needsRest: true,
    begin: () => node.kill(),
    end: async () => {
      // What it alone holds may be gone with it: first the others must not need it any more.
      await cluster.ready(others);
      disk.flipBit(random);
      node.start();
      await until(`${node.name} is ready or refuses its log`, async () => {
        return !node.isRunning || (await node.status())?.state === 'standby';
      });
      if (node.isRunning) return;
      disk.replace();
      node.start();
    },
  });
}

export function slowSyncs(stage: Stage): Fault {
  const { random } = stage;
  const node = pickMaster(stage);
  const delayMs = random.integer(30, 900);
  const lastsMs = random.integer(1000, 4000);
  let calls: SystemCalls | null = null;
  return faultOf({
    title: `disk: syncs of ${namesOf([node], stage)} take ${delayMs} ms longer for ${lastsMs} ms`,
    lastsMs,
    begin: () => {
      calls = SystemCalls.slowSyncs(node.child.pid, delayMs);
    },
    end: () => calls?.release(),
  });
}

/** A power cut of every machine, or of that of one master. */
export function cutPower(stage: Stage): Fault {
  const { cluster, random, active } = stage;
  const isOne = random.chance(0.4);
  const targets = isOne ? [pickMaster(stage)] : cluster.nodes;
  const masters = targets.filter(({ verb }) => verb !== 'slave');
  return faultOf({
    title: `power cut of ${isOne ? namesOf(targets, stage) : 'all machines'}`,
    targets,
    lastsMs: random.integer(0, 1500),
    leavesQuorum: isOne,
    losesActive: targets.includes(active),
    needsRest: true,
    begin: async () => {
      for (const node of masters) diskOf(stage, node).cutPower();
      await Promise.all(targets.map((node) => node.kill()));
      for (const node of masters) diskOf(stage, node).unmount();
    },
    end: async () => {
      for (const node of masters) diskOf(stage, node).mount();
      for (const node of targets) {
        node.start();
        // Machines do not come back at the same moment.
        await pause(random.integer(0, 100));
      }
    },
  });
}
