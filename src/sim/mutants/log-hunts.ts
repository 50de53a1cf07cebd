/** Who looks for bugs of the file log: power cuts at any time, and damage everywhere. */
import fc from 'fast-check';
import { type ImageOptions, makeImage } from '../damage/image.ts';
import { damageEverywhere, wayNames } from '../damage/ways.ts';
import { logCommands } from '../log-arbitraries.ts';
import { LogModel } from '../log-model.ts';

function failureOf(run: () => void): string | null {
  try {
    run();
    return null;
  } catch (error) {
    return String((error as Error).stack);
  }
}

/** Some commands to a log, with power cuts among them; null where nothing answered was lost. */
export function huntLog(seed: number): string | null {
  const [commands = []] = fc.sample(logCommands, { seed, numRuns: 1 });
  const segmentBytesMax = [1, 400, 5000][seed % 3] ?? 1;
  const logAheadBytes = [0, 1000, 4000][Math.floor(seed / 3) % 3] ?? 0;
  const first = { segmentBytesMax, logAheadBytes };
  const second = { segmentBytesMax: 5001 - segmentBytesMax, logAheadBytes: 2000 };
  return failureOf(() => new LogModel(seed, [first, second]).run(commands));
}

const images: readonly ImageOptions[] = [
  { logBytes: 1500, segmentBytesMax: 1e6, isFresh: true },
  { logBytes: 1800, segmentBytesMax: 1e6 },
  { logBytes: 1800, segmentBytesMax: 700 },
  { logBytes: 2100, segmentBytesMax: 500, withSnapshots: true },
  { logBytes: 6000, segmentBytesMax: 1e6, valueBytes: [900] },
  { logBytes: 1800, segmentBytesMax: 700, isFresh: true },
  { logBytes: 1800, segmentBytesMax: 1e6, logAheadBytes: 2000 },
  { logBytes: 6000, segmentBytesMax: 1e6, logAheadBytes: 20_000, valueBytes: [900] },
];

/** One way to damage one log, everywhere; null where no harm was done. */
export function huntDamage(seed: number): string | null {
  const image = images[Math.floor((seed - 1) / wayNames.length) % images.length];
  const way = wayNames[(seed - 1) % wayNames.length];
  // Sectors are torn only where the last write has some.
  const isVoid = way === 'tears' && image?.valueBytes === undefined;
  if (image === undefined || way === undefined || isVoid) return null;
  return failureOf(() => damageEverywhere(makeImage(image), way));
}
