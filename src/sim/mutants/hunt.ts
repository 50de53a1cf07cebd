/**
 * Runs the seeds of one hunter until one fails, in the copy of the sources where this file lies, and
 * says so in a line of JSON: `node hunt.ts HUNTER SEEDS`. Started by `run-mutant.ts`.
 */
import { isProfileName } from '../profiles.ts';
import { runSeed } from '../run-seed.ts';
import { runLeaseEdge } from '../walk/lease-edge.ts';
import { runTails } from '../walk/tails.ts';
import { runWalk } from '../walk/walk.ts';
import { huntDamage, huntLog } from './log-hunts.ts';

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
  switch (hunter) {
    case 'walk':
      return runWalk(seed, 'orders').failure;
    case 'lease-walk':
      return runWalk(seed, 'leases').failure;
    case 'lease-edge':
      return runLeaseEdge(seed).failure;
    case 'tails':
      return runTails(seed).failure;
    case 'log-crashes':
      return huntLog(seed);
    case 'log-damage':
      return huntDamage(seed);
    default:
      if (!isProfileName(hunter)) throw new RangeError(`there is no profile ${hunter}`);
      return (await runSeed({ seed, profile: hunter })).failure;
  }
}

const [hunter = '', seeds = ''] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(await hunt(hunter, Number(seeds)))}\n`);
