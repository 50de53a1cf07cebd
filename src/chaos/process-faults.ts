/** Processes that die, and processes that stand still. */
import { type Fault, faultOf, namesOf, pickTargets, type Stage } from './fault.ts';

const deadMs = [200, 2500] as const;
type Range = readonly [low: number, high: number];

/**
 * Shorter than a takeover takes; just longer, so that an active master wakes up with a successor
 * before it would step down by itself (`stepDownMs`); and so long that it does.
 */
const shortPauseMs: Range = [200, 800];
const exactPauseMs: Range = [1150, 1500];
const longPauseMs: Range = [2500, 6000];

export function kill(stage: Stage): Fault {
  const targets = pickTargets(stage);
  return faultOf({
    title: `kill -9 of ${namesOf(targets, stage)}`,
    targets,
    lastsMs: stage.random.integer(...deadMs),
    losesActive: targets.includes(stage.active),
    begin: async () => {
      await Promise.all(targets.map((node) => node.kill()));
    },
    end: () => {
      for (const node of targets) if (!node.isRunning) node.start();
    },
  });
}

/** A master that wakes up must not believe that it still is what it was: it is asked at once. */
export function pauseProcesses(stage: Stage): Fault {
  const { active, random } = stage;
  const targets = pickTargets(stage);
  const range = random.pick([shortPauseMs, exactPauseMs, longPauseMs, longPauseMs]);
  const lastsMs = random.integer(...range);
  let isOver = false;
  let probing = Promise.resolve();
  return faultOf({
    title: `SIGSTOP of ${namesOf(targets, stage)} for ${lastsMs} ms`,
    targets,
    lastsMs,
    losesActive: range === longPauseMs && targets.includes(active),
    begin: () => {
      for (const node of targets) node.pause();
      if (targets.includes(active)) probing = stage.probe(active, () => isOver);
    },
    end: async () => {
      for (const node of targets) node.resume();
      isOver = true;
      await probing;
    },
  });
}
