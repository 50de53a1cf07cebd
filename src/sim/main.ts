/** `npm run sim`: runs seeds, one after the other, and says which ones broke a rule. */
import { parseArgs } from 'node:util';
import type { Logger } from '../ports/logger.ts';
import { describeFault } from './faults.ts';
import { isProfileName, type ProfileName, profileNames } from './profiles.ts';
import { type RunReport, runSeed } from './run-seed.ts';
import { shrink } from './shrink.ts';
import { Sweep } from './sweep.ts';
import type { Tell } from './trace.ts';

const usage = `npm run sim -- [--seeds 100] [--from 1] [--minutes M] [--profile NAME] [--json]
npm run sim -- --replay SEED [--profile NAME] [--trace] [--shrink]

--seeds N     so many seeds; without it and with --minutes, as many as there is time for
--minutes M   no further seed is begun after M minutes
--json        a line for each seed with its trace hash, then the summary as one line
--replay      runs one seed again and says what it found
--trace       … and tells the story: faults, calls between nodes, what they logged, operations
--shrink      … and leaves out faults for as long as the same rule is broken

Profiles: ${profileNames.join(', ')}.
Exit codes: 0 every rule held; 1 a seed failed; 2 usage.`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    profile: { type: 'string', default: 'default' },
    replay: { type: 'string' },
    trace: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Failures printed in full. */
const shownMax = 5;
const seedsDefault = 100;

function refuse(why: string): never {
  process.stderr.write(`${why}\n${usage}\n`);
  process.exit(2);
}

function parseCount(name: string, text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 0) return count;
  return refuse(`--${name} must be a whole number, not ${text}`);
}

function parseMinutes(text: string): number {
  const minutes = Number(text);
  return minutes > 0 ? minutes : refuse(`--minutes must be a positive number, not ${text}`);
}

function parseProfile(name: string): ProfileName {
  return isProfileName(name) ? name : refuse(`There is no profile ${name}`);
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** What a node logs, between the lines of the story. */
function teller(tell: Tell): (name: string) => Logger {
  return (name) => {
    const say =
      (level: string) =>
      (message: string, fields: object = {}) =>
        tell(`${' '.repeat(11)} ${name} ${level}: ${message} ${JSON.stringify(fields)}`);
    return { debug() {}, info: say('info'), warn: say('warn'), error: say('error') };
  };
}

async function replay(seed: number, profile: ProfileName): Promise<number> {
  const told = values.trace ? { tell: print, logger: teller(print) } : {};
  const report = await runSeed({ seed, profile, ...told });
  const { failure, operations, traceHash } = report;
  print(`seed ${seed}: ${failure ?? `held, ${operations} operations`}, trace ${traceHash}`);
  if (failure === null) return 0;
  if (values.shrink) await printShrunk(report);
  return 1;
}

async function printShrunk(report: RunReport): Promise<void> {
  const { faults, runs } = await shrink(report);
  print(`${faults.length} of ${report.plan.length} faults are enough (${runs} runs):`);
  for (const fault of faults) print(`  ${describeFault(fault)}`);
  print(`To keep it, in regressions.ts:\n${JSON.stringify({ ...keptOf(report), faults })}`);
}

function keptOf({ seed, profile, rule }: RunReport) {
  return { seed, profile, rule };
}

async function sweep(from: number, profile: ProfileName): Promise<number> {
  const { minutes, seeds = minutes === undefined ? String(seedsDefault) : undefined } = values;
  const count = seeds === undefined ? Number.POSITIVE_INFINITY : parseCount('seeds', seeds);
  const limitMs = minutes === undefined ? Number.POSITIVE_INFINITY : parseMinutes(minutes) * 60_000;
  const sweep = new Sweep(profile, from);
  for (let seed = from; seed < from + count && sweep.elapsedMs < limitMs; seed += 1) {
    const report = await runSeed({ seed, profile });
    sweep.add(report);
    if (values.json)
      print(JSON.stringify({ seed, traceHash: report.traceHash, rule: report.rule }));
    if (report.failure !== null) onFailure(report, sweep.failed.length);
  }
  print(JSON.stringify(sweep.summary(), null, values.json ? 0 : 2));
  return sweep.failed.length === 0 ? 0 : 1;
}

function onFailure({ seed, profile, failure }: RunReport, failures: number): void {
  if (failures > shownMax) return;
  const replayed = `npm run sim -- --replay ${seed} --profile ${profile} --shrink`;
  process.stderr.write(`seed ${seed} failed: ${failure}\n  ${replayed}\n`);
}

if (values.help) {
  print(usage);
} else {
  const profile = parseProfile(values.profile);
  process.exitCode =
    values.replay === undefined
      ? await sweep(parseCount('from', values.from), profile)
      : await replay(parseCount('replay', values.replay), profile);
}
