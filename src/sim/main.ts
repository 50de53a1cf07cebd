/** `npm run sim`: runs seeds, one after the other, and says which ones broke a rule. */
import { parseArgs } from 'node:util';
import type { Logger } from '../ports/logger.ts';
import { isProfileName, type ProfileName, profileNames } from './profiles.ts';
import { type RunReport, runSeed } from './run-seed.ts';

const usage = `npm run sim -- [--seeds 100] [--from 1] [--profile NAME] [--json]
npm run sim -- --replay SEED      runs one seed and prints what its nodes said

Profiles: ${profileNames.join(', ')}.
Exit codes: 0 every rule held; 1 a seed failed; 2 usage.`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    profile: { type: 'string', default: 'default' },
    replay: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Failures printed in full. */
const shownMax = 5;

function parseCount(name: string, text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 0) return count;
  process.stderr.write(`--${name} must be a whole number, not ${text}\n${usage}\n`);
  process.exit(2);
}

function parseProfile(name: string): ProfileName {
  if (isProfileName(name)) return name;
  process.stderr.write(`There is no profile ${name}\n${usage}\n`);
  process.exit(2);
}

function printer(name: string): Logger {
  const print = (level: string) => (message: string, fields?: object) =>
    process.stdout.write(`${name} ${level} ${message} ${JSON.stringify(fields ?? {})}\n`);
  return { debug() {}, info: print('info'), warn: print('warn'), error: print('error') };
}

function replay(seed: number, profile: ProfileName): number {
  const { failure, operations } = runSeed({ seed, profile, logger: printer });
  process.stdout.write(`seed ${seed}: ${failure ?? `held, ${operations} operations`}\n`);
  return failure === null ? 0 : 1;
}

function sweep(from: number, seeds: number, profile: ProfileName): number {
  const startedMs = performance.now();
  const total = { simulatedMs: 0, events: 0, operations: 0 };
  const faults: Record<string, number> = {};
  const failed: number[] = [];
  for (let seed = from; seed < from + seeds; seed += 1) {
    const report = runSeed({ seed, profile });
    total.simulatedMs += report.simulatedMs;
    total.events += report.events;
    total.operations += report.operations;
    for (const [fault, count] of Object.entries(report.faults)) {
      faults[fault] = (faults[fault] ?? 0) + count;
    }
    if (report.failure !== null) onFailure(report, profile, failed);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const summary = {
    profile,
    seeds,
    from,
    failed,
    simulatedHours: total.simulatedMs / 3_600_000,
    operations: total.operations,
    events: total.events,
    faults,
    seconds,
    simulatedSecondsPerSecond: total.simulatedMs / 1000 / seconds,
  };
  process.stdout.write(`${JSON.stringify(summary, null, values.json ? 0 : 2)}\n`);
  return failed.length === 0 ? 0 : 1;
}

function onFailure({ seed, failure }: RunReport, profile: ProfileName, failed: number[]): void {
  failed.push(seed);
  if (failed.length > shownMax) return;
  process.stderr.write(
    `seed ${seed} failed: ${failure}\n  npm run sim -- --replay ${seed} --profile ${profile}\n`,
  );
}

if (values.help) {
  process.stdout.write(`${usage}\n`);
} else {
  const profile = parseProfile(values.profile);
  process.exitCode =
    values.replay === undefined
      ? sweep(parseCount('from', values.from), parseCount('seeds', values.seeds), profile)
      : replay(parseCount('replay', values.replay), profile);
}
