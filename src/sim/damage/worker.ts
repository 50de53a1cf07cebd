/** One share of the work of `main.ts`, in a thread of its own. */
import { parentPort, workerData } from 'node:worker_threads';
import { type ImageOptions, makeImage } from './image.ts';
import { damageEverywhere, type Share, type WayName } from './ways.ts';

export interface Job {
  readonly image: ImageOptions;
  readonly way: WayName;
  readonly share: Share;
}

const { image, way, share } = workerData as Job;
parentPort?.postMessage(damageEverywhere(makeImage(image), way, { share }));
