/** Runs a node as a process: stops it on a signal, or when its parent is gone, or when it fails. */
import process from 'node:process';
import type { RunningNode } from '../runtime/config.ts';
import { letHeapGrow } from '../runtime/heap-growth.ts';

/** Stopping cleanly may take so long; then the process ends all the same. */
const stopMsMax = 5000;
/** A node that is still starting when it is to stop may take so long to get there. */
const startGraceMs = 1000;

/** 0 after a stop that was asked for; throws what ended the node. */
export async function runNode(
  exitWithParent: boolean,
  start: () => Promise<RunningNode>,
): Promise<number> {
  letHeapGrow();
  const stopAsked = onStopRequest(exitWithParent);
  const givenUp = stopAsked.then(() => delay(startGraceMs)).then(() => null);
  const node = await Promise.race([start(), givenUp]);
  // Nothing was promised to anybody yet, and a node must survive being killed anyway.
  if (node === null) return 0;
  try {
    await Promise.race([node.ended, stopAsked]);
  } finally {
    await Promise.race([node.stop(), delay(stopMsMax)]);
  }
  return 0;
}

/** Resolves at the first request; a second one ends the process at once. */
function onStopRequest(exitWithParent: boolean): Promise<void> {
  return new Promise((resolve) => {
    let isAsked = false;
    const ask = () => {
      if (isAsked) process.exit(1);
      isAsked = true;
      resolve();
    };
    process.on('SIGTERM', ask);
    if (!exitWithParent) {
      process.on('SIGINT', ask);
      return;
    }
    // Ctrl+C reaches the whole foreground group; here the parent decides what it means.
    process.on('SIGINT', () => {});
    onParentGone(resolve);
  });
}

/** The other end of standard input is held by the parent, and closes however the parent ends. */
export function onParentGone(callback: () => void): void {
  process.stdin.on('end', callback);
  process.stdin.on('close', callback);
  process.stdin.on('error', callback);
  process.stdin.resume();
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
