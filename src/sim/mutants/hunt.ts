/**
 * Runs the seeds of one hunter until one fails, in the copy of the sources where this file lies, and
 * says so in a line of JSON: `node hunt.ts HUNTER SEEDS`. Started by `run-mutant.ts`.
 */
import { isProfileName } from '../profiles.ts';
import { runSeed } from '../run-seed.ts';
import { runWalk } from '../walk/walk.ts';

/** What `hunt.ts` prints. */
export interface Catch {
  /** Seeds run; the last one failed, if any did. */
  readonly seeds: number;
  /** null where no seed failed. */
  readonly failure: string | null;
}

async function hunt(hunter: string, seeds: number): Promise<Catch> {
  for (let seed = 1; seed <= seeds; seed += 1) {
    const failure = await run(hunter, seed);
    if (failure !== null) return { seeds: seed, failure };
  }
  return { seeds, failure: null };
}

async function run(hunter: string, seed: number): Promise<string | null> {
  if (hunter === 'walk') return runWalk(seed, 'orders').failure;
  if (hunter === 'lease-walk') return runWalk(seed, 'leases').failure;
  if (!isProfileName(hunter)) throw new RangeError(`there is no profile ${hunter}`);
  return (await runSeed({ seed, profile: hunter })).failure;
}

const [hunter = '', seeds = ''] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(await hunt(hunter, Number(seeds)))}\n`);
